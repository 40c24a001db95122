// SPDX-License-Identifier: MIT
// How much the files of strangers may unpack to.
#pragma once
#include "nn/io/limits.h"
