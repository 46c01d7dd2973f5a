#include "inner_product.hpp"

#include <algorithm>

#include "buffer.hpp"
#include "channel_product_copy.hpp"

namespace faltung {
namespace {

// Filters and outputs whose operands meet in the second-level cache, and bytes of samples there.
constexpr std::ptrdiff_t most_filters_in_block = 64, most_outputs_in_block = 96;
constexpr std::ptrdiff_t most_bytes = std::ptrdiff_t{1} << 18;
// Products that are worth a task of their own, and tasks that keep some threads evenly busy.
constexpr std::ptrdiff_t products_in_task = std::ptrdiff_t{1} << 18;
constexpr std::ptrdiff_t usual_tasks = 16;

std::ptrdiff_t quotient_up(std::ptrdiff_t a, std::ptrdiff_t b) { return (a + b - 1) / b; }

// The axis as it is copied for lanes of taps: taps and outputs have changed places.
CopiedAxis copied(const Axis& axis, std::ptrdiff_t lanes) {
    Axis exchanged = axis;
    std::swap(exchanged.taps, exchanged.outputs);
    std::swap(exchanged.stride, exchanged.dilation);
    return {exchanged, lanes};
}

template <class T>
struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    Buffer<T> samples, totals;
    std::vector<const T*> filters, outputs;
};

// Consecutive stretches of a section of at most `most_steps` vectors.
struct Span {
    std::ptrdiff_t first, end;
};

template <class T>
class InnerProducts {
public:
    InnerProducts(const InnerProductCall<T>& call, int threads)
        : call_(call), kernel_(inner_product_kernel_for<T>(call.level)), scratch_(static_cast<std::size_t>(threads)) {
        for (const Axis& axis : call.axes) {
            axes_.push_back(copied(axis, &axis == &call.axes.back() ? kernel_.lanes : 1));
            taps_ *= axis.taps;
            positions_ *= axis.outputs;
        }
        in_place_ = axes_.back().step == 1 && axes_.back().phases == 1 &&
                    std::all_of(axes_.begin(), axes_.end(), [](const CopiedAxis& axis) { return axis.within; });
        lay_out();
        if (!in_place_)
            copy_.emplace_back(channel_product_kernel_for<T>(call.level), axes_, call.fill, Filled{false, false}, 0,
                               axes_[0].extent());
        const std::ptrdiff_t steps = taps_ / call.axes.back().taps * quotient_up(call.axes.back().taps, kernel_.lanes);
        section_ = std::clamp(most_steps / steps, std::ptrdiff_t{1}, call.channels);
        cut_taps();
        place_outputs();
        divide();
    }

    [[nodiscard]] std::ptrdiff_t tasks() const { return quotient_up(units(), units_in_task_); }

    void compute(std::ptrdiff_t task, int worker) {
        const std::ptrdiff_t first = task * units_in_task_, last = std::min(first + units_in_task_, units());
        for (std::ptrdiff_t unit = first; unit < last; ++unit)
            compute_unit(unit, scratch_[static_cast<std::size_t>(worker)]);
    }

    // What several tasks summed for the same outputs, in their order.
    void finish() {
        if (parts_ == 1) return;
        for (std::ptrdiff_t unit = 0; unit < units(); unit += parts_) {
            const Block block = block_of(unit);
            T* const first = partial(unit);
            for (std::ptrdiff_t part = 1; part < parts_; ++part)
                for (std::ptrdiff_t i = 0; i < most_sums(); ++i) first[i] += partial(unit + part)[i];
            write(block, first);
        }
    }

private:
    // Filters of a group with images, over a part of the sum.
    struct Block {
        std::ptrdiff_t group, filter, filters, image, images, part;
    };

    [[nodiscard]] std::ptrdiff_t blocks() const { return call_.groups * filter_blocks_ * image_blocks_; }
    [[nodiscard]] std::ptrdiff_t units() const { return blocks() * parts_; }
    [[nodiscard]] std::ptrdiff_t most_sums() const { return filters_ * images_ * positions_; }
    [[nodiscard]] T* partial(std::ptrdiff_t unit) { return partials_.data() + unit * most_sums(); }

    [[nodiscard]] Block block_of(std::ptrdiff_t unit) const {
        const std::ptrdiff_t index = unit / parts_, filter = index / image_blocks_ % filter_blocks_ * filters_;
        const std::ptrdiff_t image = index % image_blocks_ * images_;
        return {index / image_blocks_ / filter_blocks_, filter, std::min(filters_, call_.filters - filter), image,
                std::min(images_, call_.batch - image), unit % parts_};
    }

