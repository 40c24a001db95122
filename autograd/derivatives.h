// Derivatives of functions: products with the Jacobian, whole Jacobians and Hessians, and the size of a Jacobian.
#pragma once
#include "autograd/derivatives/derivatives.h"
