// SPDX-License-Identifier: MIT
// The only file of the tests that includes the JSON library.
#include "tests/json.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace hourglass::test {

Json::Json(std::shared_ptr<const nlohmann::json> document, const nlohmann::json* value)
    : document_(std::move(document)), value_(value) {}

Json Json::parse(std::string_view text) {
  auto document = std::make_shared<const nlohmann::json>(nlohmann::json::parse(text));
  const nlohmann::json* const value = document.get();
  return {std::move(document), value};
}

bool Json::contains(std::string_view key) const { return value_->contains(std::string(key)); }
Json Json::operator[](std::string_view key) const { return {document_, &value_->at(std::string(key))}; }
Json Json::operator[](std::size_t index) const { return {document_, &value_->at(index)}; }
std::size_t Json::size() const { return value_->size(); }

std::vector<Json> Json::items() const {
  std::vector<Json> all;
  for (const nlohmann::json& item : *value_) all.push_back(Json(document_, &item));
  return all;
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> all;
  for (const auto& [key, value] : value_->items()) all.push_back(key);
  return all;
}

bool Json::is_null() const { return value_->is_null(); }
bool Json::is_string() const { return value_->is_string(); }
bool Json::is_number() const { return value_->is_number(); }
bool Json::is_integer() const { return value_->is_number_integer(); }

double Json::number() const { return is_string() ? std::stod(text()) : value_->get<double>(); }
std::int64_t Json::integer() const { return value_->get<std::int64_t>(); }
bool Json::flag() const { return value_->get<bool>(); }
std::string Json::text() const { return value_->get<std::string>(); }

std::vector<double> Json::numbers() const {
  std::vector<double> all;
  for (const Json& item : items()) all.push_back(item.number());
  return all;
}

std::vector<std::int64_t> Json::integers() const { return value_->get<std::vector<std::int64_t>>(); }

std::string Json::dump() const { return value_->dump(); }

Json Json::without(std::string_view key) const {
  nlohmann::json copy = *value_;
  copy.erase(std::string(key));
  auto document = std::make_shared<const nlohmann::json>(std::move(copy));
  const nlohmann::json* const value = document.get();
  return {std::move(document), value};
}

bool operator==(const Json& a, const Json& b) { return *a.value_ == *b.value_; }

}  // namespace hourglass::test
