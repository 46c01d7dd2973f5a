#include "direct.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "direct_blocks.hpp"

namespace faltung {
namespace {

// Real, imaginary and negated imaginary taps of a kernel, each contiguous.
template <class T>
class Taps {
public:
    Taps(const Kernel& kernel, std::ptrdiff_t count)
        : real_(reinterpret_cast<const T*>(kernel.data)), count_(count) {
        if (kernel.parts == 1) return;
        values_.resize(static_cast<std::size_t>(3 * count));
        real_ = values_.data();
        for (std::ptrdiff_t i = 0; i < count; ++i) {
            T pair[2];
            std::memcpy(pair, kernel.data + i * std::ptrdiff_t{sizeof pair}, sizeof pair);
            values_[static_cast<std::size_t>(i)] = pair[0];
            values_[static_cast<std::size_t>(i + count)] = pair[1];
            values_[static_cast<std::size_t>(i + 2 * count)] = -pair[1];
        }
    }
    [[nodiscard]] const T* real() const { return real_; }
    [[nodiscard]] const T* imaginary() const { return values_.data() + count_; }
    [[nodiscard]] const T* negated_imaginary() const { return values_.data() + 2 * count_; }
    [[nodiscard]] bool finite() const {
        if constexpr (std::is_floating_point_v<T>)
            return std::all_of(real_, real_ + (values_.empty() ? count_ : 2 * count_),
                               [](T tap) { return std::isfinite(tap); });
        return true;
    }

private:
    std::vector<T> values_;  // of a complex kernel
    const T* real_;
    std::ptrdiff_t count_;
};

// The real products that make one part of the result; a real operand has no imaginary ones.
template <class T>
Components<T> components(const Taps<T>& taps, int source_parts, int kernel_parts, int result_part) {
    Components<T> sum;
    if (kernel_parts == 1) {
        sum.add(result_part, taps.real());
    } else if (source_parts == 1) {
        sum.add(0, result_part == 0 ? taps.real() : taps.imaginary());
    } else {
        sum.add(0, result_part == 0 ? taps.real() : taps.imaginary());
        sum.add(1, result_part == 0 ? taps.negated_imaginary() : taps.real());
    }
    return sum;
}

template <class T>
struct Scratch {
    Scratch() {}  // leaves the buffers' bytes as they are
    GatherScratch<T> samples, presence;
    Buffer<std::ptrdiff_t> leading, leading_presence;
    Buffer<const T*> planes;
    Buffer<T> results;
};

template <class T>
struct Results {
    T* data;
    std::ptrdiff_t pitch, rows, columns;
    bool final;  // in the destination itself
};

template <class T>
class Convolution {
public:
    Convolution(const DirectCall<T>& call, int threads)
        : call_(call),
          prepared_(call),
          writer_(prepared_.kernel.writer(call.destination.element)),
          scratch_(static_cast<std::size_t>(threads)) {
        const Geometry& geometry = prepared_.geometry;
        const Taps<T> taps(call.kernel, geometry.leading_taps * geometry.row.taps * geometry.column.taps);
        programs_.reserve(static_cast<std::size_t>(call.destination.parts));
        for (int part = 0; part < call.destination.parts; ++part)
            programs_.push_back(compile<T>(geometry, prepared_.layout, prepared_.tile,
                                           components(taps, call.source.parts, call.kernel.parts, part)));
        stores_directly_ = call.destination.parts == 1 && is_compute_type(call.destination.element) &&
                           is_aligned(call.destination.data);
        in_place_ = stores_directly_ && readable_in_place();
        terms_may_be_absent_ = !call.fills && !taps.finite();
        if (terms_may_be_absent_) prepare_presence();
    }

    [[nodiscard]] std::ptrdiff_t blocks() const { return prepared_.blocks.count(); }

    void compute(std::ptrdiff_t index, int worker) {
        Scratch<T>& scratch = scratch_[static_cast<std::size_t>(worker)];
        const Blocks::Block block = prepared_.blocks[index];
        const Geometry& geometry = prepared_.geometry;
        std::ptrdiff_t* const leading = scratch.leading.reserve(geometry.leading_taps);
        leading_offsets(geometry, block.leading, leading);
        if (in_place_ && interior(block.outputs, leading))
            run_in_place(block, leading, scratch);
        else
            run_gathered(block, leading, scratch);
    }

private:
    static constexpr std::ptrdiff_t size = sizeof(T);

