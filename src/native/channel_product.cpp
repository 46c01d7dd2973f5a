#include "channel_product.hpp"

#include <algorithm>

#include "channel_product_blocks.hpp"
#include "channel_product_copy.hpp"

namespace faltung {
namespace {

// The sums of so many spans of up to 128 products are added one after another, before they are added to
// the whole with compensation: together with the first 128 products, the bound holds for sums of any
// length.
constexpr std::ptrdiff_t spans_in_run = 8;
// Products that are worth a task of their own, and tasks that keep some threads evenly busy.
constexpr std::ptrdiff_t products_in_task = std::ptrdiff_t{1} << 21;
constexpr std::ptrdiff_t usual_tasks = 16;
// Panels that read the input where it lies, if it need not be continued: more are worth a copy, unless what
// a block reads lies together anyway.
constexpr std::ptrdiff_t few_panels = 2;
// Copies of small blocks that are made before the first of them is summed: a vector that is loaded
// soon after it was stored in parts would wait for them.
constexpr std::ptrdiff_t bytes_ahead = 8 * 1024;

template <class T>
struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    Buffer<T> samples, run, totals;
    bool filled = false;         // all of `samples`
    std::ptrdiff_t copied = -1;  // which block of which group lies in `samples`
};

template <class T>
class Layer {
public:
    Layer(const ChannelProductCall<T>& call, int threads)
        : call_(call),
          kernel_(channel_product_kernel_for<T>(call.weights.level())),
          multiply_(call.weights.lanes() == Lanes::filters ? kernel_.filters_in_lanes : kernel_.positions_in_lanes),
          lanes_(call.weights.lanes() == Lanes::filters ? 1 : kernel_.lanes),
          blocks_(call.axes, call.batch, call.channels, call.weights.filters() == 1, sizeof(T), lanes_),
          reads_in_place_(blocks_.readable_in_place() && (call.weights.panels() <= few_panels || lies_together()) &&
                          !channels_collide()),
          layout_(reads_in_place_ ? blocks_.input_layout(call.input_batch_step, call.input_channel_step)
                                  : blocks_.copy_layout()),
          bases_(blocks_.bases(layout_)),
          places_(blocks_.places(call.output_batch_step, call.output_steps)),
          scratch_(static_cast<std::size_t>(threads)) {
        if (blocks_.chained())
            chains_ = blocks_.chains(layout_);
        else
            offsets_ = blocks_.offsets(layout_);
        chains_alike_ = std::all_of(chains_.begin(), chains_.end(),
                                    [&](const Chain& chain) { return chain.taps == chains_[0].taps; });
        cut_terms();
        weights_in_channel_ = call.weights.terms() / call.channels;
        terms_in_channel_ = spans_.back() / blocks_.channels_in_section();
        sections_ = (call.channels + blocks_.channels_in_section() - 1) / blocks_.channels_in_section();
        long_ = spans() > spans_in_run || sections_ > 1;
        sums_in_vector_ = call.weights.panel(0).width * lanes_;
        for (std::ptrdiff_t i = 0; i < blocks_.most_vectors(); ++i) spots_.push_back(i * sums_in_vector_);
        in_place_ = lanes_ > 1 && stores_in_place();
        if (!in_place_)
            for (std::ptrdiff_t f = 0; f < call.weights.groups() * call.weights.filters(); ++f)
                filter_places_.push_back(filter_place(f));
        if (blocks_.chained() && call.channels == 1 && in_place_)
            groups_in_piece_ = std::clamp(bytes_ahead / (blocks_.copied_elements() * std::ptrdiff_t{sizeof(T)}),
                                          std::ptrdiff_t{1}, call.weights.groups());
        if (!reads_in_place_) prepare_copies();
        divide();
    }

    [[nodiscard]] std::ptrdiff_t tasks() const { return (pieces() + pieces_in_task_ - 1) / pieces_in_task_; }

    void compute(std::ptrdiff_t task, int worker) {
        Scratch<T>& scratch = scratch_[static_cast<std::size_t>(worker)];
        const std::ptrdiff_t first = task * pieces_in_task_, last = std::min(first + pieces_in_task_, pieces());
        for (std::ptrdiff_t piece = first; piece < last; ++piece) compute_piece(piece, scratch);
    }

private:
    // A share of the filters over a block of outputs; of several groups, where they are small and each
    // is a single filter.
    struct Piece {
        std::ptrdiff_t group, groups;
        const OutputBlock& block;
        const Copy<T>* copy;
    };

    [[nodiscard]] std::ptrdiff_t wholes() const {
        return (call_.weights.groups() + groups_in_piece_ - 1) / groups_in_piece_ * blocks_.count();
    }
    [[nodiscard]] std::ptrdiff_t pieces() const { return wholes() * shares_; }

