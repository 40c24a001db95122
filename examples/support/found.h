// SPDX-License-Identifier: MIT
// A contact sheet of a search: a query in each row, then what was found for it.
#pragma once
#include <string>

#include "examples/support/run.h"

namespace hourglass::examples {

/// What was found for q queries: k pictures each.
struct FoundPictures {
  Tensor queries;  ///< [q, pixels], in [0, 1]
  Tensor found;    ///< [q k, pixels]: those of the first query, nearest first, then those of the next
  Tensor wrong;    ///< u8[q, k]: those that get a red frame
  Shape image;     ///< [channels, height, width]
};

/// Pictures of [n, pixels] with a frame of two pixels: red where `marked` u8[n] is not 0, else black. [n, 3, height + 4,
/// width + 4].
Tensor framed(const Tensor& pictures, const Shape& image, const Tensor& marked);

/// Draws the sheet: queries in the first column, what was found to their right.
void draw_found(Run& run, const std::string& name, const FoundPictures& pictures, const std::string& caption);

/// The sheet of test images `chosen` i64[q] and the training images that were found for each, rows i64[q, k]. Those of
/// another class get a red frame.
void draw_neighbours(Run& run, const ImageData& data, const Tensor& chosen, const Tensor& rows,
                     const std::string& caption);

/// The number of the first row of each class from 0 on that there is, at most `most` of them: i64.
Tensor first_of_each_class(const Tensor& labels, std::int64_t classes, std::int64_t most = 10);

}  // namespace hourglass::examples
