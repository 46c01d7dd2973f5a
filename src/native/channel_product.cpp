#include "channel_product.hpp"

#include <algorithm>

#include "channel_product_blocks.hpp"
#include "channel_product_copy.hpp"

namespace faltung {
namespace {

// So many block sums are added one after another, before they are added to the whole with
// compensation: together with the first 128 products, the bound holds for sums of any length.
constexpr std::ptrdiff_t terms_in_run = 8 * most_terms;
// Products that are worth a task of their own, and tasks that keep some threads evenly busy.
constexpr std::ptrdiff_t products_in_task = std::ptrdiff_t{1} << 21;
constexpr std::ptrdiff_t usual_tasks = 16;
// Panels that read the input where it lies, if it need not be continued: more are worth a copy, which
// lies together.
constexpr std::ptrdiff_t few_panels = 8;

template <class T>
struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    Buffer<T> samples, run, totals;
    std::ptrdiff_t copied = -1;  // which block of which group lies in `samples`
    const T* block = nullptr;    // its first sample, there or in the input
};

template <class T>
class Layer {
public:
    Layer(const ChannelProductCall<T>& call, int threads)
        : call_(call),
          kernel_(channel_product_kernel_for<T>(call.weights.level())),
          multiply_(call.weights.lanes() == Lanes::filters ? kernel_.filters_in_lanes : kernel_.positions_in_lanes),
          lanes_(call.weights.lanes() == Lanes::filters ? 1 : kernel_.lanes),
          blocks_(call.axes, call.batch, call.channels, sizeof(T), lanes_),
          copy_(kernel_, blocks_.copied_axes(), call.fill),
          reads_in_place_(blocks_.readable_in_place() && call.weights.panels() <= few_panels && !channels_collide()),
          layout_(reads_in_place_ ? blocks_.input_layout(call.input_batch_step, call.input_channel_step)
                                  : blocks_.copy_layout()),
          bases_(blocks_.bases(layout_)),
          offsets_(blocks_.offsets(layout_)),
          places_(blocks_.places(call.output_batch_step, call.output_steps)),
          scratch_(static_cast<std::size_t>(threads)) {
        section_terms_ = static_cast<std::ptrdiff_t>(offsets_.size());
        sections_ = (call.channels + blocks_.channels_in_section() - 1) / blocks_.channels_in_section();
        long_ = call.weights.terms() > terms_in_run || sections_ > 1;
        sums_in_vector_ = call.weights.panel(0).width * lanes_;
        for (std::ptrdiff_t i = 0; i < blocks_.most_vectors(); ++i) spots_.push_back(i * sums_in_vector_);
        // What a vector that stepped back computes again must not be added twice.
        in_place_ = lanes_ > 1 && sections_ == 1 && section_terms_ <= most_terms &&
                    call.axes.back().outputs >= lanes_ && call.output_steps.back() == 1;
        divide();
    }

    [[nodiscard]] std::ptrdiff_t tasks() const { return (pieces() + pieces_in_task_ - 1) / pieces_in_task_; }

    void compute(std::ptrdiff_t task, int worker) {
        Scratch<T>& scratch = scratch_[static_cast<std::size_t>(worker)];
        const std::ptrdiff_t first = task * pieces_in_task_, last = std::min(first + pieces_in_task_, pieces());
        for (std::ptrdiff_t piece = first; piece < last; ++piece) compute_piece(piece, scratch);
    }

private:
    // A piece is a share of the filters over a block of a group's outputs.
    [[nodiscard]] std::ptrdiff_t pieces() const { return call_.weights.groups() * blocks_.count() * shares_; }

    // Neighbouring pieces share a block, so that a worker need not copy it again.
    void compute_piece(std::ptrdiff_t piece, Scratch<T>& scratch) const {
        const std::ptrdiff_t share = piece % shares_, index = piece / shares_;
        const OutputBlock block = blocks_[index % blocks_.count()];
        const std::ptrdiff_t group = index / blocks_.count();
        const std::ptrdiff_t first = share * panels_in_share_;
        const std::ptrdiff_t last = std::min(first + panels_in_share_, call_.weights.panels());
        for (std::ptrdiff_t section = 0; section < sections_; ++section) {
            if (reads_in_place_)
                scratch.block = first_sample(block, group, section);
            else if (sections_ > 1 || scratch.copied != index)
                copy_samples(block, group, section, scratch);
            scratch.copied = index;
            for (std::ptrdiff_t panel = first; panel < last; ++panel)
                sum_panel(block, group, section, panel, panel - first, scratch);
        }
    }

    void divide() {
        const std::ptrdiff_t panels = call_.weights.panels(), wholes = call_.weights.groups() * blocks_.count();
        const std::ptrdiff_t products = blocks_.most_vectors() * sums_in_vector_ * call_.weights.terms();  // of a panel
        const std::ptrdiff_t wanted = std::clamp((usual_tasks + wholes - 1) / wholes, std::ptrdiff_t{1}, panels);
        const std::ptrdiff_t worthwhile = (products_in_task + products - 1) / products;
        panels_in_share_ = std::clamp(worthwhile, (panels + wanted - 1) / wanted, panels);
        shares_ = (panels + panels_in_share_ - 1) / panels_in_share_;
        pieces_in_task_ = std::clamp(worthwhile / panels_in_share_, std::ptrdiff_t{1},
                                     std::max<std::ptrdiff_t>(pieces() / usual_tasks, 1));
    }