    // Neighbouring pieces share a block, so that a worker need not copy it again.
    void compute_piece(std::ptrdiff_t number, Scratch<T>& scratch) const {
        const std::ptrdiff_t share = number % shares_, index = number / shares_, block = index % blocks_.count();
        const std::ptrdiff_t group = index / blocks_.count() * groups_in_piece_;
        const auto copies = static_cast<std::ptrdiff_t>(copies_.size());
        const Piece piece{group, std::min(groups_in_piece_, call_.weights.groups() - group), blocks_[block],
                          reads_in_place_ ? nullptr : &copies_[static_cast<std::size_t>(block % copies)]};
        const std::ptrdiff_t first = share * panels_in_share_;
        const std::ptrdiff_t last = std::min(first + panels_in_share_, call_.weights.panels());
        for (std::ptrdiff_t section = 0; section < sections_; ++section) {
            const T* const samples = reads_in_place_ ? first_sample(piece, section) : place_for_copies(scratch);
            if (!reads_in_place_ && (sections_ > 1 || scratch.copied != index))
                copy_samples(piece, section, place_for_copies(scratch));
            scratch.copied = index;
            for (std::ptrdiff_t panel = first; panel < last; ++panel)
                sum_panel(piece, samples, section, panel, panel - first, scratch);
        }
    }

    // One for each block of an image. Places that no sample goes to are the same for all channels of
    // depthwise layers: they are filled once.
    void prepare_copies() {
        const CopiedAxis& axis = blocks_.copied_axes()[0];
        const bool same = blocks_.chained() && call_.channels == 1;
        const Filled filled{same && blocks_.copied_axes().back().fills, same && blocks_[0].rows == axis.outputs};
        filled_ = filled.columns || filled.rows;
        for (std::ptrdiff_t i = 0; i < blocks_.count() && blocks_[i].image == 0; ++i)
            copies_.emplace_back(kernel_, blocks_.copied_axes(), call_.fill, filled, axis.base(blocks_[i].row),
                                 axis.extent(blocks_[i].rows));
    }

    T* place_for_copies(Scratch<T>& scratch) const {
        const std::ptrdiff_t count = groups_in_piece_ * blocks_.copied_elements();
        T* const all = scratch.samples.reserve(count);
        if (filled_ && !scratch.filled) std::fill_n(all, count, call_.fill);
        scratch.filled = true;
        return all;
    }

    // The terms of a section fall into spans of at most `most_terms` products.
    void cut_terms() {
        const auto count = static_cast<std::ptrdiff_t>(std::max(chains_.size(), offsets_.size()));
        std::ptrdiff_t products = 0;
        spans_.push_back(0);
        for (std::ptrdiff_t term = 0; term < count; ++term) {
            const std::ptrdiff_t more = blocks_.chained() ? chains_[static_cast<std::size_t>(term)].taps : 1;
            if (products + more > most_terms) {
                spans_.push_back(term);
                products = 0;
            }
            products += more;
        }
        spans_.push_back(count);
    }

    [[nodiscard]] std::ptrdiff_t spans() const { return static_cast<std::ptrdiff_t>(spans_.size()) - 1; }

    // What a vector that stepped back computes again must not be added twice; what exceeds a short line
    // must lie in the next one.
    [[nodiscard]] bool stores_in_place() const {
        const std::ptrdiff_t outputs = call_.axes.back().outputs;
        if (long_ || call_.output_steps.back() != 1 || call_.phases.size() > 1) return false;
        return blocks_.chained() ? outputs >= lanes_ || row_output_step() == outputs : outputs >= lanes_ && (spans() == 1 || outputs % lanes_ == 0);
    }

    [[nodiscard]] std::ptrdiff_t filter_place(std::ptrdiff_t filter) const {
        const auto phases = static_cast<std::ptrdiff_t>(call_.phases.size());
        return filter / phases * call_.output_filter_step + call_.phases[static_cast<std::size_t>(filter % phases)];
    }

    void divide() {
        const std::ptrdiff_t panels = call_.weights.panels();
        const std::ptrdiff_t products =
            blocks_.most_vectors() * sums_in_vector_ * call_.weights.terms() * groups_in_piece_;  // of a panel
        const std::ptrdiff_t wanted = std::clamp((usual_tasks + wholes() - 1) / wholes(), std::ptrdiff_t{1}, panels);
        const std::ptrdiff_t worthwhile = (products_in_task + products - 1) / products;
        panels_in_share_ = std::clamp(worthwhile, (panels + wanted - 1) / wanted, panels);
        shares_ = (panels + panels_in_share_ - 1) / panels_in_share_;
        pieces_in_task_ = std::clamp(worthwhile / panels_in_share_, std::ptrdiff_t{1},
                                     std::max<std::ptrdiff_t>(pieces() / usual_tasks, 1));
    }

