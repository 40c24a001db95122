// SPDX-License-Identifier: MIT
// The message of an error.
#pragma once
#include <string>
#include <utility>

#include "tensor/error.h"

/// The message of the Error that f() throws, or "no error".
template <class F>
std::string error_of(F&& f) {
  try {
    std::forward<F>(f)();
  } catch (const hourglass::Error& error) {
    return error.what();
  }
  return "no error";
}
