// SPDX-License-Identifier: MIT
// Arrays in .npy and .npz files.
#pragma once
#include "nn/io/npy.h"
