// Instruments: what the tape looks like, what happens on the way back, where a NaN came from, where the time goes.
#pragma once
#include "autograd/nonfinite.h"     // TraceNonFinite
#include "autograd/profile.h"       // Profile
#include "autograd/step_through.h"  // step_through
#include "autograd/tape_picture.h"  // Trace, tape_text, tape_dot, tape_html
