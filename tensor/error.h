// One exception type and one way to raise it.
#pragma once
#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace hourglass {

/// What went wrong, as `where: op: what is wrong: every shape with its dtype (the numbers that clash)`.
/// The op writes its part; layers prepend their names while the error travels up to the caller.
class Error : public std::exception {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  /// Prepends `where: `, so that the outermost layer ends up first.
  void add_context(std::string_view where);

 private:
  std::string message_;
};

/// Writes all parts one after another.
template <class... Parts>
std::string join(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

inline void Error::add_context(std::string_view where) { message_ = join(where, ": ", message_); }

/// Throws `op: parts...`.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(std::string_view op, const Parts&... parts) {
  throw Error(join(op, ": ", parts...));
}

/// Throws `op: parts...` unless ok. Text is built only on failure.
template <class... Parts>
constexpr void check(bool ok, std::string_view op, const Parts&... parts) {
  if (!ok) [[unlikely]]
    fail(op, parts...);
}

}  // namespace hourglass
