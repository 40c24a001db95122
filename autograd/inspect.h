// Instruments: what the tape looks like, what happens on the way back, where a NaN came from, where the time goes.
#pragma once
#include "autograd/inspect/nonfinite.h"     // TraceNonFinite
#include "autograd/inspect/profile.h"       // Profile
#include "autograd/inspect/step_through.h"  // step_through
#include "autograd/inspect/tape_picture.h"  // Trace, tape_text, tape_dot, tape_html
