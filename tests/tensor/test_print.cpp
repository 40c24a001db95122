// SPDX-License-Identifier: MIT
// Tensors print as NumPy prints arrays: the wanted strings are NumPy's own.
#include <cmath>
#include <sstream>

#include <doctest/doctest.h>

#include "tensor/ops.h"
#include "tests/numbers.h"

using namespace hourglass;
using test::kInfinity;
using test::kNan;

namespace {

std::string f32(std::initializer_list<float> values) { return to_string(Tensor::from(values)); }
std::string f64(std::initializer_list<double> values) { return to_string(Tensor::from(values)); }

}  // namespace

TEST_CASE("columns have one width, with aligned points") {
  CHECK(to_string(Tensor::from<float>({1, 2, 3, 4}, {2, 2})) == "[[1. 2.]\n [3. 4.]]");
  CHECK(f32({0.1F, -2.5F, 3.14159274F}) == "[ 0.1       -2.5        3.1415927]");
  CHECK(f64({1.0 / 3, 1e-3}) == "[0.33333333 0.001     ]");
  CHECK(f64({-0.0, 5}) == "[-0.  5.]");
  CHECK(to_string(Tensor::from<std::uint8_t>({1, 2, 3, 4}, {2, 1, 2})) == "[[[1 2]]\n\n [[3 4]]]");
  CHECK(to_string(Tensor::from<std::int64_t>({-5, 100, 7})) == "[ -5 100   7]");
}

TEST_CASE("very large, very small and very different numbers are written with exponents") {
  CHECK(f32({1e8F, 1}) == "[1.e+08 1.e+00]");
  CHECK(f32({1e-5F, 1}) == "[1.e-05 1.e+00]");
  CHECK(f32({0.001F, 2}) == "[1.e-03 2.e+00]");
  CHECK(f64({1e-300, 1e300}) == "[1.e-300 1.e+300]");
  CHECK(f32({99999992.0F}) == "[99999992.]");
  CHECK(f64({1e16}) == "[1.e+16]");
}

TEST_CASE("NaN and infinities are aligned with the numbers") {
  CHECK(f32({static_cast<float>(kNan), static_cast<float>(kInfinity), -static_cast<float>(kInfinity), 1.5F}) ==
        "[ nan  inf -inf  1.5]");
  CHECK(f64({kNan, 1}) == "[nan  1.]");
}

TEST_CASE("lines break after 75 columns") {
  CHECK(to_string(to(arange(30), Dtype::f32) / 7) ==
        "[0.         0.14285715 0.2857143  0.42857143 0.5714286  0.71428573\n"
        " 0.85714287 1.         1.1428572  1.2857143  1.4285715  1.5714285\n"
        " 1.7142857  1.8571428  2.         2.142857   2.2857144  2.4285715\n"
        " 2.5714285  2.7142856  2.857143   3.         3.142857   3.2857144\n"
        " 3.4285715  3.5714285  3.7142856  3.857143   4.         4.142857  ]");
}

TEST_CASE("of more than 1000 elements, three at either end of each axis are shown") {
  CHECK(to_string(arange(1001)) == "[   0    1    2 ...  998  999 1000]");
  CHECK(to_string(reshape(arange(2000), {2, 20, 50})) ==
        "[[[   0    1    2 ...   47   48   49]\n"
        "  [  50   51   52 ...   97   98   99]\n"
        "  [ 100  101  102 ...  147  148  149]\n"
        "  ...\n"
        "  [ 850  851  852 ...  897  898  899]\n"
        "  [ 900  901  902 ...  947  948  949]\n"
        "  [ 950  951  952 ...  997  998  999]]\n"
        "\n"
        " [[1000 1001 1002 ... 1047 1048 1049]\n"
        "  [1050 1051 1052 ... 1097 1098 1099]\n"
        "  [1100 1101 1102 ... 1147 1148 1149]\n"
        "  ...\n"
        "  [1850 1851 1852 ... 1897 1898 1899]\n"
        "  [1900 1901 1902 ... 1947 1948 1949]\n"
        "  [1950 1951 1952 ... 1997 1998 1999]]]");
}

TEST_CASE("a 0-d tensor is written without brackets, and an empty tensor as []") {
  CHECK(to_string(scalar(0.1F)) == "0.1");
  CHECK(to_string(scalar(2)) == "2.0");
  CHECK(to_string(scalar(1e16, Dtype::f64)) == "1e+16");
  CHECK(to_string(scalar(1e-5, Dtype::f64)) == "1e-05");
  CHECK(to_string(scalar(99999992)) == "99999990.0");
  CHECK(to_string(scalar(-kInfinity)) == "-inf");
  CHECK(to_string(scalar(7, Dtype::i64)) == "7");
  CHECK(to_string(zeros({0})) == "[]");
  CHECK(to_string(zeros({3, 0})) == "[]");
}

TEST_CASE("views print their own elements") {
  std::ostringstream out;
  out << transpose(reshape(arange(6), {2, 3})) << '\n' << flip(arange(3), {0}) << '\n' << expand(scalar(1), {2, 2});
  CHECK(out.str() == "[[0 3]\n [1 4]\n [2 5]]\n[2 1 0]\n[[1. 1.]\n [1. 1.]]");
}
