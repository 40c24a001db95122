// SPDX-License-Identifier: MIT
// Files that are written whole or not at all.
#pragma once
#include "nn/io/file.h"