    // Samples that a tile can load as they stand.
    [[nodiscard]] bool readable_in_place() const {
        const Geometry& geometry = prepared_.geometry;
        const Axis& column = geometry.column;
        const bool contiguous = column.uniform() && column.position_step() == size && column.stride == 1;
        const bool steps_aligned = geometry.row.step % size == 0 &&
                                   std::all_of(geometry.leading.begin(), geometry.leading.end(),
                                               [](const Axis& axis) { return axis.step % size == 0; });
        return call_.source.parts == 1 && contiguous && steps_aligned &&
               is_compute_type(call_.source.element) && is_aligned(call_.source.data) &&
               (geometry.along_line() || !rows_collide(geometry.row.step) || rows_of_tile() <= most_colliding_rows());
    }

    // Of samples, for a tile's outputs.
    [[nodiscard]] std::ptrdiff_t rows_of_tile() const {
        const Axis& row = prepared_.geometry.row;
        return (prepared_.tile.rows - 1) * row.stride + row.reach() + 1;
    }

    static bool is_compute_type(Element element) {
        if (std::is_integral_v<T>) return element == Element::int64 || element == Element::uint64;
        return element == (size == 4 ? Element::float32 : Element::float64);
    }

    static bool is_aligned(const std::byte* data) {
        return reinterpret_cast<std::uintptr_t>(data) % sizeof(T) == 0;
    }

    [[nodiscard]] bool interior(const Rectangle& block, const std::ptrdiff_t* leading) const {
        const Geometry& geometry = prepared_.geometry;
        return holds_a_tile(block) && geometry.row.interior(block.row, block.rows) &&
               geometry.column.interior(block.column, block.columns) &&
               std::find(leading, leading + geometry.leading_taps, absent) == leading + geometry.leading_taps;
    }

    [[nodiscard]] bool holds_a_tile(const Rectangle& block) const {
        const TileShape& tile = prepared_.tile;
        return block.rows >= tile.rows && block.columns >= tile.columns;
    }

    // Where the tiles store a block's results: in the destination, if that takes them as they are.
    Results<T> place_of_results(const Blocks::Block& block, const GatheredShape& shape,
                                Scratch<T>& scratch) const {
        const bool direct = stores_directly_ && holds_a_tile(block.outputs) && !shape.strung_together;
        if (!direct)
            return {scratch.results.reserve(shape.result_size), shape.result_pitch, shape.result_rows,
                    shape.result_columns, false};
        return {reinterpret_cast<T*>(call_.destination.data) + prepared_.output_index(block, 0),
                prepared_.geometry.column.outputs, block.outputs.rows, block.outputs.columns, true};
    }

    void run_in_place(const Blocks::Block& block, const std::ptrdiff_t* leading, Scratch<T>& scratch) {
        const Geometry& geometry = prepared_.geometry;
        const Rectangle& outputs = block.outputs;
        const std::ptrdiff_t origin =
            geometry.row.byte_offset(geometry.row.first_position(outputs.row)) +
            geometry.column.byte_offset(geometry.column.first_position(outputs.column));
        const T** const planes = scratch.planes.reserve(geometry.leading_taps);
        for (std::ptrdiff_t tap = 0; tap < geometry.leading_taps; ++tap)
            planes[tap] = reinterpret_cast<const T*>(call_.source.data + origin + leading[tap]);
        const std::ptrdiff_t row = geometry.row.step / size;
        T* const to = reinterpret_cast<T*>(call_.destination.data) + prepared_.output_index(block, 0);
        prepared_.kernel.run(programs_[0].sum(),
                             {planes, row * prepared_.layout.row_unit, row * geometry.row.stride, to,
                              geometry.column.outputs, outputs.rows, outputs.columns, prepared_.tile.tile});
    }

    void run_gathered(const Blocks::Block& block, const std::ptrdiff_t* leading, Scratch<T>& scratch) {
        const GatheredShape shape(prepared_.geometry, prepared_.layout, prepared_.tile, block.outputs,
                                  sizeof(T));
        const T* const samples = gather(prepared_.geometry, prepared_.layout, call_.source, prepared_.reader,
                                        call_.fill, leading, block.outputs, shape, scratch.samples);
        const Results<T> results = place_of_results(block, shape, scratch);
        const T* presence = nullptr;
        if (terms_may_be_absent_ && meets_absent(block.outputs, leading))
            presence = gather_presence(block, shape, scratch);
        for (int part = 0; part < call_.destination.parts; ++part) {
            if (presence != nullptr)
                sum_present_terms(block.outputs, part, prepared_.samples(samples, shape), shape.row_step,
                                  presence, results);
            else
                run_tiles(part, samples, shape, scratch, results);
            if (!results.final) write(block, part, results.data, results.pitch);
        }
    }

