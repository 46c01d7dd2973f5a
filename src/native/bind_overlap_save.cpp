// faltung._native._core.TileTransform, a transform of tiles, and OverlapSave, kernels prepared for it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/complex.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <complex>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "arguments.hpp"
#include "bindings.hpp"
#include "numpy_array.hpp"
#include "overlap_save.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

template <class T>
using Shared = std::shared_ptr<const Transform<T>>;

template <class T>
inline constexpr Element element_of = sizeof(T) == 4 ? Element::float32 : Element::float64;

class TileTransform {
public:
    // Axes of one sample after the last longer one are not transformed.
    TileTransform(std::vector<int> samples, bool is_real, bool is_double, int parts) : samples_(samples) {
        require(samples.size() + 2 <= most_axes, "TileTransform: too many axes");
        while (!samples.empty() && samples.back() == 1) samples.pop_back();
        require(parts >= 1 && parts <= 16 && (parts & (parts - 1)) == 0, "TileTransform: parts must be 1, 2, 4, 8 or 16");
        require(Transform<float>::possible(samples, is_real, parts),
                "TileTransform: samples must be 2^a 3^b, in all at most 2^25, and along the last axis longer than 1 a "
                "multiple of 4, or of 16 times the parts (of twice as much for real tiles)");
        if (is_double)
            transform_ = std::make_shared<const Transform<double>>(samples, is_real, parts);
        else
            transform_ = std::make_shared<const Transform<float>>(samples, is_real, parts);
    }
    const std::vector<int>& samples() const { return samples_; }
    const auto& transform() const { return transform_; }

private:
    std::vector<int> samples_;
    std::variant<Shared<float>, Shared<double>> transform_;
};

template <class T>
std::unique_ptr<const Kernels<T>> kernels_of(const Shared<T>& transform, const std::vector<int>& samples,
                                             const ArrayView& kernel, const Integers& origin, Hold hold, Level level) {
    const auto lanes = FALTUNG_DISPATCH(level, vector_bytes()) / static_cast<int>(sizeof(T));
    require(transform->parts() == (hold == Hold::parts ? lanes : 1),
            "OverlapSave: the transform must have a part for each lane, or only one");
    const int parts = transform->is_real() ? 1 : 2;
    if (kernel.element != element_of<T> || kernel.parts != parts)
        throw nb::type_error("OverlapSave: the kernel must have the transform's type");
    require(kernel.contiguous && kernel.aligned, "OverlapSave: the kernel must be C-contiguous");
    require(kernel.dimensions == static_cast<int>(samples.size()) + 1 && kernel.shape[0] > 0,
            "OverlapSave: the kernel must have an axis of filters and those of the tile");
    require(origin.size() == samples.size(), "OverlapSave: one origin for each axis is needed");
    std::ptrdiff_t numbers = parts * kernel.shape[0];
    for (std::size_t a = 0; a < samples.size(); ++a) {
        const std::ptrdiff_t extent = kernel.shape[a + 1];
        require(extent >= 1 && extent <= samples[a], "OverlapSave: the kernel must be 1 to the tile's samples long");
        require(origin[a] >= 0 && origin[a] < samples[a], "OverlapSave: the origin must lie in the tile");
        numbers *= extent;
    }
    const T* taps = reinterpret_cast<const T*>(kernel.data);
    T all_zero = 0;  // NaN unless every tap is finite
    for (std::ptrdiff_t k = 0; k < numbers; ++k) all_zero += taps[k] * 0;
    require(all_zero == 0, "OverlapSave: the kernel must be finite");
    const std::ptrdiff_t* shape = kernel.shape + 1;
    return std::make_unique<const Kernels<T>>(transform, taps, kernel.shape[0],
                                              Integers(shape, shape + transform->samples().size()), origin, hold, level);
}

// How the input goes on, and where outputs lie, along each axis of space.
struct Place {
    const Integers &offset, &boundary;
    std::complex<double> fill;
    const Integers& outputs;
};

