// SPDX-License-Identifier: MIT
// Copies that rearrange: transpose a matrix, take every n-th number of a line, and put such lines together again.
#include "tensor/kernels/move.h"

#include <cstring>

#include "tensor/kernels/simd.inl"
#include "tensor/kernels/tile.inl"

namespace hourglass {
namespace {

namespace move {

template <class T>
void transpose_matrix(const T* from, std::int64_t from_step, std::int64_t rows, std::int64_t columns, T* to,
                      std::int64_t to_step) {
  constexpr std::int64_t lanes = Batch<T>::size;
  if (rows < lanes || columns < lanes) {
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = 0; i < rows; ++i) to[j * to_step + i] = from[i * from_step + j];
    return;
  }
  for (std::int64_t next = 0; next < rows; next += lanes) {
    const std::int64_t i = smaller(next, rows - lanes);
    pack_along_depth<T>({from + i * from_step, from_step, 1}, lanes, columns, to + i, to_step);
  }
}

// `Size` numbers at a time. Lines of images are short, often shorter than a register, so Size may be less than a
// register's lanes. The last piece of a line may overlap the one before it.
template <class T, int Size>
struct Piece {
  using Numbers [[gnu::vector_size(Size * sizeof(T))]] = T;
  static Numbers load(const T* from) {
    Numbers numbers;
    std::memcpy(&numbers, from, sizeof numbers);
    return numbers;
  }
  static void store(Numbers numbers, T* to) { std::memcpy(to, &numbers, sizeof numbers); }

  static void copy(const T* from, T* to) { store(load(from), to); }
  // to[j] = from[2 j]. Reads only the numbers from the first to the last.
  static void deinterleave_two(const T* from, T* to) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      store(__builtin_shufflevector(load(from), load(from + Size - 1), (J < Size / 2 ? int(2 * J) : int(2 * J + 1))...),
            to);
    }
    (std::make_index_sequence<Size>());
  }
  // to[2 j] = even[j], to[2 j + 1] = odd[j]
  static void interleave_two(const T* even, const T* odd, T* to) {
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      const Numbers a = load(even), b = load(odd);
      store(__builtin_shufflevector(a, b, (J % 2 ? int(J / 2 + Size) : int(J / 2))...), to);
      store(__builtin_shufflevector(a, b, (J % 2 ? int((J + Size) / 2 + Size) : int((J + Size) / 2))...), to + Size);
    }
    (std::make_index_sequence<Size>());
  }
};

// ---- deinterleave -------------------------------------------------------------------------------------------------

// Lines of `count` numbers, at least Size.
template <class T, int Step, int Size>
void deinterleave_pieces(const T* from, std::int64_t from_step, std::int64_t lines, std::int64_t count, T* to,
                         std::int64_t to_step) {
  const auto piece = [](const T* source, T* target) {
    if constexpr (Step == 1) Piece<T, Size>::copy(source, target);
    else Piece<T, Size>::deinterleave_two(source, target);
  };
  const std::int64_t last = count - Size;
  for (std::int64_t i = 0; i < lines; ++i, from += from_step, to += to_step) {
    for (std::int64_t j = 0; j < last; j += Size) piece(from + Step * j, to + j);
    piece(from + Step * last, to + last);
  }
}

// The step, 1 or 2, is known to the compiler.
template <class T, int Step>
void deinterleave_by(const T* from, std::int64_t from_step, std::int64_t lines, std::int64_t count, T* to,
                     std::int64_t to_step) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto by = [&]<int Size>(std::integral_constant<int, Size>) {
    if constexpr (Size <= size && Size > 1) {
      if (count < Size) return false;
      deinterleave_pieces<T, Step, Size>(from, from_step, lines, count, to, to_step);
      return true;
    }
    return false;
  };
  if (by(std::integral_constant<int, 16>()) || by(std::integral_constant<int, 8>()) ||
      by(std::integral_constant<int, 4>()) || by(std::integral_constant<int, 2>()))
    return;
  for (std::int64_t i = 0; i < lines; ++i)
    for (std::int64_t j = 0; j < count; ++j) to[i * to_step + j] = from[i * from_step + Step * j];
}

template <class T>
void deinterleave(const T* from, std::int64_t from_step, std::int64_t step, std::int64_t lines, std::int64_t count,
                  T* to, std::int64_t to_step) {
  if (step == 1 && from_step == count && to_step == count)
    return deinterleave_by<T, 1>(from, 0, 1, count * lines, to, 0);
  if (step == 1) return deinterleave_by<T, 1>(from, from_step, lines, count, to, to_step);
  if (step == 2) return deinterleave_by<T, 2>(from, from_step, lines, count, to, to_step);
  for (std::int64_t i = 0; i < lines; ++i)
    for (std::int64_t j = 0; j < count; ++j) to[i * to_step + j] = from[i * from_step + step * j];
}

// ---- interleave ---------------------------------------------------------------------------------------------------

// f(Piece, j) for pieces that cover [0, count), or rest(j) for each j if even the smallest piece is too large.
template <class T, class F, class Rest>
[[gnu::always_inline]] inline void by_pieces(std::int64_t count, const F& f, const Rest& rest) {
  constexpr int size = static_cast<int>(Batch<T>::size);
  const auto covers = [&]<int Size>(std::integral_constant<int, Size>) {
    if constexpr (Size > size || Size < 2) {
      return false;
    } else {
      if (count < Size) return false;
      for (std::int64_t j = 0; j + Size < count; j += Size) f(Piece<T, Size>(), j);
      f(Piece<T, Size>(), count - Size);
      return true;
    }
  };
  if (covers(std::integral_constant<int, size>()) || covers(std::integral_constant<int, size / 2>()) ||
      covers(std::integral_constant<int, size / 4>()))
    return;
  for (std::int64_t j = 0; j < count; ++j) rest(j);
}

template <class T>
void interleave(const T* const* from, const std::int64_t* from_step, std::int64_t step, std::int64_t lines,
                std::int64_t count, T* to, std::int64_t to_step) {
  if (step == 1) return deinterleave(from[0], from_step[0], 1, lines, count, to, to_step);
  for (std::int64_t i = 0; i < lines; ++i, to += to_step) {
    if (step == 2) {
      const T *even = from[0] + i * from_step[0], *odd = count > 1 ? from[1] + i * from_step[1] : nullptr;
      by_pieces<T>(
          count / 2, [&](auto piece, std::int64_t j) { piece.interleave_two(even + j, odd + j, to + 2 * j); },
          [&](std::int64_t j) {
            to[2 * j] = even[j];
            to[2 * j + 1] = odd[j];
          });
      if (count % 2 != 0) to[count - 1] = even[count / 2];
    } else {
      for (std::int64_t phase = 0; phase < smaller(step, count); ++phase) {
        const T* const line = from[phase] + i * from_step[phase];
        const std::int64_t numbers = (count - 1 - phase) / step + 1;
        for (std::int64_t k = 0; k < numbers; ++k) to[phase + k * step] = line[k];
      }
    }
  }
}

template <class T>
constexpr MoveKernelsOf<T> kernels_of{transpose_matrix<T>, deinterleave<T>, interleave<T>};

}  // namespace move

}  // namespace

namespace HOURGLASS_SET {
extern const MoveKernels move_kernels;
constinit const MoveKernels move_kernels{move::kernels_of<float>, move::kernels_of<double>};
}  // namespace HOURGLASS_SET

}  // namespace hourglass
