#include "all_headers.h"

using namespace hourglass;

int main() {
  const Var x = variable(scalar(3, Dtype::f64));
  return grad(x * x, x).item() == 6 ? 0 : 1;
}
