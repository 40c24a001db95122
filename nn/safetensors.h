// SPDX-License-Identifier: MIT
// Tensors in safetensors files.
#pragma once
#include "nn/io/safetensors.h"
