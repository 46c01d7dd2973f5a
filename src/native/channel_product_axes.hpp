// The axes of a layer as its blocks are cut: those that need not be apart are one.
#pragma once

#include <vector>

#include "direct_geometry.hpp"

namespace faltung {

// Neighbouring axes without taps, whose samples and results follow each other in memory, become one:
// an image whose every output reads its own place alone is a line. `lanes`: positions in a vector. With
// more than one there are two axes at least, since blocks are cut out of the first, and lines without
// taps become rows of a vector each, if they can; a scalar is a line of one.
void arrange_axes(std::vector<Axis>& axes, std::vector<std::ptrdiff_t>& output_steps, std::ptrdiff_t lanes);

}  // namespace faltung