TileAxis axis_of(const ArrayView& input, const ArrayView& output, const Place& place, std::ptrdiff_t samples,
                 std::size_t a) {
    require(place.outputs[a] >= 1 && place.outputs[a] <= samples,
            "OverlapSave.run: a tile has 1 output or more, and no more than samples");
    require(place.offset[a] > -(most << 20) && place.offset[a] < most << 20, "OverlapSave.run: offset is too large");
    require(place.boundary[a] >= 0 && place.boundary[a] <= static_cast<int>(Boundary::wrap),
            "OverlapSave.run: no such boundary");
    require(input.shape[a + 2] > 0 || place.boundary[a] == 0 || is_empty(output),
            "OverlapSave.run: an empty axis can only be continued by a constant");
    return {input.shape[a + 2], input.strides[a + 2], static_cast<Boundary>(place.boundary[a]), place.offset[a],
            output.shape[a + 2], 0, samples, place.outputs[a]};
}

template <class T>
void check_arrays(const Kernels<T>& kernels, const ArrayView& input, const ArrayView& output, std::size_t rank) {
    const int parts = kernels.transform().is_real() ? 1 : 2;
    if (output.element != element_of<T> || output.parts != parts)
        throw nb::type_error("OverlapSave.run: the output must have the kernel's type");
    if (input.parts != parts || (parts == 2 && input.element != element_of<T>))
        throw nb::type_error("OverlapSave.run: the input must be complex of the kernel's type, or real, as the kernel is");
    require(output.contiguous && output.aligned && output.writable,
            "OverlapSave.run: the output must be writable and C-contiguous");
    require(input.dimensions == static_cast<int>(rank) + 2 && output.dimensions == input.dimensions,
            "OverlapSave.run: input and output must have axes of batch, channels and space");
    require(input.shape[0] == output.shape[0] && output.shape[1] == kernels.filters(),
            "OverlapSave.run: batches or filters differ");
    require(input.shape[1] > 0 && kernels.filters() % input.shape[1] == 0,
            "OverlapSave.run: the channels must divide the filters");
}

// Strides of the contiguous output, in numbers; those of space go into the axes.
template <class T>
void set_output_strides(Tiles<T>& tiles, std::vector<TileAxis>& axes, std::ptrdiff_t parts) {
    std::ptrdiff_t stride = parts;
    for (std::size_t a = axes.size(); a-- > 0;) {
        axes[a].output_stride = stride;
        stride *= axes[a].output_length;
    }
    tiles.output_filter_stride = stride;
    tiles.output_batch_stride = stride * tiles.filters;
}

template <class T>
Tiles<T> tiles_of(const Kernels<T>& kernels, const ArrayView& input, const ArrayView& output, const Place& place) {
    const Transform<T>& transform = kernels.transform();
    Tiles<T> tiles{};
    tiles.input = input.data;
    tiles.element = input.element;
    tiles.fill[0] = static_cast<T>(place.fill.real());
    tiles.fill[1] = static_cast<T>(transform.is_real() ? place.fill.real() : place.fill.imag());
    tiles.output = reinterpret_cast<T*>(output.data);
    tiles.batch = input.shape[0];
    tiles.filters = kernels.filters();
    tiles.filters_in_channel = kernels.filters() / input.shape[1];
    tiles.input_batch_stride = input.strides[0];
    tiles.input_channel_stride = input.strides[1];
    tiles.row_axis = static_cast<int>(transform.samples().size()) - 1;
    tiles.row_points = transform.row_points();
    tiles.row_pitch = transform.row_pitch();
    tiles.part_positions = transform.parts() > 1 ? tiles.row_points : 0;
    tiles.imaginary_bytes = transform.is_real() ? 0 : static_cast<std::ptrdiff_t>(sizeof(T));
    tiles.imaginary_numbers = transform.is_real() ? 0 : 1;
    tiles.imaginary_positions = transform.is_real() ? tiles.row_points * transform.parts() : 0;
    return tiles;
}

// Where tiles were left out: (filter, batch, tile along each axis) as a flat index.
using LeftOut = std::vector<std::ptrdiff_t>;