    [[nodiscard]] bool lies_together() const { return call_.input_channel_step <= blocks_.channel_pitch(); }

    // Channels so far apart meet in the same places of the cache.
    [[nodiscard]] bool channels_collide() const {
        return call_.channels > 1 && call_.input_channel_step * std::ptrdiff_t{sizeof(T)} % 1024 == 0;
    }

    [[nodiscard]] const T* first_sample(const Piece& piece, std::ptrdiff_t section) const {
        const T* first = input(piece, section) + blocks_.copied_axes()[0].base(piece.block.row) * layout_.axes[0];
        for (const CopiedAxis& axis : blocks_.copied_axes()) first += axis.sources[0];
        return first;
    }

    // The first channel of a section, in the piece's first image.
    [[nodiscard]] const T* input(const Piece& piece, std::ptrdiff_t section) const {
        return call_.input + piece.block.image * call_.input_batch_step +
               (piece.group * call_.channels + section * blocks_.channels_in_section()) * call_.input_channel_step;
    }

    // Channels of a section; the last one may have fewer.
    [[nodiscard]] std::ptrdiff_t channels(std::ptrdiff_t section) const {
        const std::ptrdiff_t most = blocks_.channels_in_section();
        return std::min(most, call_.channels - section * most);
    }

    void copy_samples(const Piece& piece, std::ptrdiff_t section, T* to) const {
        const T* const from = input(piece, section);
        const bool of_groups = groups_in_piece_ > 1;
        const Channels apart{of_groups ? piece.groups : channels(section), call_.input_channel_step,
                             of_groups ? blocks_.copied_elements() : blocks_.channel_pitch()};
        for (std::ptrdiff_t image = 0; image < piece.block.images; ++image)
            piece.copy->run(from + image * call_.input_batch_step, apart,
                            to + image * blocks_.channels_in_section() * blocks_.channel_pitch());
    }

    // One panel's sums over a section: its weights, and how many terms or chains there are.
    struct Product {
        const Piece& piece;
        const T* samples;
        const Panel& panel;
        const T* weights;
        std::ptrdiff_t terms;
    };

    // Where they go: to the output itself, or vector by vector to scratch.
    struct Target {
        T* data;
        bool output;
    };

    // The sums over a section's terms for one panel, added to those of the sections before.
    void sum_panel(const Piece& piece, const T* samples, std::ptrdiff_t section, std::ptrdiff_t index,
                   std::ptrdiff_t slot, Scratch<T>& scratch) const {
        const Panel& panel = call_.weights.panel(index);
        const OutputBlock& block = piece.block;
        const std::ptrdiff_t before = section * blocks_.channels_in_section() * weights_in_channel_;
        const Product product{piece, samples, panel, call_.weights.weights(piece.group, panel) + before * panel.width,
                              terms_in_channel_ * channels(section)};
        T* const out = call_.output + block.image * call_.output_batch_step + block.row * call_.output_steps[0];
        const std::ptrdiff_t filter = piece.group * call_.weights.filters() + panel.first;
        if (in_place_) return sum_run(product, 0, {out + filter * call_.output_filter_step, true});
        const std::ptrdiff_t size = blocks_.most_vectors() * sums_in_vector_;
        const Target run{scratch.run.reserve(size), false};
        const T* sums = run.data;
        if (long_) {
            const std::ptrdiff_t slots = sections_ > 1 ? panels_in_share_ : 1;
            T* const total = scratch.totals.reserve(2 * slots * size) + (sections_ > 1 ? slot : 0) * 2 * size;
            if (section == 0) std::fill_n(total, 2 * size, T{});
            sum_long(product, run, total, total + size);
            sums = total;
        } else {
            sum_run(product, 0, run);
        }
        if (section == sections_ - 1) write(sums, block, panel, out, filter_places_.data() + filter);
    }

    void sum_long(const Product& product, const Target& run, T* total, T* lost) const {
        const std::ptrdiff_t sums = blocks_.vectors(product.piece.block) * sums_in_vector_;
        for (std::ptrdiff_t span = 0; span < spans() && start(span) < product.terms; span += spans_in_run) {
            sum_run(product, span, run);
            kernel_.add_compensated(run.data, total, lost, sums);
        }
    }

    [[nodiscard]] std::ptrdiff_t start(std::ptrdiff_t span) const { return spans_[static_cast<std::size_t>(span)]; }

    // Up to `spans_in_run` spans from `first` on.
    void sum_run(const Product& product, std::ptrdiff_t first, const Target& to) const {
        const std::ptrdiff_t last = std::min(first + spans_in_run, spans());
        if (blocks_.chained()) return sum_chains(product, first, last, to);
        for (std::ptrdiff_t span = first; span < last && start(span) < product.terms; ++span)
            sum_terms(product, start(span), std::min(start(span + 1), product.terms), span > first, to);
    }

