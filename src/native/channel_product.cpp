#include "channel_product.hpp"

#include <algorithm>
#include <cstring>

#include "channel_product_blocks.hpp"

namespace faltung {
namespace {

// So many block sums are added one after another, before they are added to the whole with
// compensation: together with the first 128 products, the bound holds for sums of any length.
constexpr std::ptrdiff_t terms_in_run = 8 * most_terms;
// Products that are worth a task of their own, and tasks that keep some threads evenly busy.
constexpr std::ptrdiff_t products_in_task = std::ptrdiff_t{1} << 21;
constexpr std::ptrdiff_t usual_tasks = 16;

// Samples of one line or plane or volume, as a block of outputs reads them.
template <class T>
class Copy {
public:
    Copy(const std::vector<CopiedAxis>& axes, T fill) : axes_(axes), fill_(fill), pitch_(axes.size()) {}

    // Rows first, first + 1, ... of the first axis, `rows` of them.
    T* run(const T* from, std::ptrdiff_t first, std::ptrdiff_t rows, T* to) const {
        return copy(0, from, first, rows, to);
    }

private:
    // Both return where the copy ends.
    T* copy(std::size_t i, const T* from, std::ptrdiff_t first, std::ptrdiff_t count, T* to) const {
        if (i + 1 == axes_.size()) return copy_line(from, first, count, to);
        const CopiedAxis& next = axes_[i + 1];
        const std::ptrdiff_t extent = next.reach(next.outputs);
        for (std::ptrdiff_t row = first; row < first + count; ++row) {
            const std::ptrdiff_t source = axes_[i].sources[static_cast<std::size_t>(row)];
            to = source == absent ? fill(i + 1, to) : copy(i + 1, from + source, 0, extent, to);
        }
        return to;
    }

    T* copy_line(const T* from, std::ptrdiff_t first, std::ptrdiff_t count, T* to) const {
        const CopiedAxis& axis = axes_.back();
        const std::ptrdiff_t end = first + count;
        const std::ptrdiff_t inside = std::clamp(axis.inside_from, first, end);
        const std::ptrdiff_t after = std::clamp(axis.inside_to, inside, end);
        to = copy_beyond(from, first, inside, to);
        if (inside < after) to = copy_inside(from + axis.sources[static_cast<std::size_t>(inside)], after - inside, to);
        return copy_beyond(from, after, end, to);
    }

    T* copy_beyond(const T* from, std::ptrdiff_t first, std::ptrdiff_t end, T* to) const {
        for (std::ptrdiff_t i = first; i < end; ++i) {
            const std::ptrdiff_t source = axes_.back().sources[static_cast<std::size_t>(i)];
            *to++ = source == absent ? fill_ : from[source];
        }
        return to;
    }

    T* copy_inside(const T* from, std::ptrdiff_t count, T* to) const {
        const std::ptrdiff_t step = axes_.back().step;
        if (step == 1)
            std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(T));
        else
            for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = from[i * step];
        return to + count;
    }

    T* fill(std::size_t i, T* to) const {
        std::ptrdiff_t count = 1;
        for (; i < axes_.size(); ++i) count *= axes_[i].reach(axes_[i].outputs);
        return std::fill_n(to, count, fill_);
    }

    const std::vector<CopiedAxis>& axes_;
    T fill_;
    std::vector<std::ptrdiff_t> pitch_;
};

template <class T>
struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    Buffer<T> samples, run, totals;
    std::ptrdiff_t copied = -1;  // which block of which group lies in `samples`
};

template <class T>
class Layer {
public:
    Layer(const ChannelProductCall<T>& call, int threads)
        : call_(call),
          kernel_(channel_product_kernel_for<T>(call.weights.level())),
          blocks_(call.axes, call.batch, call.channels, sizeof(T)),
          copy_(blocks_.copied_axes(), call.fill),
          bases_(blocks_.bases()),
          offsets_(blocks_.offsets()),
          places_(blocks_.places(call.output_batch_step, call.output_steps)),
          scratch_(static_cast<std::size_t>(threads)) {
        section_terms_ = static_cast<std::ptrdiff_t>(offsets_.size());
        sections_ = (call.channels + blocks_.channels_in_section() - 1) / blocks_.channels_in_section();
        long_ = call.weights.terms() > terms_in_run || sections_ > 1;
        divide();
    }

    [[nodiscard]] std::ptrdiff_t tasks() const { return call_.weights.groups() * blocks_.count() * shares_; }

    // Neighbouring tasks share a block, so that a worker need not copy it again.
    void compute(std::ptrdiff_t task, int worker) {
        Scratch<T>& scratch = scratch_[static_cast<std::size_t>(worker)];
        const std::ptrdiff_t share = task % shares_, index = task / shares_;
        const OutputBlock block = blocks_[index % blocks_.count()];
        const std::ptrdiff_t group = index / blocks_.count();
        const std::ptrdiff_t first = share * panels_in_share_;
        const std::ptrdiff_t last = std::min(first + panels_in_share_, call_.weights.panels());
        for (std::ptrdiff_t section = 0; section < sections_; ++section) {
            if (sections_ > 1 || scratch.copied != index) copy_samples(block, group, section, scratch);
            scratch.copied = index;
            for (std::ptrdiff_t panel = first; panel < last; ++panel)
                sum_panel(block, group, section, panel, panel - first, scratch);
        }
    }

private:
    void divide() {
        const std::ptrdiff_t panels = call_.weights.panels(), whole = call_.weights.groups() * blocks_.count();
        const std::ptrdiff_t products = blocks_.most_positions() * call_.weights.terms() * 2 * kernel_.lanes;
        const std::ptrdiff_t wanted = std::clamp((usual_tasks + whole - 1) / whole, std::ptrdiff_t{1}, panels);
        const std::ptrdiff_t least = std::min(panels, (products_in_task + products - 1) / products);
        panels_in_share_ = std::max((panels + wanted - 1) / wanted, least);
        shares_ = (panels + panels_in_share_ - 1) / panels_in_share_;
    }