    // Steps of the axes, in a copy or in the input itself.
    void lay_out() {
        pitch_.assign(axes_.size(), 1);
        if (in_place_) {
            for (std::size_t i = 0; i < axes_.size(); ++i) pitch_[i] = axes_[i].step;
            channel_pitch_ = call_.input_channel_step;
            return;
        }
        for (std::size_t i = axes_.size() - 1; i > 0; --i) pitch_[i - 1] = pitch_[i] * axes_[i].extent();
        channel_pitch_ = pitch_[0] * axes_[0].extent() + kernel_.lanes;  // beside each other in the cache
    }

    // Stretches of all channels of a section, and how they fall into spans.
    void cut_taps() {
        const std::ptrdiff_t taps = call_.axes.back().taps, longest = most_steps * kernel_.lanes;
        for (std::ptrdiff_t channel = 0; channel < section_; ++channel)
            for (std::ptrdiff_t row = 0; row < taps_ / taps; ++row) {
                const auto [weight, sample] = start_of_row(row);
                for (std::ptrdiff_t tap = 0; tap < taps; tap += longest)
                    stretches_.push_back({channel * call_.channel_step + weight + tap,
                                          channel * channel_pitch_ + sample + tap, std::min(longest, taps - tap)});
            }
        stretches_in_channel_ = static_cast<std::ptrdiff_t>(stretches_.size()) / section_;
        std::ptrdiff_t steps = 0;
        for (std::size_t i = 0; i < stretches_.size(); ++i) {
            const std::ptrdiff_t more = quotient_up(stretches_[i].count, kernel_.lanes);
            const auto at = static_cast<std::ptrdiff_t>(i);
            if (spans_.empty() || steps + more > most_steps) {
                spans_.push_back({at, at});
                steps = 0;
            }
            spans_.back().end = at + 1;
            steps += more;
        }
    }

    struct Start {
        std::ptrdiff_t weight, sample;
    };

    // Of a row of taps along the last axis.
    [[nodiscard]] Start start_of_row(std::ptrdiff_t row) const {
        Start start{0, 0};
        for (std::size_t i = axes_.size() - 1; i-- > 0;) {
            const std::ptrdiff_t tap = row % call_.axes[i].taps;
            row /= call_.axes[i].taps;
            start.weight += tap * call_.tap_steps[i];
            start.sample += axes_[i].base(tap) * pitch_[i];
        }
        return start;
    }

    // Where each output's first sample lies in its image, and where it is written.
    void place_outputs() {
        for (std::ptrdiff_t output = 0; output < positions_; ++output) {
            std::ptrdiff_t rest = output, sample = 0, place = 0;
            for (std::size_t i = axes_.size(); i-- > 0;) {
                const std::ptrdiff_t at = rest % call_.axes[i].outputs;
                rest /= call_.axes[i].outputs;
                sample += axes_[i].offset(at) * pitch_[i];
                place += at * call_.output_steps[i];
            }
            samples_.push_back(sample);
            places_.push_back(place);
        }
    }

    void divide() {
        filters_ = quotient_up(call_.filters, quotient_up(call_.filters, most_filters_in_block));
        const std::ptrdiff_t bytes = section_ * std::abs(channel_pitch_) * std::ptrdiff_t{sizeof(T)};
        const std::ptrdiff_t fitting = in_place_ ? most_outputs_in_block : most_bytes / bytes;
        const std::ptrdiff_t most = std::min(fitting, most_outputs_in_block / positions_);
        images_ = std::clamp(most, std::ptrdiff_t{1}, call_.batch);
        images_ = quotient_up(call_.batch, quotient_up(call_.batch, images_));
        filter_blocks_ = quotient_up(call_.filters, filters_);
        image_blocks_ = quotient_up(call_.batch, images_);
        const std::ptrdiff_t sections = quotient_up(call_.channels, section_);
        parts_ = std::clamp(usual_tasks / blocks(), std::ptrdiff_t{1}, sections);
        if (parts_ > 1) partials_.resize(static_cast<std::size_t>(units() * most_sums()));
        const std::ptrdiff_t products = most_sums() * taps_ * quotient_up(call_.channels, parts_);
        units_in_task_ = std::clamp(quotient_up(products_in_task, products), std::ptrdiff_t{1},
                                    std::max<std::ptrdiff_t>(units() / usual_tasks, 1));
    }

    void compute_unit(std::ptrdiff_t unit, Scratch<T>& scratch) {
        const Block block = block_of(unit);
        T* const total = scratch.totals.reserve(2 * most_sums());
        const CompensatedSums<T> sums{total, total + most_sums()};
        std::fill_n(total, 2 * most_sums(), T{});
        const std::ptrdiff_t sections = quotient_up(call_.channels, section_);
        const std::ptrdiff_t end = (block.part + 1) * sections / parts_;
        for (std::ptrdiff_t section = block.part * sections / parts_; section < end; ++section)
            add_section(block, section * section_, sums, scratch);
        if (parts_ == 1)
            write(block, total);
        else
            std::copy_n(total, most_sums(), partial(unit));
    }

