#include "winograd.hpp"

#include <algorithm>
#include <cmath>

#include "winograd_tiles.hpp"

namespace faltung {
namespace {

struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    Buffer<float> lines, separated, samples, sums, run, lost, outputs;
    std::vector<std::ptrdiff_t> bases, strange;
    std::ptrdiff_t transformed = -1;  // which block of which group lies in `samples`
};

class Layer {
public:
    Layer(const WinogradCall& call, int threads)
        : call_(call),
          weights_(call.weights),
          transforms_(winograd_kernel_for(weights_.level(), weights_.outputs())),
          products_(channel_product_kernel_for<float>(weights_.level())),
          tiles_(call.row, call.column, call.batch, weights_.channels(), weights_.outputs()),
          lines_(products_, call.row, call.column, tiles_.tiles_in_strip(), weights_.outputs(), call.fill),
          line_(round_up(weights_.channels() * (tiles_.tiles_in_strip() + 1), products_.lanes)),
          scratch_(static_cast<std::size_t>(threads)) {
        for (std::ptrdiff_t f = 0; f < 2 * products_.lanes; ++f) filter_places_.push_back(f * call_.output_filter_step);
        for (std::ptrdiff_t c = 0; c < weights_.channels(); ++c) offsets_.push_back(c * (tiles_.tiles_in_strip() + 1));
        for (const int vectors : {1, 2})
            for (std::ptrdiff_t t = 0; t < tiles_.most(); ++t) places_[vectors - 1].push_back(t * vectors * products_.lanes);
        const std::ptrdiff_t wholes = weights_.groups() * tiles_.blocks(), panels = weights_.panels();
        const std::ptrdiff_t wanted = std::clamp((usual_tasks + wholes - 1) / wholes, std::ptrdiff_t{1}, panels);
        panels_in_share_ = (panels + wanted - 1) / wanted;
        shares_ = (panels + panels_in_share_ - 1) / panels_in_share_;
    }

    // A task is a share of the filters over a block of a group's tiles.
    [[nodiscard]] std::ptrdiff_t tasks() const { return weights_.groups() * tiles_.blocks() * shares_; }

    void compute(std::ptrdiff_t task, int worker) {
        Scratch& scratch = scratch_[static_cast<std::size_t>(worker)];
        const std::ptrdiff_t index = task / shares_, group = index / tiles_.blocks();
        const auto strips = tiles_.block(index % tiles_.blocks());
        if (scratch.transformed != index) transform_samples(strips, group, scratch);
        scratch.transformed = index;
        const std::ptrdiff_t first = task % shares_ * panels_in_share_;
        const std::ptrdiff_t last = std::min(first + panels_in_share_, weights_.panels());
        for (std::ptrdiff_t panel = first; panel < last; ++panel) {
            sum(group, weights_.panel(panel), scratch);
            write(strips, group, weights_.panel(panel), scratch);
        }
    }

    [[nodiscard]] std::vector<std::ptrdiff_t> strange() const {
        std::vector<std::ptrdiff_t> all;
        for (const Scratch& scratch : scratch_) all.insert(all.end(), scratch.strange.begin(), scratch.strange.end());
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }

private:
    // Tasks that keep some threads evenly busy.
    static constexpr std::ptrdiff_t usual_tasks = 16;

    [[nodiscard]] std::ptrdiff_t points() const { return std::ptrdiff_t{transforms_.points} * transforms_.points; }

    // From one point of the plane to the next.
    [[nodiscard]] std::ptrdiff_t samples_apart() const { return tiles_.strips_in_block() * line_; }
    [[nodiscard]] std::ptrdiff_t sums_apart() const { return tiles_.most() * weights_.panel(0).width; }

    void transform_samples(const TileStrips& strips, std::ptrdiff_t group, Scratch& scratch) const {
        const std::ptrdiff_t line = line_ * transforms_.outputs;
        float* const lines = scratch.lines.reserve(transforms_.points * line);
        float* const separated = scratch.separated.reserve(transforms_.points * line + 1);
        float* const samples = scratch.samples.reserve(points() * samples_apart());
        scratch.bases.clear();
        for (std::ptrdiff_t i = 0; i < strips.count; ++i) {
            const Strip strip = tiles_.strip(strips.first + i);
            const float* const image = call_.input + strip.image * call_.input_batch_step +
                                       group * weights_.channels() * call_.input_channel_step;
            lines_.copy(strip, image, call_.input_channel_step, weights_.channels(), lines, line);
            transforms_.transform_samples(lines, line, line_, separated, samples + i * line_, samples_apart());
            for (std::ptrdiff_t t = 0; t < strip.tiles; ++t) scratch.bases.push_back(i * line_ + t);
        }
    }