    void sum_terms(const Product& product, std::ptrdiff_t first, std::ptrdiff_t last, bool add, const Target& to) const {
        const Panel& panel = product.panel;
        const Terms<T> terms{product.weights + first * panel.width, offsets_.data() + first, last - first, most_terms,
                             call_.weights.far()};
        const Positions<T> positions{product.samples, bases_.data(), blocks_.vectors(product.piece.block)};
        const int count = lanes_ == 1 ? panel.width / kernel_.lanes : panel.width;
        if (to.output)
            multiply_(terms, positions, count, add, {to.data, places_.data(), call_.output_filter_step});
        else
            multiply_(terms, positions, count, add, {to.data, spots_.data(), kernel_.lanes});
    }

    void sum_chains(const Product& product, std::ptrdiff_t first, std::ptrdiff_t last, const Target& to) const {
        const Chains<T> chains{product.weights, chains_.data(), spans_.data() + first, last - first, product.terms,
                               chains_alike_, blocks_.chain_step()};
        const StripCount count = blocks_.strips(product.piece.block);
        Strips<T> strips{product.samples, bases_.data(), count.strips, count.rows, blocks_.row_step(layout_)};
        if (to.output && kernel_.halves && 2 * written_length() <= lanes_ && count.rows > 1) {
            strips.rows = (count.rows + 1) / 2;
            strips.half = count.rows - strips.rows;
        }
        const Filters filters{product.piece.groups, weights_in_channel_,
                              reads_in_place_ ? call_.input_channel_step : blocks_.copied_elements(),
                              call_.output_filter_step};
        if (to.output)
            kernel_.strips(chains, strips, filters, {to.data, places_.data(), row_output_step(), written_length()});
        else
            kernel_.strips(chains, strips, filters, {to.data, spots_.data(), count.strips * lanes_, lanes_});
    }

    [[nodiscard]] std::ptrdiff_t row_output_step() const { return call_.output_steps[call_.output_steps.size() - 2]; }
    // Of a vector of positions.
    [[nodiscard]] std::ptrdiff_t written_length() const { return std::min(lanes_, call_.axes.back().outputs); }

    void write(const T* sums, const OutputBlock& block, const Panel& panel, T* to, const std::ptrdiff_t* filters) const {
        if (lanes_ == 1) return write_positions(sums, blocks_.vectors(block), panel, to, filters);
        const StripCount count = blocks_.strips(block);
        for (std::ptrdiff_t row = 0; row < count.rows; ++row)
            for (int filter = 0; filter < panel.count; ++filter)
                kernel_.place(sums + row * count.strips * sums_in_vector_ + filter * lanes_, sums_in_vector_, count.strips,
                              written_length(), to + row * row_output_step() + filters[filter], places_.data(),
                              call_.output_steps.back());
    }

    // Positions whose outputs lie a step apart are written together.
    void write_positions(const T* sums, std::ptrdiff_t count, const Panel& panel, T* to,
                         const std::ptrdiff_t* filters) const {
        const std::ptrdiff_t step = call_.output_steps.back();
        const auto place = [&](std::ptrdiff_t i) { return places_[static_cast<std::size_t>(i)]; };
        for (std::ptrdiff_t first = 0, next = 0; first < count; first = next) {
            for (next = first + 1; next < count && place(next) == place(next - 1) + step; ++next) {}
            kernel_.spread({sums + first * sums_in_vector_, 1, sums_in_vector_, next - first}, panel.count,
                           to + place(first), filters, step);
        }
    }

    const ChannelProductCall<T>& call_;
    const ChannelProductKernel<T>& kernel_;
    decltype(ChannelProductKernel<T>::filters_in_lanes) multiply_;
    std::ptrdiff_t lanes_;  // positions in a vector
    LayerBlocks blocks_;
    std::vector<Copy<T>> copies_;
    bool filled_ = false;  // scratch, before the first copy
    bool reads_in_place_;
    LayerBlocks::Layout layout_;
    std::vector<std::ptrdiff_t> bases_, offsets_, places_, spots_, spans_, filter_places_;
    std::vector<Chain> chains_;
    std::vector<Scratch<T>> scratch_;
    std::ptrdiff_t sections_, sums_in_vector_, shares_ = 1, panels_in_share_ = 1, pieces_in_task_ = 1;
    std::ptrdiff_t weights_in_channel_, terms_in_channel_;  // chains or single terms
    std::ptrdiff_t groups_in_piece_ = 1;
    bool long_, in_place_, chains_alike_;
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
