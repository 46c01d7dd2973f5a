// Roots of unity, correctly rounded, and the order in which the stages use them.
#include "transform_stages.hpp"

#include <cmath>
#include <cstdint>
#include <numbers>

namespace faltung {

struct Root {
    long double re, im;
};

Root operator*(Root a, Root b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

// e^(2πia/8n) for any a. Angles up to π/4 are products of two that come from sine and cosine in the
// widest type, so that rounding to double is correct but for rare double rounding.
class Circle {
public:
    explicit Circle(int n) : n_(n) {
        while (fine_ * fine_ < n) fine_ *= 2;
        for (int a = 0; a < fine_; ++a) near_.push_back(exact(a));
        for (int a = 0; a <= n; a += fine_) far_.push_back(exact(a));
    }

    std::int64_t turn() const { return 8 * static_cast<std::int64_t>(n_); }

    Root at(std::int64_t a) const {
        const auto octant = static_cast<int>(a / n_ % 8);
        const auto within = static_cast<int>(a % n_);
        const auto [near, far] = octant % 2 == 0 ? first_octant(within) : first_octant(n_ - within);
        switch (octant) {  // odd octants are measured back from their end
            case 0: return {near, far};
            case 1: return {far, near};
            case 2: return {-far, near};
            case 3: return {-near, far};
            case 4: return {-near, -far};
            case 5: return {-far, -near};
            case 6: return {far, -near};
            default: return {near, -far};
        }
    }

private:
    Root exact(int a) const {
        const long double angle = std::numbers::pi_v<long double> * a / (4.0L * n_);
        return {std::cos(angle), std::sin(angle)};
    }
    Root first_octant(int a) const {
        return far_[static_cast<std::size_t>(a / fine_)] * near_[static_cast<std::size_t>(a % fine_)];
    }

    int n_;
    int fine_ = 1;
    std::vector<Root> near_, far_;
};

namespace {

// Threes, and a two if need be, come first, where butterflies are many and nodes are few.
std::vector<int> radices(int n) {
    std::vector<int> found;
    for (; n % 3 == 0; n /= 3) found.push_back(3);
    bool odd = false;
    for (int rest = n; rest > 1; rest /= 2) odd = !odd;
    if (odd) {
        found.push_back(2);
        n /= 2;
    }
    for (; n > 1; n /= 4) found.push_back(4);
    return found;
}

bool has_radices(int n) {
    while (n % 3 == 0) n /= 3;
    return n > 0 && (n & (n - 1)) == 0;
}

// Angles, in parts of 8n of a turn, of the c of every node; a node's children follow one another.
std::vector<std::int64_t> children(const std::vector<std::int64_t>& angles, int radix, std::int64_t turn) {
    std::vector<std::int64_t> next;
    for (const std::int64_t angle : angles)
        for (int k = 0; k < radix; ++k) next.push_back((angle + k * turn) / radix);
    return next;
}

// Each lane has as many nodes, one after the other.
template <class T>
std::vector<T> roots_of(const std::vector<std::int64_t>& angles, int radix, const Circle& circle, int lanes) {
    const std::size_t nodes = angles.size() / static_cast<std::size_t>(lanes);
    const auto width = static_cast<std::size_t>(lanes);
    std::vector<T> roots(2 * angles.size() * static_cast<std::size_t>(radix - 1));
    std::size_t place = 0;
    for (std::size_t node = 0; node < nodes; ++node)
        for (int power = 1; power < radix; ++power, place += 2 * width)
            for (std::size_t lane = 0; lane < width; ++lane) {
                const Root root = circle.at(power * angles[lane * nodes + node] / radix);
                roots[place + lane] = static_cast<T>(root.re);
                roots[place + width + lane] = static_cast<T>(root.im);
            }
    return roots;
}

}  // namespace

template <class T>
bool Transform<T>::possible(const std::vector<int>& samples, bool is_real, int parts) {
    if (samples.empty() || parts < 1) return false;
    std::int64_t points = 1;
    for (const int n : samples) {
        if (n < 1 || n > 2 * most_points || !has_radices(n)) return false;
        points *= n;
        if (points > 2 * most_points) return false;
    }
    return samples.back() % ((is_real ? 2 : 1) * (parts > 1 ? parts * least_points_of_part : least_points)) == 0;
}

// Stages of n points along an axis, whose operands are at least `inner` apart.
template <class T>
void Transform<T>::add_stages(std::vector<Stage<T>>& stages, int n, int inner, const Circle& circle, Angles& angles,
                              int lanes) {
    const std::int64_t turn = circle.turn();
    const int columns = inner > 1 ? inner - (row_pitch() - row_points()) : 1;
    int left = n;
    for (const int radix : radices(n)) {
        left /= radix;
        roots_.push_back(roots_of<T>(angles, radix, circle, lanes));
        stages.push_back({radix, left * inner, inner, columns, roots_.back().data()});
        angles = children(angles, radix, turn);
    }
}

template <class T>
Transform<T>::Transform(const std::vector<int>& samples, bool is_real, int parts)
    : samples_(samples), is_real_(is_real), parts_(parts), points_(row_pitch()) {
    for (std::size_t axis = 0; axis + 1 < samples.size(); ++axis) points_ *= samples[axis];
    int inner = points_;
    for (std::size_t axis = 0; axis + 1 < samples.size(); ++axis) {
        inner /= samples[axis];
        Angles angles(static_cast<std::size_t>(parts), 0);  // the same in every lane
        add_stages(stages_, samples[axis], inner, Circle(samples[axis]), angles, parts);
    }
    const int n = row_points() * parts;
    const Circle circle(n);
    Angles angles{is_real ? circle.turn() / 4 : 0};
    add_stages(splitting_, parts, 1, circle, angles, 1);
    add_stages(stages_, row_points(), 1, circle, angles, parts);
}

template class Transform<float>;
template class Transform<double>;

}  // namespace faltung
