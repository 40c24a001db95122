// SPDX-License-Identifier: MIT
// Instruments: pictures of the tape, the walk back step by step, the origin of a NaN, the time of each op.
#pragma once
#include "autograd/inspect/nonfinite.h"     // TraceNonFinite
#include "autograd/inspect/profile.h"       // Profile
#include "autograd/inspect/step_through.h"  // step_through
#include "autograd/inspect/tape_picture.h"  // tape_text, tape_dot, tape_html
#include "autograd/inspect/trace.h"         // Trace
