// faltung._native._core.OverlapSave: a kernel prepared for blocks of one length.
#include <nanobind/nanobind.h>

#include <bit>
#include <cmath>
#include <memory>
#include <string>
#include <variant>

#include "bindings.hpp"
#include "overlap_save.hpp"

namespace nb = nanobind;

namespace faltung {
namespace {

// Positions are sums of a few lengths and the offset: below this they cannot overflow.
constexpr std::ptrdiff_t farthest_offset = std::ptrdiff_t{1} << 60;

// A view through the buffer protocol, which knows strides that are no multiple of the item size.
class View {
public:
    View(nb::handle object, int flags) {
        if (PyObject_GetBuffer(object.ptr(), &buffer_, flags | PyBUF_STRIDES | PyBUF_FORMAT) != 0)
            throw nb::python_error();
    }
    ~View() { PyBuffer_Release(&buffer_); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    const Py_buffer* operator->() const { return &buffer_; }
    bool contiguous() const { return PyBuffer_IsContiguous(&buffer_, 'C') != 0; }

private:
    Py_buffer buffer_{};
};

// The letter of the struct module's format, native byte order only; 0 for anything else.
char format_letter(const char* format) {
    const std::string text = format ? format : "B";
    const std::size_t prefix = text.find_first_not_of(std::endian::native == std::endian::little ? "@=^<" : "@=^>!");
    return prefix != std::string::npos && text.size() == prefix + 1 ? text[prefix] : '\0';
}

Element sized(Element of_one_byte, std::ptrdiff_t bytes) {
    return static_cast<Element>(static_cast<int>(of_one_byte) + std::countr_zero(static_cast<std::size_t>(bytes)));
}

Element element_of(const View& view) {
    switch (format_letter(view->format)) {
        case '?': return Element::boolean;
        case 'b': case 'h': case 'i': case 'l': case 'q': return sized(Element::int8, view->itemsize);
        case 'B': case 'H': case 'I': case 'L': case 'Q': return sized(Element::uint8, view->itemsize);
        case 'e': return Element::float16;
        case 'f': return Element::float32;
        case 'd': return Element::float64;
        default: throw nb::type_error("OverlapSave: elements must be real numbers in native byte order");
    }
}

void require(bool condition, const char* message) {
    if (!condition) throw nb::value_error(message);
}

template <class T>
BlockFilter<T> filter_of(const View& kernel, int length) {
    const T* taps = static_cast<const T*>(kernel->buf);
    const std::ptrdiff_t count = kernel->shape[0];
    require(count >= 1 && count <= length, "OverlapSave: the kernel must have 1 to `length` taps");
    for (std::ptrdiff_t k = 0; k < count; ++k)
        require(std::isfinite(taps[k]), "OverlapSave: the kernel must be finite");
    return BlockFilter<T>(taps, static_cast<int>(count), length);
}

std::variant<BlockFilter<float>, BlockFilter<double>> any_filter(const View& kernel, std::int64_t length) {
    require(kernel->ndim == 1 && kernel.contiguous(), "OverlapSave: the kernel must be one-dimensional and contiguous");
    const bool power_of_two = length > 0 && std::has_single_bit(static_cast<std::size_t>(length));
    require(power_of_two && length >= shortest_block && length <= longest_block,
            "OverlapSave: length must be a power of two from 16 to 2**24");
    switch (element_of(kernel)) {
        case Element::float32: return filter_of<float>(kernel, static_cast<int>(length));
        case Element::float64: return filter_of<double>(kernel, static_cast<int>(length));
        default: throw nb::type_error("OverlapSave: the kernel must be float32 or float64");
    }
}

Level level_of(int level) {
    require(level >= 0 && level < static_cast<int>(level_names.size()) && supported(static_cast<Level>(level)),
            "OverlapSave: level must be the index of an instruction set that this processor has");
    return static_cast<Level>(level);
}

bool same_but_for(int axis, const View& input, const View& output) {
    if (input->ndim != output->ndim) return false;
    for (int d = 0; d < input->ndim; ++d)
        if (d != axis && input->shape[d] != output->shape[d]) return false;
    return true;
}

bool interrupted() {
    const nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

struct Continuation {
    std::ptrdiff_t offset;
    int boundary;
    double fill;
};

template <class T>
Lines<T> lines_of(const View& input, const View& output, int axis, Continuation outside) {
    const Element element = element_of(output);
    if (element != (sizeof(T) == 4 ? Element::float32 : Element::float64))
        throw nb::type_error("OverlapSave.run: the output must have the kernel's type");
    require(output.contiguous(), "OverlapSave.run: the output must be C-contiguous");
    require(axis >= 0 && axis < input->ndim, "OverlapSave.run: no such axis");
    require(same_but_for(axis, input, output), "OverlapSave.run: shapes may differ along the axis only");
    require(outside.offset > -farthest_offset && outside.offset < farthest_offset,
            "OverlapSave.run: offset is too large");
    require(outside.boundary >= 0 && outside.boundary <= static_cast<int>(Boundary::wrap),
            "OverlapSave.run: no such boundary");
    require(input->shape[axis] > 0 || outside.boundary == 0 || output->len == 0,
            "OverlapSave.run: an empty axis can only be continued by a constant");
    return {static_cast<const std::byte*>(input->buf), element_of(input), input->shape, input->strides, input->ndim,
            axis, outside.offset, static_cast<Boundary>(outside.boundary), static_cast<T>(outside.fill),
            static_cast<T*>(output->buf), output->shape[axis]};
}

class OverlapSave {
public:
    OverlapSave(nb::handle kernel, std::int64_t length, int level)
        : filter_(any_filter(View(kernel, PyBUF_SIMPLE), length)), level_(level_of(level)) {}

    int length() const {
        return std::visit([](const auto& filter) { return filter.length; }, filter_);
    }
    std::size_t taps() const {
        return std::visit([](const auto& filter) { return filter.taps.size(); }, filter_);
    }
    void run(nb::handle input, nb::handle output, int axis, std::ptrdiff_t offset, int boundary, double fill,
             int threads) const {
        const View from(input, PyBUF_SIMPLE), to(output, PyBUF_WRITABLE);
        require(threads >= 1, "OverlapSave.run: threads must be at least 1");
        std::visit([&](const auto& filter) { run_with(filter, from, to, axis, {offset, boundary, fill}, threads); },
                   filter_);
    }

private:
    template <class T>
    void run_with(const BlockFilter<T>& filter, const View& from, const View& to, int axis, Continuation outside,
                  int threads) const {
        const Lines<T> lines = lines_of<T>(from, to, axis, outside);
        bool complete = false;
        {
            const nb::gil_scoped_release no_gil;
            complete = overlap_save(filter, lines, level_, threads, interrupted);
        }
        if (!complete) throw nb::python_error();
    }

    std::variant<BlockFilter<float>, BlockFilter<double>> filter_;
    Level level_;
};

}  // namespace

void bind_overlap_save(nb::module_& module) {
    nb::class_<OverlapSave>(module, "OverlapSave", nb::is_final(),
                            "A real kernel prepared for correlation by transforms of blocks of `length` samples.\n\n"
                            "Immutable, and safe to share between threads.")
        .def(nb::init<nb::handle, std::int64_t, int>(), nb::arg("kernel"), nb::arg("length"), nb::arg("level"))
        .def_prop_ro("length", &OverlapSave::length)
        .def_prop_ro("taps", &OverlapSave::taps)
        .def("run", &OverlapSave::run, nb::arg("input"), nb::arg("output"), nb::arg("axis"), nb::arg("offset"),
             nb::arg("boundary"), nb::arg("fill"), nb::arg("threads"),
             "output[.., p, ..] = sum over k of input[.., p + offset + k, ..] * kernel[k], input continued.");
}

}  // namespace faltung
