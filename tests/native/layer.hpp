// A layer of small integers on heap buffers of exactly the size that may be touched, and its sums by definition.
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "boundary.hpp"
#include "check.hpp"
#include "direct_geometry.hpp"
#include "dispatch.hpp"

namespace faltung {

inline std::mt19937 generator(1);

template <class T>
std::unique_ptr<T[]> random_values(std::ptrdiff_t count) {
    std::uniform_int_distribution<int> digit(-4, 4);  // small integers: every order of sums is exact
    auto values = std::make_unique<T[]>(static_cast<std::size_t>(count));
    for (std::ptrdiff_t i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = static_cast<T>(digit(generator));
    return values;
}

struct Shape {
    std::ptrdiff_t batch, groups, channels, filters;  // of each group
    Axis row, column;
};

template <class T>
struct Layer {
    explicit Layer(const Shape& shape)
        : s(shape), x(random_values<T>(samples())), w(random_values<T>(s.groups * s.filters * terms())) {
        s.row.step = s.column.length;
        s.column.step = 1;
    }

    [[nodiscard]] std::ptrdiff_t plane() const { return s.row.length * s.column.length; }
    [[nodiscard]] std::ptrdiff_t samples() const { return s.batch * s.groups * s.channels * plane(); }
    [[nodiscard]] std::ptrdiff_t taps() const { return s.row.taps * s.column.taps; }
    [[nodiscard]] std::ptrdiff_t terms() const { return s.channels * taps(); }
    [[nodiscard]] std::ptrdiff_t outputs() const { return s.row.outputs * s.column.outputs; }
    [[nodiscard]] std::ptrdiff_t filters() const { return s.groups * s.filters; }

    // What compute(y) writes, beside the definition.
    template <class Compute>
    void compare(const Compute& compute, const std::string& how) const {
        const auto y = std::make_unique<T[]>(static_cast<std::size_t>(s.batch * filters() * outputs()));
        check(compute(y.get()), "finished");
        bool same = true;
        for (std::ptrdiff_t i = 0; i < s.batch * filters() * outputs(); ++i)
            same &= y[static_cast<std::size_t>(i)] ==
                    by_definition(i / outputs() / filters(), i / outputs() % filters(), i % outputs());
        check(same, std::to_string(s.groups) + " x " + std::to_string(s.channels) + " channels, " +
                        std::to_string(s.filters) + " filters, " + std::to_string(s.row.outputs) + " x " +
                        std::to_string(s.column.outputs) + " outputs, taps " + std::to_string(s.column.taps) + ", " + how);
    }

    [[nodiscard]] T by_definition(std::ptrdiff_t b, std::ptrdiff_t o, std::ptrdiff_t p) const {
        T sum{};
        for (std::ptrdiff_t c = 0; c < s.channels; ++c)
            for (std::ptrdiff_t k = 0; k < taps(); ++k) {
                const std::ptrdiff_t i = source(s.row, p / s.column.outputs, k / s.column.taps);
                const std::ptrdiff_t j = source(s.column, p % s.column.outputs, k % s.column.taps);
                if (i < 0 || j < 0) continue;
                const std::ptrdiff_t channel = (b * s.groups + o / s.filters) * s.channels + c;
                sum += x[static_cast<std::size_t>((channel * s.row.length + i) * s.column.length + j)] *
                       w[static_cast<std::size_t>(o * terms() + c * taps() + k)];
            }
        return sum;
    }

    [[nodiscard]] static std::ptrdiff_t source(const Axis& axis, std::ptrdiff_t output, std::ptrdiff_t tap) {
        return source_index(axis.boundary, axis.first_position(output) + tap * axis.dilation, axis.length);
    }

    Shape s;
    std::unique_ptr<T[]> x, w;
};

// The widest level is compiled here for the instructions of the one before it.
template <class Call>
void on_each_level(const Call& call) {
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (i == 0 || supported(static_cast<Level>(std::min(i, std::size_t{1}))))
            call(static_cast<Level>(i), 1 + static_cast<int>(i % 2));
}

inline std::string named(Level level) { return "level " + std::to_string(static_cast<int>(level)); }

}  // namespace faltung
