// A fuzz target: bytes in, and a value or an Error out. Anything else is a fault.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tensor/error.h"

/// FUZZ(bytes) { parse(bytes); }
#define FUZZ(bytes)                                                                   \
  static void fuzz_one(std::string_view bytes);                                       \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    try {                                                                             \
      fuzz_one({reinterpret_cast<const char*>(data), size});                          \
    } catch (const hourglass::Error&) {                                               \
    }                                                                                 \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_one(std::string_view bytes)
