// The stages of the transform of a tile: into which radices the length of each axis falls, and
// the roots of unity.
//
// A tile is a polynomial in one variable for each axis, known modulo z^n − c: c = 1 for a complex
// tile. A real tile of 2n samples along its last axis is packed into n complex points, the
// second half as imaginary parts: that is the polynomial modulo z^n − i, and its product with
// another is the real product modulo z^2n + 1, of which overlap-save keeps what nothing wraps into.
//
// A stage of radix R splits polynomials modulo z^Rm − c into R modulo z^m − r e^(2πik/R), r^R = c,
// until one point is left: the axes one after the other, the last one innermost. Its first stages
// may split a tile into as many parts as a vector has lanes; each lane then goes on with its part,
// by roots of its own.
#pragma once

#include <cstdint>
#include <vector>

namespace faltung {

class Circle;

template <class T>
struct Stage {
    int radix;
    int distance;    // points between the operands of a butterfly, those of later axes included
    int inner;       // points between neighbours along the axis: the distance in its last stage
    int columns;     // of those, the ones that are not left free
    const T* roots;  // r, r², … r^(radix−1) (real, imaginary) of each node, each in every lane if parts are
};

// The last axis has a multiple of this many points, for a stage of four in registers; parts have one
// of whole vectors.
inline constexpr int least_points = 4, least_points_of_part = 16;
inline constexpr int most_points = 1 << 24;

// Immutable once built.
template <class T>
class Transform {
public:
    // Lengths 2^a 3^b; those of a real tile count the samples, twice the points of its last axis.
    // `parts`: 1, or the lanes of a vector.
    Transform(const std::vector<int>& samples, bool is_real, int parts);
    Transform(const Transform&) = delete;
    Transform& operator=(const Transform&) = delete;

    const Stage<T>* stages() const { return stages_.data(); }
    const Stage<T>* splitting() const { return splitting_.data(); }  // of one point in each part
    int parts() const { return parts_; }
    const std::vector<int>& samples() const { return samples_; }
    bool is_real() const { return is_real_; }
    int row_points() const { return samples_.back() / (is_real_ ? 2 : 1) / parts_; }  // of each part
    // From row to row, in points. One is left free, lest rows of a power of two share a few sets of the cache.
    int row_pitch() const { return row_points() + (samples_.size() > 1 && parts_ == 1 ? 1 : 0); }
    int points() const { return points_; }  // of each part, free ones included

    static bool possible(const std::vector<int>& samples, bool is_real, int parts);

private:
    using Angles = std::vector<std::int64_t>;
    void add_stages(std::vector<Stage<T>>& stages, int n, int inner, const Circle& circle, Angles& angles, int lanes);

    std::vector<int> samples_;
    bool is_real_;
    int parts_, points_;
    std::vector<Stage<T>> stages_, splitting_;
    std::vector<std::vector<T>> roots_;
};

}  // namespace faltung
