// SPDX-License-Identifier: MIT
#include "tensor/error.h"

#include <cmath>
#include <sstream>

namespace hourglass {

void Error::add_context(std::string_view where) { message_ = join(where, ": ", message_); }

namespace detail {

template <Plain T>
void write(std::ostream& out, const void* value) {
  const T& x = *static_cast<const T*>(value);
  if constexpr (std::floating_point<T>)
    if (std::isnan(x)) {  // the sign of a NaN has no meaning; streams print it
      out << "nan";
      return;
    }
  out << x;
}
void write_text(std::ostream& out, const void* text) { out << static_cast<const char*>(text); }

#define HOURGLASS_INSTANTIATE(T) template void write<T>(std::ostream&, const void*);
HOURGLASS_INSTANTIATE(bool)
HOURGLASS_INSTANTIATE(char)
HOURGLASS_INSTANTIATE(signed char)
HOURGLASS_INSTANTIATE(unsigned char)
HOURGLASS_INSTANTIATE(short)
HOURGLASS_INSTANTIATE(unsigned short)
HOURGLASS_INSTANTIATE(int)
HOURGLASS_INSTANTIATE(unsigned int)
HOURGLASS_INSTANTIATE(long)
HOURGLASS_INSTANTIATE(unsigned long)
HOURGLASS_INSTANTIATE(long long)
HOURGLASS_INSTANTIATE(unsigned long long)
HOURGLASS_INSTANTIATE(float)
HOURGLASS_INSTANTIATE(double)
HOURGLASS_INSTANTIATE(long double)
HOURGLASS_INSTANTIATE(std::string)
HOURGLASS_INSTANTIATE(std::string_view)
#undef HOURGLASS_INSTANTIATE

std::string join(std::initializer_list<Part> parts) {
  std::ostringstream out;
  for (const Part& part : parts) out << part;
  return out.str();
}

void fail(std::initializer_list<Part> parts) { throw Error(join(parts)); }

}  // namespace detail

}  // namespace hourglass
