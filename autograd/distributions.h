// Distributions.
#pragma once
#include "autograd/distributions/distributions.h"
