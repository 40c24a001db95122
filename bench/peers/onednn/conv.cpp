// SPDX-License-Identifier: MIT
// The same work as ../../conv.cpp in oneDNN, with all data already in the memory format that the
// library prefers.
#include <string>
#include <unordered_map>

#include <benchmark/benchmark.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "bench/conv_shapes.h"

using namespace hourglass;

namespace {

using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;

dnnl::memory memory_of(const Desc& desc, const dnnl::engine& engine) {
  dnnl::memory memory(desc, engine);
  float* const numbers = static_cast<float*>(memory.get_data_handle());
  for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i)
    numbers[i] = static_cast<float>((37 * i + 11) % 19) / 8 - 1;
  return memory;
}

// The three primitives are those of dnnl::convolution or dnnl::deconvolution.
template <class Forward, class BackwardData, class BackwardWeights>
void run(benchmark::State& state, const bench::ConvShape& s, const std::string& product, dnnl::algorithm algorithm) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto any = [](const Dims& dims) {
    return Desc(dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  };
  const Desc x = any({s.batch, s.in, s.extent, s.extent}), y = any({s.batch, s.out, s.result(), s.result()});
  const Desc w = any({s.out, s.in, s.kernel, s.kernel});
  const Desc b({s.out}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  const Dims strides{s.stride, s.stride}, before{s.padding, s.padding};
  const Dims after{s.padding - s.left_over(), s.padding - s.left_over()};
  const typename Forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, algorithm, x, w, b, y, strides, before, after}, engine);
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> arguments;
  if (product == "forward") {
    primitive = Forward(forward);
    arguments = {{DNNL_ARG_SRC, memory_of(forward.src_desc(), engine)},
                 {DNNL_ARG_WEIGHTS, memory_of(forward.weights_desc(), engine)},
                 {DNNL_ARG_BIAS, memory_of(forward.bias_desc(), engine)},
                 {DNNL_ARG_DST, memory_of(forward.dst_desc(), engine)}};
  } else if (product == "dx") {
    const typename BackwardData::primitive_desc desc({algorithm, x, w, y, strides, before, after}, engine, forward);
    primitive = BackwardData(desc);
    arguments = {{DNNL_ARG_DIFF_DST, memory_of(desc.diff_dst_desc(), engine)},
                 {DNNL_ARG_WEIGHTS, memory_of(desc.weights_desc(), engine)},
                 {DNNL_ARG_DIFF_SRC, memory_of(desc.diff_src_desc(), engine)}};
  } else {
    const typename BackwardWeights::primitive_desc desc({algorithm, x, w, y, strides, before, after}, engine, forward);
    primitive = BackwardWeights(desc);
    arguments = {{DNNL_ARG_SRC, memory_of(desc.src_desc(), engine)},
                 {DNNL_ARG_DIFF_DST, memory_of(desc.diff_dst_desc(), engine)},
                 {DNNL_ARG_DIFF_WEIGHTS, memory_of(desc.diff_weights_desc(), engine)}};
  }
  for (auto _ : state) {
    primitive.execute(stream, arguments);
    stream.wait();
  }
}

const bool registered = bench::register_convolutions(
    [](benchmark::State& state, const bench::ConvShape& s, const std::string& product, int threads) {
      omp_set_num_threads(threads);
      if (s.transposed)
        run<dnnl::deconvolution_forward, dnnl::deconvolution_backward_data, dnnl::deconvolution_backward_weights>(
            state, s, product, dnnl::algorithm::deconvolution_direct);
      else
        run<dnnl::convolution_forward, dnnl::convolution_backward_data, dnnl::convolution_backward_weights>(
            state, s, product, dnnl::algorithm::convolution_direct);
    });

}  // namespace
