// SPDX-License-Identifier: MIT
// A training run in one file.
#pragma once
#include "nn/io/checkpoint.h"
