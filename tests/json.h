// SPDX-License-Identifier: MIT
// JSON that tests read. The JSON library's header takes seconds to compile, so json.cpp alone includes it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace hourglass::test {

/// A value of a document, read only. Copies are cheap and keep the document. A value of the wrong kind, a missing key
/// and text that is not JSON throw the library's exceptions.
class Json {
 public:
  static Json parse(std::string_view text);

  bool contains(std::string_view key) const;
  Json operator[](std::string_view key) const;
  Json operator[](std::size_t index) const;
  std::size_t size() const;
  std::vector<Json> items() const;
  std::vector<std::string> keys() const;

  bool is_null() const;
  bool is_string() const;
  bool is_number() const;
  bool is_integer() const;

  /// JSON has no NaN and no infinity: files write them as "nan", "inf" and "-inf".
  double number() const;
  std::int64_t integer() const;
  bool flag() const;
  std::string text() const;
  std::vector<double> numbers() const;
  std::vector<std::int64_t> integers() const;

  std::string dump() const;
  /// A copy without this key.
  Json without(std::string_view key) const;
  friend bool operator==(const Json& a, const Json& b);

 private:
  Json(std::shared_ptr<const nlohmann::json> document, const nlohmann::json* value);
  std::shared_ptr<const nlohmann::json> document_;
  const nlohmann::json* value_;  // within the document
};

}  // namespace hourglass::test
