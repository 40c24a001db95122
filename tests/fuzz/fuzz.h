// SPDX-License-Identifier: MIT
// A fuzz target: bytes in, and a value or an Error out, whose message is a line. Anything else is a fault.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tensor/error.h"

/// Stops the fuzzer if the file's own text could fill the screen or command a terminal.
inline void check_message(std::string_view message) {
  if (message.size() > 1000) std::abort();
  for (const char c : message)
    if ((c >= 0 && c < 32) || c == 127) std::abort();
}

/// FUZZ(bytes) { parse(bytes); }
#define FUZZ(bytes)                                                                   \
  static void fuzz_one(std::string_view bytes);                                       \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    try {                                                                             \
      fuzz_one({reinterpret_cast<const char*>(data), size});                          \
    } catch (const hourglass::Error& error) {                                         \
      check_message(error.what());                                                    \
    }                                                                                 \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(std::string_view bytes)