    void run_tiles(int part, const T* samples, const GatheredShape& shape, Scratch<T>& scratch,
                   const Results<T>& results) const {
        const std::ptrdiff_t count = prepared_.layout.planes(prepared_.geometry);
        const T** const planes = scratch.planes.reserve(count);
        for (std::ptrdiff_t plane = 0; plane < count; ++plane) planes[plane] = samples + plane * shape.plane;
        prepared_.kernel.run(programs_[static_cast<std::size_t>(part)].sum(),
                             {planes, shape.pitch, shape.row_step, results.data, results.pitch, results.rows,
                              results.columns, prepared_.tile.tile});
    }

    void write(const Blocks::Block& block, int part, const T* results, std::ptrdiff_t pitch) const {
        const Destination& destination = call_.destination;
        const std::ptrdiff_t part_size = size_of(destination.element), step = part_size * destination.parts;
        for (std::ptrdiff_t row = 0; row < block.outputs.rows; ++row)
            writer_(results + row * pitch,
                    destination.data + prepared_.output_index(block, row) * step + part * part_size, step,
                    block.outputs.columns);
    }

    // Presence is gathered like samples, from a source whose every sample is the same `true`.
    void prepare_presence() {
        presence_geometry_ = prepared_.geometry;
        for (Axis* axis : {&presence_geometry_.row, &presence_geometry_.column})
            axis->step = axis->inner_step = 0;
        for (Axis& axis : presence_geometry_.leading) axis.step = 0;
    }

    const T* gather_presence(const Blocks::Block& block, const GatheredShape& shape,
                             Scratch<T>& scratch) const {
        static constexpr std::byte present{1};
        const Source source{&present, Element::boolean, 1};
        std::ptrdiff_t* const leading = scratch.leading_presence.reserve(presence_geometry_.leading_taps);
        leading_offsets(presence_geometry_, block.leading, leading);
        return gather(presence_geometry_, PlaneLayout(presence_geometry_, 1), source,
                      prepared_.kernel.reader(source.element), Fill<T>{}, leading, block.outputs, shape,
                      scratch.presence);
    }

    [[nodiscard]] bool meets_absent(const Rectangle& block, const std::ptrdiff_t* leading) const {
        const Geometry& geometry = prepared_.geometry;
        const auto beyond = [](const Axis& axis, std::ptrdiff_t first, std::ptrdiff_t count) {
            return axis.boundary == Boundary::constant && !axis.interior(first, count);
        };
        return beyond(geometry.row, block.row, block.rows) ||
               beyond(geometry.column, block.column, block.columns) ||
               std::find(leading, leading + geometry.leading_taps, absent) != leading + geometry.leading_taps;
    }

    void sum_present_terms(const Rectangle& block, int part, const Samples<T>& samples,
                           std::ptrdiff_t row_step, const T* presence, const Results<T>& results) const {
        const Sum<T> sum = programs_[static_cast<std::size_t>(part)].sum();
        for (std::ptrdiff_t row = 0; row < block.rows; ++row)
            for (std::ptrdiff_t column = 0; column < block.columns; ++column)
                results.data[row * results.pitch + column] =
                    sum_present(sum, samples, presence, call_.source.parts, row * row_step + column);
    }

    const DirectCall<T>& call_;
    Prepared<T> prepared_;
    Writer<T> writer_;
    std::vector<Scratch<T>> scratch_;
    std::vector<Program<T>> programs_;
    bool stores_directly_ = false, in_place_ = false, terms_may_be_absent_ = false;
    Geometry presence_geometry_;
};

}  // namespace

template <class T>
bool direct(const DirectCall<T>& call, int threads, const Interrupted& interrupted) {
    Convolution<T> convolution(call, std::max(threads, 1));
    return parallel_for(
        convolution.blocks(), threads,
        [&](std::ptrdiff_t index, int worker) { convolution.compute(index, worker); }, interrupted);
}

template bool direct(const DirectCall<float>&, int, const Interrupted&);
template bool direct(const DirectCall<double>&, int, const Interrupted&);
template bool direct(const DirectCall<std::uint64_t>&, int, const Interrupted&);

}  // namespace faltung
