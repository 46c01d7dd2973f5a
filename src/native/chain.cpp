#include "chain.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

#include "chain_mirrored.hpp"

namespace faltung {
namespace {

// What a pass hands to the next stays in the second-level cache. Half or double makes no
// measurable difference.
constexpr std::ptrdiff_t band_bytes = 192 * 1024;
// Fewer rows share too few loads, and read the rows around them too often.
constexpr std::ptrdiff_t least_tiles = 2;
// Work for several threads, where there are rows enough.
constexpr std::ptrdiff_t usual_bands = 8;

using Axes = std::vector<Axis>;

struct Stopped {};

template <class T>
constexpr Element element_of() {
    return sizeof(T) == 4 ? Element::float32 : Element::float64;
}

bool is_batch(const Axis& axis) { return axis.is_batch(); }
bool waits(const Axis& axis) { return axis.taps > 1; }

// Every sample an output.
Axis untouched(Axis axis) {
    axis.taps = axis.stride = axis.dilation = 1;
    axis.offset = 0;
    axis.outputs = axis.length;
    return axis;
}

// Every position that the axis's own pass will read, continued beyond the edges.
Axis continued(Axis axis) {
    axis.outputs = axis.stride * (axis.outputs - 1) + axis.reach() + 1;
    axis.taps = axis.stride = axis.dilation = 1;
    return axis;
}

// What is left of the axis once its samples are those positions.
Axis interior(Axis axis) {
    axis.length = continued(axis).outputs;
    axis.offset = 0;
    return axis;
}

// What is left of an axis without a sum once its outputs are picked.
Axis picked(Axis axis) {
    axis.length = axis.outputs;
    return untouched(axis);
}

void make_contiguous(Axes& axes, std::ptrdiff_t element_size) {
    for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
        axis->step = element_size;
        element_size *= axis->length;
    }
}

// The next pass over `axes`, along the first that is no batch, in bands of outputs. Axes before it
// are walked through; those behind it wait, if they have a sum of their own.
class Pass {
public:
    struct Band {
        std::ptrdiff_t leading, first, rows;
    };

    Pass(const Axes& axes, std::size_t first_factor, std::ptrdiff_t tile_rows, std::ptrdiff_t element_size) {
        const auto at = std::find_if_not(axes.begin(), axes.end(), is_batch);
        const auto split = at == axes.end() ? axes.begin() : at;
        factor = first_factor + static_cast<std::size_t>(split - axes.begin());
        leading_.assign(axes.begin(), split);
        axis_ = *split;
        const auto waiting = std::count_if(split + 1, axes.end(), waits);
        is_last = waiting == 0;
        for (auto axis = split + 1; axis != axes.end(); ++axis) add_behind(*axis, waiting == 1);
        cut(tile_rows, element_size);
    }

    [[nodiscard]] std::ptrdiff_t bands() const { return count_; }
    [[nodiscard]] Band operator[](std::ptrdiff_t index) const {
        const std::ptrdiff_t first = index % in_axis_ * rows_;
        return {index / in_axis_, first, std::min(rows_, axis_.outputs - first)};
    }
    // The axes of this pass over the band.
    [[nodiscard]] Axes now(const Band& band) const {
        Axes axes{axis_};
        axes[0].offset = axis_.first_position(band.first);
        axes[0].outputs = band.rows;
        axes.insert(axes.end(), now_.begin(), now_.end());
        return axes;
    }
    // The axes of the passes after it, over its contiguous results.
    [[nodiscard]] Axes later(const Band& band, std::ptrdiff_t element_size) const {
        Axis batch;
        batch.length = batch.outputs = band.rows;
        Axes axes{batch};
        axes.insert(axes.end(), later_.begin(), later_.end());
        make_contiguous(axes, element_size);
        return axes;
    }
    // Bytes from the source's first sample to the band's batch.
    [[nodiscard]] std::ptrdiff_t source_offset(std::ptrdiff_t leading) const {
        std::ptrdiff_t bytes = 0;
        for (auto axis = leading_.rbegin(); axis != leading_.rend(); ++axis) {
            bytes += leading % axis->length * axis->step;
            leading /= axis->length;
        }
        return bytes;
    }
    [[nodiscard]] std::ptrdiff_t output_index(const Band& band) const {
        return (band.leading * axis_.outputs + band.first) * row_outputs_;
    }
    [[nodiscard]] std::ptrdiff_t samples(const Band& band) const { return band.rows * row_samples_; }
    [[nodiscard]] std::ptrdiff_t outputs(const Band& band) const { return band.rows * row_outputs_; }

    std::size_t factor;  // index of its axis in the call
    bool is_last;        // nothing waits behind

private:
    // The last pass, along the lines, reads no sample from beyond an edge: that is continued before.
    void add_behind(const Axis& axis, bool last_to_wait) {
        const bool continues = last_to_wait && waits(axis);
        now_.push_back(continues ? continued(axis) : waits(axis) ? untouched(axis) : axis);
        later_.push_back(continues ? interior(axis) : waits(axis) ? axis : picked(axis));
        row_samples_ *= now_.back().outputs;
        row_outputs_ *= axis.outputs;
    }

    void cut(std::ptrdiff_t tile_rows, std::ptrdiff_t element_size) {
        const std::ptrdiff_t least = least_tiles * tile_rows;
        const std::ptrdiff_t fitting = band_bytes / (row_samples_ * element_size);
        const std::ptrdiff_t shared = leading_.empty() ? axis_.outputs / usual_bands : axis_.outputs;
        const std::ptrdiff_t most = std::max(std::min(fitting, shared), least);
        const std::ptrdiff_t bands = (axis_.outputs + most - 1) / most;
        rows_ = round_up((axis_.outputs + bands - 1) / bands, tile_rows);
        in_axis_ = (axis_.outputs + rows_ - 1) / rows_;
        count_ = in_axis_;
        for (const Axis& axis : leading_) count_ *= axis.outputs;
    }