    // The sums over the channels at each point, for one panel.
    void sum(std::ptrdiff_t group, const WinogradPanel& panel, Scratch& scratch) const {
        const auto tiles = static_cast<std::ptrdiff_t>(scratch.bases.size());
        float* const sums = scratch.sums.reserve(points() * sums_apart());
        const float* weights = weights_.weights(group, panel);
        const float* samples = scratch.samples.reserve(0);
        for (std::ptrdiff_t point = 0; point < points(); ++point) {
            const Positions<float> positions{samples + point * samples_apart(), scratch.bases.data(), tiles};
            sum_point(weights, positions, panel, sums + point * sums_apart(), scratch);
            weights += weights_.channels() * panel.width;
        }
    }

    void sum_point(const float* weights, const Positions<float>& positions, const WinogradPanel& panel, float* sums,
                   Scratch& scratch) const {
        const std::ptrdiff_t channels = weights_.channels(), size = positions.count * panel.width;
        sum_run(weights, 0, positions, panel, sums);
        if (channels <= winograd_run) return;
        float *const run = scratch.run.reserve(size), *const lost = scratch.lost.reserve(size);
        std::fill_n(lost, size, 0.0F);
        for (std::ptrdiff_t first = winograd_run; first < channels; first += winograd_run) {
            sum_run(weights, first, positions, panel, run);
            products_.add_compensated(run, sums, lost, size);
        }
    }

    void sum_run(const float* weights, std::ptrdiff_t first, const Positions<float>& positions,
                 const WinogradPanel& panel, float* sums) const {
        const std::ptrdiff_t count = std::min(winograd_run, weights_.channels() - first);
        const Terms<float> terms{weights + first * panel.width, offsets_.data() + first, count, call_.block, weights_.far()};
        const int vectors = panel.width / products_.lanes;
        products_.filters_in_lanes(terms, positions, vectors, false, {sums, places_[vectors - 1].data(), products_.lanes});
    }

    void write(const TileStrips& strips, std::ptrdiff_t group, const WinogradPanel& panel, Scratch& scratch) const {
        const std::ptrdiff_t m = transforms_.outputs, line = tiles_.most() * m * panel.width;
        float* const outputs = scratch.outputs.reserve(m * line);
        const float* sums = scratch.sums.reserve(0);
        float* const to = call_.output + (group * weights_.filters() + panel.first) * call_.output_filter_step;
        for (std::ptrdiff_t i = 0; i < strips.count; ++i) {
            const Strip strip = tiles_.strip(strips.first + i);
            if (!transforms_.transform_sums(sums, sums_apart(), panel.width, strip.tiles, outputs, line))
                note_strange(strip, panel, outputs, line, scratch);
            float* const first = to + strip.image * call_.output_batch_step + strip.row * m * call_.output_row_step +
                                 strip.column * m * call_.output_column_step;
            const std::ptrdiff_t rows = std::min(m, call_.row.outputs - strip.row * m);
            const std::ptrdiff_t columns = std::min(strip.tiles * m, call_.column.outputs - strip.column * m);
            for (std::ptrdiff_t row = 0; row < rows; ++row)
                products_.spread({outputs + row * line, 1, panel.width, columns}, panel.count,
                                 first + row * call_.output_row_step, filter_places_.data(), call_.output_column_step);
            sums += strip.tiles * panel.width;
        }
    }

    void note_strange(const Strip& strip, const WinogradPanel& panel, const float* outputs, std::ptrdiff_t line,
                      Scratch& scratch) const {
        const std::ptrdiff_t m = transforms_.outputs, size = m * panel.width;
        for (std::ptrdiff_t tile = 0; tile < strip.tiles; ++tile)
            for (std::ptrdiff_t row = 0; row < m; ++row) {
                const float* const from = outputs + row * line + tile * size;
                if (std::all_of(from, from + size, [](float y) { return std::isfinite(y); })) continue;
                scratch.strange.push_back(tiles_.index(strip) + tile);
                break;
            }
    }

    const WinogradCall& call_;
    const WinogradWeights& weights_;
    const WinogradKernel& transforms_;
    const ChannelProductKernel<float>& products_;
    WinogradTiles tiles_;
    WinogradLines lines_;
    std::ptrdiff_t line_;  // tiles of a strip, those of all channels side by side
    std::vector<std::ptrdiff_t> offsets_, places_[2];  // places in panels of one vector and of two
    std::vector<std::ptrdiff_t> filter_places_;        // of a panel
    std::vector<Scratch> scratch_;
    std::ptrdiff_t shares_, panels_in_share_;
};

}  // namespace

WinogradOutcome winograd(const WinogradCall& call, int threads, const Interrupted& interrupted) {
    Layer layer(call, std::max(threads, 1));
    const bool finished = parallel_for(
        layer.tasks(), threads, [&](std::ptrdiff_t task, int worker) { layer.compute(task, worker); }, interrupted);
    return {finished, layer.strange()};
}

}  // namespace faltung