    void copy_samples(const OutputBlock& block, std::ptrdiff_t group, std::ptrdiff_t section, Scratch<T>& scratch) const {
        T* const to = scratch.samples.reserve(blocks_.copied_elements());
        const std::ptrdiff_t in_section = blocks_.channels_in_section(), first = section * in_section;
        const std::ptrdiff_t count = std::min(in_section, call_.channels - first);
        const std::ptrdiff_t row = block.row * blocks_.copied_axes()[0].stride, rows = blocks_.copied_rows(block.rows);
        for (std::ptrdiff_t image = 0; image < block.images; ++image)
            for (std::ptrdiff_t channel = 0; channel < count; ++channel) {
                const T* const from = call_.input + (block.image + image) * call_.input_batch_step +
                                      (group * call_.channels + first + channel) * call_.input_channel_step;
                copy_.run(from, row, rows, to + (image * in_section + channel) * blocks_.channel_pitch());
            }
    }

    // The sums over a section's terms for one panel, added to those of the sections before.
    void sum_panel(const OutputBlock& block, std::ptrdiff_t group, std::ptrdiff_t section, std::ptrdiff_t index,
                   std::ptrdiff_t slot, Scratch<T>& scratch) const {
        const Panel panel = call_.weights.panel(index);
        const std::ptrdiff_t width = panel.vectors * kernel_.lanes, size = blocks_.positions(block) * width;
        const std::ptrdiff_t reserved = blocks_.most_positions() * 2 * kernel_.lanes;
        T* const run = scratch.run.reserve(reserved);
        T* total = run;
        if (long_) {
            const std::ptrdiff_t slots = sections_ > 1 ? panels_in_share_ : 1;
            total = scratch.totals.reserve(2 * slots * reserved) + (sections_ > 1 ? slot : 0) * 2 * reserved;
            if (section == 0) std::fill_n(total, 2 * reserved, T{});
        }
        const std::ptrdiff_t before = section * section_terms_;
        const std::ptrdiff_t terms = std::min(section_terms_, call_.weights.terms() - before);
        const T* const weights = call_.weights.weights(group, panel) + before * width;
        for (std::ptrdiff_t at = 0; at < terms; at += terms_in_run) {
            const std::ptrdiff_t count = std::min(terms_in_run, terms - at);
            sum_run({weights + at * width, offsets_.data() + at, count}, block, panel, scratch, run);
            if (long_) kernel_.add_compensated(run, total, total + reserved, size);
        }
        if (section == sections_ - 1) write(block, group, panel, total);
    }

    void sum_run(const Terms<T>& terms, const OutputBlock& block, const Panel& panel, Scratch<T>& scratch, T* run) const {
        const Positions<T> positions{scratch.samples.reserve(blocks_.copied_elements()), bases_.data(),
                                     blocks_.positions(block)};
        const std::ptrdiff_t width = panel.vectors * kernel_.lanes;
        for (std::ptrdiff_t at = 0; at < terms.count; at += most_terms) {
            const Terms<T> some{terms.weights + at * width, terms.offsets + at, std::min(most_terms, terms.count - at)};
            kernel_.multiply(some, positions, panel.vectors, at > 0, run);
        }
    }

    // Positions whose outputs lie a step apart are written together.
    void write(const OutputBlock& block, std::ptrdiff_t group, const Panel& panel, const T* sums) const {
        const std::ptrdiff_t width = panel.vectors * kernel_.lanes, step = call_.output_steps.back();
        const std::ptrdiff_t filter = group * call_.weights.filters() + panel.first;
        T* const to = call_.output + block.image * call_.output_batch_step + block.row * call_.output_steps[0] +
                      filter * call_.output_filter_step;
        const std::ptrdiff_t count = blocks_.positions(block);
        for (std::ptrdiff_t first = 0, next = 0; first < count; first = next) {
            const auto place = [&](std::ptrdiff_t i) { return places_[static_cast<std::size_t>(i)]; };
            for (next = first + 1; next < count && place(next) == place(next - 1) + step; ++next) {}
            kernel_.spread(sums + first * width, static_cast<int>(width), panel.count, next - first, to + place(first),
                           call_.output_filter_step, step);
        }
    }

    const ChannelProductCall<T>& call_;
    const ChannelProductKernel<T>& kernel_;
    LayerBlocks blocks_;
    Copy<T> copy_;
    std::vector<std::ptrdiff_t> bases_, offsets_, places_;
    std::vector<Scratch<T>> scratch_;
    std::ptrdiff_t section_terms_, sections_, shares_ = 1, panels_in_share_ = 1;
    bool long_;
};

}  // namespace

template <class T>
bool channel_product(const ChannelProductCall<T>& call, int threads, const Interrupted& interrupted) {
    Layer<T> layer(call, std::max(threads, 1));
    return parallel_for(
        layer.tasks(), threads, [&](std::ptrdiff_t task, int worker) { layer.compute(task, worker); }, interrupted);
}

template bool channel_product(const ChannelProductCall<float>&, int, const Interrupted&);
template bool channel_product(const ChannelProductCall<double>&, int, const Interrupted&);

}  // namespace faltung