    // The channels of a group from `channel` on.
    void add_section(const Block& block, std::ptrdiff_t channel, const CompensatedSums<T>& sums, Scratch<T>& scratch) const {
        const std::ptrdiff_t channels = std::min(section_, call_.channels - channel);
        list_filters(block, channel, scratch.filters);
        const T* const end = list_outputs(block, channel, channels, scratch);
        const Operands<T> filters{scratch.filters.data(), block.filters, call_.weights_end};
        const Operands<T> outputs{scratch.outputs.data(), block.images * positions_, end};
        const std::ptrdiff_t last = channels * stretches_in_channel_;
        for (const Span& span : spans_)
            if (span.first < last)
                kernel_.add_products(stretches_.data() + span.first, std::min(span.end, last) - span.first, filters,
                                     outputs, sums);
    }

    void list_filters(const Block& block, std::ptrdiff_t channel, std::vector<const T*>& filters) const {
        filters.clear();
        const T* const first = call_.weights + channel * call_.channel_step;
        for (std::ptrdiff_t filter = 0; filter < block.filters; ++filter)
            filters.push_back(first + (block.group * call_.filters + block.filter + filter) * call_.filter_step);
    }

    // Returns the end of the memory in which they lie.
    const T* list_outputs(const Block& block, std::ptrdiff_t channel, std::ptrdiff_t channels, Scratch<T>& scratch) const {
        const T* input = call_.input + block.image * call_.input_batch_step +
                         block.group * call_.input_group_step + channel * call_.input_channel_step;
        const std::ptrdiff_t pitch = in_place_ ? call_.input_batch_step : section_ * channel_pitch_;
        const T *first = input, *end = call_.input_end;
        if (in_place_) {
            for (const CopiedAxis& axis : axes_) first += axis.sources[0];
        } else {
            const std::ptrdiff_t size = images_ * pitch + kernel_.lanes;
            T* const samples = scratch.samples.reserve(size);
            for (std::ptrdiff_t image = 0; image < block.images; ++image)
                copy_[0].run(input + image * call_.input_batch_step, {channels, call_.input_channel_step, channel_pitch_},
                         samples + image * pitch);
            first = samples;
            end = samples + size;
        }
        scratch.outputs.clear();
        for (std::ptrdiff_t image = 0; image < block.images; ++image)
            for (const std::ptrdiff_t sample : samples_) scratch.outputs.push_back(first + image * pitch + sample);
        return end;
    }

    void write(const Block& block, const T* sums) const {
        T* const out = call_.output + block.image * call_.output_batch_step +
                       (block.group * call_.filters + block.filter) * call_.output_filter_step;
        for (std::ptrdiff_t filter = 0; filter < block.filters; ++filter)
            for (std::ptrdiff_t image = 0; image < block.images; ++image)
                for (const std::ptrdiff_t place : places_)
                    out[image * call_.output_batch_step + filter * call_.output_filter_step + place] = *sums++;
    }

    const InnerProductCall<T>& call_;
    const InnerProductKernel<T>& kernel_;
    std::vector<Scratch<T>> scratch_;
    std::vector<CopiedAxis> axes_;
    std::vector<Copy<T>> copy_;  // none where samples are read in place
    std::vector<std::ptrdiff_t> pitch_, samples_, places_;
    std::vector<Stretch> stretches_;
    std::vector<Span> spans_;
    std::vector<T> partials_;
    std::ptrdiff_t taps_ = 1, positions_ = 1, channel_pitch_ = 0, section_ = 1, stretches_in_channel_ = 0;
    std::ptrdiff_t filters_ = 1, images_ = 1, filter_blocks_ = 1, image_blocks_ = 1, parts_ = 1, units_in_task_ = 1;
    bool in_place_ = false;
};

}  // namespace

template <class T>
bool inner_product(const InnerProductCall<T>& call, int threads, const Interrupted& interrupted) {
    InnerProducts<T> sums(call, std::max(threads, 1));
    const bool finished = parallel_for(
        sums.tasks(), threads, [&](std::ptrdiff_t task, int worker) { sums.compute(task, worker); }, interrupted);
    if (finished) sums.finish();
    return finished;
}

template bool inner_product(const InnerProductCall<float>&, int, const Interrupted&);
template bool inner_product(const InnerProductCall<double>&, int, const Interrupted&);

}  // namespace faltung