    Axes leading_, now_, later_;
    Axis axis_;
    std::ptrdiff_t row_samples_ = 1, row_outputs_ = 1, rows_ = 1, in_axis_ = 1, count_ = 1;
};

template <class T>
struct ChainScratch {
    std::deque<Buffer<T>> between;  // one for each depth; buffers stay where they are
    Buffer<T> term;
    GatherScratch<T> gathered;
};

template <class T>
class Chain {
public:
    Chain(const ChainCall<T>& call, int threads)
        : call_(call),
          direct_(direct_kernel_for<T>(call.level)),
          kernel_(chain_kernel_for<T>(call.level)),
          first_(call.axes, 0, tall_rows(), size),
          scratch_(static_cast<std::size_t>(threads)) {
        for (ChainScratch<T>& scratch : scratch_) scratch.between.resize(call.axes.size());
    }

    [[nodiscard]] std::ptrdiff_t bands() const { return first_.bands(); }
    [[nodiscard]] bool finite() const { return finite_; }

    void compute(std::ptrdiff_t index, ChainScratch<T>& scratch, const Interrupted& interrupted) {
        const Pass::Band band = first_[index];
        T* const to = call_.destination + first_.output_index(band);
        const std::ptrdiff_t count = first_.outputs(band);
        run_band({call_.terms[0], scratch, interrupted}, first_, band, call_.source, to, 0);
        for (std::size_t term = 1; term < call_.terms.size(); ++term) {
            T* const more = scratch.term.reserve(count);
            run_band({call_.terms[term], scratch, interrupted}, first_, band, call_.source, more, 0);
            for (std::ptrdiff_t i = 0; i < count; ++i) to[i] += more[i];
        }
        if (!kernel_.all_finite(to, count)) finite_.store(false, std::memory_order_relaxed);
    }
    ChainScratch<T>& scratch_of(int worker) { return scratch_[static_cast<std::size_t>(worker)]; }

private:
    static constexpr std::ptrdiff_t size = sizeof(T);

    [[nodiscard]] int tall_rows() const { return direct_.shapes[static_cast<int>(Tile::tall)].rows; }

    struct Term {
        const Factors<T>& factors;
        ChainScratch<T>& scratch;
        const Interrupted& interrupted;
    };

    void run_band(const Term& term, const Pass& pass, const Pass::Band& band, Source source, T* to,
                  std::size_t depth) const {
        source.data += pass.source_offset(band.leading);
        if (pass.is_last) return sum(term, pass.now(band), pass.factor, source, to);
        T* const between = term.scratch.between[depth].reserve(pass.samples(band));
        hand_on(term, pass.now(band), pass.factor, source, between);
        const Source next{reinterpret_cast<const std::byte*>(between), element_of<T>(), 1};
        follow(term, pass.later(band, size), pass.factor, next, to, depth + 1);
    }

    void follow(const Term& term, const Axes& axes, std::size_t factor, const Source& source, T* to,
                std::size_t depth) const {
        const Pass pass(axes, factor, tall_rows(), size);
        if (pass.is_last) return sum(term, axes, pass.factor, source, to);
        for (std::ptrdiff_t index = 0; index < pass.bands(); ++index) {
            const Pass::Band band = pass[index];
            run_band(term, pass, band, source, to + pass.output_index(band), depth);
        }
    }

    // A pass whose results the next one reads.
    void hand_on(const Term& term, Axes axes, std::size_t factor, const Source& source, T* to) const {
        const Geometry geometry = make_geometry(axes, kernel_.tile_columns);
        const T* const taps = term.factors[factor];
        if (!suits_mirrored(geometry, taps, kernel_)) return sum(term, std::move(axes), factor, source, to);
        run_mirrored({kernel_, geometry, source, direct_.reader(source.element), taps, to}, term.scratch.gathered);
    }

    void sum(const Term& term, Axes axes, std::size_t factor, const Source& source, T* to) const {
        const Kernel kernel{reinterpret_cast<const std::byte*>(term.factors[factor]), 1};
        const Destination destination{reinterpret_cast<std::byte*>(to), element_of<T>(), 1};
        const DirectCall<T> call{source, kernel, destination, std::move(axes), false, {}, call_.level};
        if (!direct(call, 1, term.interrupted)) throw Stopped{};
    }

    const ChainCall<T>& call_;
    const DirectKernel<T>& direct_;
    const ChainKernel<T>& kernel_;
    Pass first_;
    std::vector<ChainScratch<T>> scratch_;
    std::atomic<bool> finite_{true};
};

}  // namespace

template <class T>
ChainOutcome chain(const ChainCall<T>& call, int threads, const Interrupted& interrupted) {
    static const Interrupted never = [] { return false; };
    Chain<T> whole(call, std::max(threads, 1));
    const auto task = [&](std::ptrdiff_t index, int worker) {
        whole.compute(index, whole.scratch_of(worker), worker == 0 ? interrupted : never);
    };
    try {
        if (!parallel_for(whole.bands(), threads, task, interrupted)) return ChainOutcome::interrupted;
    } catch (const Stopped&) {
        return ChainOutcome::interrupted;
    }
    return whole.finite() ? ChainOutcome::finite : ChainOutcome::not_finite;
}

template ChainOutcome chain(const ChainCall<float>&, int, const Interrupted&);
template ChainOutcome chain(const ChainCall<double>&, int, const Interrupted&);

}  // namespace faltung