template <class T>
LeftOut correlate(const Kernels<T>& kernels, const std::vector<int>& samples, const ArrayView& input,
                  const ArrayView& output, const Place& place, int threads) {
    check_arrays(kernels, input, output, samples.size());
    Tiles<T> tiles = tiles_of(kernels, input, output, place);
    std::vector<TileAxis> axes;
    for (std::size_t a = 0; a < samples.size(); ++a) axes.push_back(axis_of(input, output, place, samples[a], a));
    set_output_strides(tiles, axes, kernels.transform().is_real() ? 1 : 2);
    tiles.axes = axes.data();
    tiles.rank = static_cast<int>(axes.size());
    std::vector<unsigned char> flags(static_cast<std::size_t>(tiles.filters * tiles.instances()));
    bool complete = false;
    {
        const nb::gil_scoped_release no_gil;
        complete = overlap_save(kernels, tiles, threads, signals_pending, flags.data());
    }
    if (!complete) throw nb::python_error();
    LeftOut left;
    for (std::size_t i = 0; i < flags.size(); ++i)
        if (flags[i]) left.push_back(static_cast<std::ptrdiff_t>(i));
    return left;
}

class OverlapSave {
public:
    OverlapSave(const TileTransform& transform, nb::handle kernel, const Integers& origin, int hold, int level)
        : samples_(transform.samples()) {
        require(hold >= 0 && hold <= static_cast<int>(Hold::parts), "OverlapSave: lanes hold tiles, kernels or parts");
        const ArrayView view = view_of(kernel, "the kernel");
        const Level checked = check_level(level);
        std::visit([&](const auto& shared) { kernels_ = kernels_of(shared, samples_, view, origin, static_cast<Hold>(hold), checked); },
                   transform.transform());
    }

    LeftOut run(nb::handle input, nb::handle output, const Integers& offset, const Integers& boundary,
                std::complex<double> fill, const Integers& outputs, int threads) const {
        const ArrayView from = view_of(input, "the input"), to = view_of(output, "the output");
        require(offset.size() == samples_.size() && boundary.size() == samples_.size() &&
                    outputs.size() == samples_.size(),
                "OverlapSave.run: an offset, a boundary and a tile's outputs are needed for each axis");
        require(threads >= 1, "OverlapSave.run: threads must be at least 1");
        return std::visit(
            [&](const auto& kernels) { return correlate(*kernels, samples_, from, to, {offset, boundary, fill, outputs}, threads); },
            kernels_);
    }

private:
    std::vector<int> samples_;
    std::variant<std::unique_ptr<const Kernels<float>>, std::unique_ptr<const Kernels<double>>> kernels_;
};

}  // namespace

void bind_overlap_save(nb::module_& module) {
    nb::class_<TileTransform>(module, "TileTransform", nb::is_final(),
                              "The stages and roots of a transform of tiles of `samples` along each axis.\n\n"
                              "Immutable, and safe to share between threads.")
        .def(nb::init<std::vector<int>, bool, bool, int>(), nb::arg("samples"), nb::arg("is_real"), nb::arg("is_double"),
             nb::arg("parts"))
        .def_prop_ro("samples", &TileTransform::samples);
    nb::class_<OverlapSave>(module, "OverlapSave", nb::is_final(),
                            "Kernels, (filters, *kernel), prepared for correlation by transforms of tiles.\n\n"
                            "The lanes of a vector hold tiles of one kernel (0), tiles of several (1), or as many\n"
                            "parts of one tile (2). "
                            "Safe to share between threads; the first run computes the spectra.")
        .def(nb::init<const TileTransform&, nb::handle, const Integers&, int, int>(), nb::arg("transform"),
             nb::arg("kernel"), nb::arg("origin"), nb::arg("hold"), nb::arg("level"))
        .def("run", &OverlapSave::run, nb::arg("input"), nb::arg("output"), nb::arg("offset"), nb::arg("boundary"),
             nb::arg("fill"), nb::arg("outputs"), nb::arg("threads"),
             "output[b, f, p] = sum over k of input[b, c, p + offset - origin + k] * kernel[f, k], input continued, but for\n"
             "the tiles that hold NaN or infinity, whose flat indices (filter, batch, *tile) are returned. Of each\n"
             "tile the first `outputs` are kept along each axis: no more than samples - kernel + 1 unless a sample\n"
             "that the tile lacks equals the one that many samples before (its negative, in rows of a real tile).");
}

}  // namespace faltung
