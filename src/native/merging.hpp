// Neighbouring pieces become one where a single series of as many terms says as much.
#pragma once

#include <cstddef>

#include "dispatch.hpp"

namespace faltung {

// Chebyshev series between edges; those of complex functions have two planes, real and imaginary parts.
struct MergedPieces {
    const double* edges;  // one more than pieces
    double* series;       // (planes, pieces, terms): unions take the place of their left piece
    const bool* seams;    // one for each edge: whether pieces may be joined there
    const bool* alone;    // one for each piece: whether it is joined to none
    std::ptrdiff_t pieces;
    int planes, terms;
};

// What a series is resolved to: the share of the maximum and of the integral that its last terms may have.
struct Resolution {
    double size, mass;
};

// Joins pieces round by round, the narrowest first: a seam is tried again when a neighbour has grown.
// `points` are the Chebyshev points, as many as terms, ascending, `analysis` the matrix from values there to
// coefficients, row by row. `kept`, one for each edge, is set to whether it is one still.
void merge_pieces(const MergedPieces& pieces, const double* points, const double* analysis, const Resolution& limit,
                  bool* kept, Level level);

}  // namespace faltung
