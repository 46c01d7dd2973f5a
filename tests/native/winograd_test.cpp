// Winograd's tiles on heap buffers of exactly the size that may be touched, for the sanitizers: parts
// of tiles, strips and blocks, panels of one vector, runs of channels, several threads.
#include "winograd.hpp"

#include <cmath>
#include <memory>
#include <random>

#include "check.hpp"

namespace faltung {
namespace {

std::mt19937 generator(1);

std::unique_ptr<float[]> random_values(std::ptrdiff_t count) {
    std::uniform_int_distribution<int> digit(-4, 4);  // the sums that these are compared with are exact
    auto values = std::make_unique<float[]>(static_cast<std::size_t>(count));
    for (std::ptrdiff_t i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = static_cast<float>(digit(generator));
    return values;
}

Axis axis(std::ptrdiff_t length, std::ptrdiff_t padding, Boundary boundary) {
    Axis axis;
    axis.taps = 3;
    axis.length = length;
    axis.outputs = length + 2 * padding - 2;
    axis.offset = -padding;
    axis.boundary = boundary;
    return axis;
}

struct Shape {
    std::ptrdiff_t batch, groups, channels, filters;  // of each group
    Axis row, column;
};

class Layer {
public:
    explicit Layer(const Shape& shape)
        : s_(shape),
          x_(random_values(s_.batch * s_.groups * s_.channels * plane())),
          w_(random_values(s_.groups * s_.filters * s_.channels * 9)) {
        s_.row.step = s_.column.length;
        s_.column.step = 1;
    }

    void compare(Level level, int tile, int threads) const {
        const auto never = [] { return false; };
        const WinogradWeights weights({w_.get(), s_.groups, s_.filters, s_.channels}, tile, level, threads, never);
        const std::ptrdiff_t outputs = s_.row.outputs * s_.column.outputs, filters = s_.groups * s_.filters;
        const auto y = std::make_unique<float[]>(static_cast<std::size_t>(s_.batch * filters * outputs));
        const WinogradCall call{weights, tile == 2 ? 16 : 64, s_.batch, s_.row, s_.column, x_.get(), s_.groups * s_.channels * plane(),
                                plane(), 0.0F, y.get(), filters * outputs, outputs, s_.column.outputs, 1};
        const WinogradOutcome outcome = winograd(call, threads, never);
        check(outcome.finished && outcome.strange.empty(), "finished, all finite");
        float error = 0;
        for (std::ptrdiff_t i = 0; i < s_.batch * filters * outputs; ++i)
            error = std::max(error, std::fabs(y[static_cast<std::size_t>(i)] -
                                              by_definition(i / outputs / filters, i / outputs % filters, i % outputs)));
        // The norms of a tile and of a kernel, times the larger bound.
        const auto samples = static_cast<float>(36 * s_.channels), taps = static_cast<float>(9 * s_.channels);
        check(error <= 2e-4F * 16 * std::sqrt(samples * taps),
              std::to_string(s_.groups) + " x " + std::to_string(s_.channels) + " channels, " +
                  std::to_string(s_.filters) + " filters, " + std::to_string(s_.row.outputs) + " x " +
                  std::to_string(s_.column.outputs) + " outputs, tiles of " + std::to_string(tile) + ", level " +
                  std::to_string(static_cast<int>(level)) + ": error " + std::to_string(error));
    }

private:
    [[nodiscard]] std::ptrdiff_t plane() const { return s_.row.length * s_.column.length; }

    [[nodiscard]] float by_definition(std::ptrdiff_t b, std::ptrdiff_t o, std::ptrdiff_t p) const {
        float sum = 0;
        for (std::ptrdiff_t c = 0; c < s_.channels; ++c)
            for (std::ptrdiff_t k = 0; k < 9; ++k) {
                const std::ptrdiff_t i = source_index(
                    s_.row.boundary, s_.row.first_position(p / s_.column.outputs) + k / 3, s_.row.length);
                const std::ptrdiff_t j = source_index(
                    s_.column.boundary, s_.column.first_position(p % s_.column.outputs) + k % 3, s_.column.length);
                if (i < 0 || j < 0) continue;
                const std::ptrdiff_t channel = (b * s_.groups + o / s_.filters) * s_.channels + c;
                sum += x_[static_cast<std::size_t>((channel * s_.row.length + i) * s_.column.length + j)] *
                       w_[static_cast<std::size_t>((o * s_.channels + c) * 9 + k)];
            }
        return sum;
    }

    Shape s_;
    std::unique_ptr<float[]> x_, w_;
};

// The widest level is compiled here for the instructions of the one before it.
void compare(const Shape& shape) {
    const Layer layer(shape);
    for (std::size_t i = 0; i < level_names.size(); ++i)
        if (i == 0 || supported(static_cast<Level>(std::min(i, std::size_t{1}))))
            for (const int tile : {2, 4}) layer.compare(static_cast<Level>(i), tile, 1 + static_cast<int>(i % 2));
}

void layers() {
    for (const std::ptrdiff_t filters : {1, 9, 34})
        for (const std::ptrdiff_t length : {1, 2, 5, 8, 13})
            compare({2, 2, 3, filters, axis(length, 1, Boundary::constant), axis(length + 1, 1, Boundary::constant)});
    for (const Boundary boundary : {Boundary::edge, Boundary::reflect, Boundary::symmetric, Boundary::wrap})
        compare({1, 1, 2, 5, axis(7, 3, boundary), axis(6, 2, boundary)});
    compare({1, 1, 3, 4, axis(5, 0, Boundary::constant), axis(420, 0, Boundary::constant)});
    compare({3, 1, 20, 8, axis(60, 1, Boundary::constant), axis(10, 1, Boundary::constant)});
    compare({1, 1, 150, 40, axis(9, 1, Boundary::constant), axis(9, 1, Boundary::constant)});
}

void strange_samples() {
    const auto never = [] { return false; };
    const auto x = random_values(8 * 12), w = random_values(9);
    x[5 * 12 + 11] = INFINITY;
    const WinogradWeights weights({w.get(), 1, 1, 1}, 4, Level{}, 1, never);
    const auto y = std::make_unique<float[]>(8 * 12);
    Axis row = axis(8, 1, Boundary::constant), column = axis(12, 1, Boundary::constant);
    row.step = 12;
    column.step = 1;
    const WinogradCall call{weights, 16, 1, row, column, x.get(), 96, 96, 0.0F, y.get(), 96, 96, 12, 1};
    check(winograd(call, 1, never).strange == std::vector<std::ptrdiff_t>{5}, "the tile of an infinite sample is named");
}

}  // namespace
}  // namespace faltung

int main() {
    faltung::layers();
    faltung::strange_samples();
    return report();
}