    // Channels so far apart meet in the same places of the cache.
    [[nodiscard]] bool channels_collide() const {
        return call_.channels > 1 && call_.input_channel_step * std::ptrdiff_t{sizeof(T)} % 1024 == 0;
    }

    [[nodiscard]] const T* first_sample(const OutputBlock& block, std::ptrdiff_t group, std::ptrdiff_t section) const {
        const T* first = call_.input + block.image * call_.input_batch_step +
                         (group * call_.channels + section * blocks_.channels_in_section()) * call_.input_channel_step +
                         blocks_.copied_axes()[0].base(block.row) * layout_.axes[0];
        for (const CopiedAxis& axis : blocks_.copied_axes()) first += axis.sources[0];
        return first;
    }

    void copy_samples(const OutputBlock& block, std::ptrdiff_t group, std::ptrdiff_t section, Scratch<T>& scratch) const {
        T* const to = scratch.samples.reserve(blocks_.copied_elements());
        scratch.block = to;
        const std::ptrdiff_t in_section = blocks_.channels_in_section(), first = section * in_section;
        const std::ptrdiff_t count = std::min(in_section, call_.channels - first);
        const CopiedAxis& axis = blocks_.copied_axes()[0];
        const std::ptrdiff_t row = axis.base(block.row), rows = axis.extent(block.rows);
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
        const std::ptrdiff_t before = section * section_terms_;
        const Terms<T> terms{call_.weights.weights(group, panel) + before * panel.width, offsets_.data(),
                             std::min(section_terms_, call_.weights.terms() - before)};
        T* const out = call_.output + block.image * call_.output_batch_step + block.row * call_.output_steps[0] +
                       (group * call_.weights.filters() + panel.first) * call_.output_filter_step;
        if (in_place_) return sum_run(terms, block, panel, scratch, {out, places_.data(), call_.output_filter_step});
        const std::ptrdiff_t size = blocks_.most_vectors() * sums_in_vector_;
        const Sums<T> run{scratch.run.reserve(size), spots_.data(), kernel_.lanes};
        const T* sums = run.data;
        if (long_) {
            const std::ptrdiff_t slots = sections_ > 1 ? panels_in_share_ : 1;
            T* const total = scratch.totals.reserve(2 * slots * size) + (sections_ > 1 ? slot : 0) * 2 * size;
            if (section == 0) std::fill_n(total, 2 * size, T{});
            sum_long(terms, block, panel, scratch, run, total, total + size);
            sums = total;
        } else {
            sum_run(terms, block, panel, scratch, run);
        }
        if (section == sections_ - 1) write(sums, blocks_.vectors(block), panel, out);
    }

    void sum_long(const Terms<T>& terms, const OutputBlock& block, const Panel& panel, Scratch<T>& scratch,
                  const Sums<T>& run, T* total, T* lost) const {
        for (std::ptrdiff_t at = 0; at < terms.count; at += terms_in_run) {
            sum_run(some(terms, panel, at, terms_in_run), block, panel, scratch, run);
            kernel_.add_compensated(run.data, total, lost, blocks_.vectors(block) * sums_in_vector_);
        }
    }

    void sum_run(const Terms<T>& terms, const OutputBlock& block, const Panel& panel, Scratch<T>& scratch,
                 const Sums<T>& to) const {
        const Positions<T> positions{scratch.block, bases_.data(), blocks_.vectors(block)};
        const int count = lanes_ == 1 ? panel.width / kernel_.lanes : panel.width;
        for (std::ptrdiff_t at = 0; at < terms.count; at += most_terms)
            multiply_(some(terms, panel, at, most_terms), positions, count, at > 0, to);
    }

    static Terms<T> some(const Terms<T>& terms, const Panel& panel, std::ptrdiff_t at, std::ptrdiff_t most) {
        return {terms.weights + at * panel.width, terms.offsets + at, std::min(most, terms.count - at)};
    }

    void write(const T* sums, std::ptrdiff_t count, const Panel& panel, T* to) const {
        const std::ptrdiff_t step = call_.output_steps.back(), apart = call_.output_filter_step;
        if (lanes_ > 1) {
            const std::ptrdiff_t length = std::min(lanes_, call_.axes.back().outputs);
            for (int filter = 0; filter < panel.count; ++filter)
                kernel_.place(sums + filter * lanes_, sums_in_vector_, count, length, to + filter * apart,
                              places_.data(), step);
            return;
        }
        // Positions whose outputs lie a step apart are written together.
        const auto place = [&](std::ptrdiff_t i) { return places_[static_cast<std::size_t>(i)]; };
        for (std::ptrdiff_t first = 0, next = 0; first < count; first = next) {
            for (next = first + 1; next < count && place(next) == place(next - 1) + step; ++next) {}
            kernel_.spread({sums + first * sums_in_vector_, 1, sums_in_vector_, next - first}, panel.count,
                           to + place(first), apart, step);
        }
    }

    const ChannelProductCall<T>& call_;
    const ChannelProductKernel<T>& kernel_;
    decltype(ChannelProductKernel<T>::filters_in_lanes) multiply_;
    std::ptrdiff_t lanes_;  // positions in a vector
    LayerBlocks blocks_;
    Copy<T> copy_;
    bool reads_in_place_;
    LayerBlocks::Layout layout_;
    std::vector<std::ptrdiff_t> bases_, offsets_, places_, spots_;
    std::vector<Scratch<T>> scratch_;
    std::ptrdiff_t section_terms_, sections_, sums_in_vector_, shares_ = 1, panels_in_share_ = 1, pieces_in_task_ = 1;
    bool long_, in_place_;
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
