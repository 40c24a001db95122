// SPDX-License-Identifier: MIT
// A small font for the labels in pictures.
#pragma once
#include <cstdint>
#include <string_view>

#include "examples/support/png.h"

namespace hourglass::examples {

/// Letters 5 pixels wide and 9 high (7 above the baseline), each pixel a square of side `scale`. Text is UTF-8: ASCII
/// and a few signs (σ β λ ρ ε µ × ±). Other characters are drawn as a box.
int text_width(std::string_view text, int scale);
int text_height(int scale);

/// Writes at (left, top) in the given brightness. Pixels outside of the image are skipped.
void draw_text(Image& image, int left, int top, std::string_view text, std::uint8_t brightness, int scale);

}  // namespace hourglass::examples
