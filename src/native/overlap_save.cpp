// Groups over threads, and the memory they need: the part that no instruction set changes.
#include "overlap_save.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>

namespace faltung {

void Free::operator()(void* memory) const { std::free(memory); }

Aligned allocate_aligned(std::size_t bytes) {
    Aligned memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    if (!memory) throw std::bad_alloc();
    return memory;
}

namespace {

// One piece per worker.
class Scratch {
public:
    Scratch(std::size_t bytes_each, int workers)
        : stride_((bytes_each + 63) / 64 * 64 + 64),  // an odd number of lines apart
          memory_(allocate_aligned(stride_ * static_cast<std::size_t>(workers))) {}
    void* of(int worker) const {
        return static_cast<std::byte*>(memory_.get()) + stride_ * static_cast<std::size_t>(worker);
    }

private:
    std::size_t stride_;
    Aligned memory_;
};

std::ptrdiff_t quotient_above(std::ptrdiff_t a, std::ptrdiff_t b) { return a / b + (a % b != 0); }

// The least e with Σ|w| < 2^e, found without overflow.
template <class T>
int sum_exponent(const T* numbers, std::ptrdiff_t count) {
    double largest = 0, sum = 0;
    for (std::ptrdiff_t k = 0; k < count; ++k) {
        const double size = std::abs(static_cast<double>(numbers[k]));
        largest = std::max(largest, size);
        sum += size;
    }
    if (largest == 0) return 0;
    if (sum >= 1e-300 && sum <= 1e300) return std::ilogb(sum) + 1;
    const int top = std::ilogb(largest);
    sum = 0;
    for (std::ptrdiff_t k = 0; k < count; ++k) sum += std::ldexp(std::abs(static_cast<double>(numbers[k])), -top);
    return top + std::ilogb(sum) + 1;
}

// Spectra of kernels in lanes become one after the other.
template <class T>
void separate(const T* points, std::ptrdiff_t numbers, std::ptrdiff_t lanes, std::ptrdiff_t kernels, T* spectra) {
    for (std::ptrdiff_t kernel = 0; kernel < kernels; ++kernel)
        for (std::ptrdiff_t i = 0; i < numbers; ++i) spectra[kernel * numbers + i] = points[i * lanes + kernel];
}

}  // namespace

template <class T>
Kernels<T>::Kernels(std::shared_ptr<const Transform<T>> transform, const T* taps, std::ptrdiff_t filters,
                    std::vector<std::ptrdiff_t> shape, std::vector<std::ptrdiff_t> origin, Hold hold, Level level)
    : transform_(std::move(transform)), filters_(filters), shape_(std::move(shape)), origin_(std::move(origin)),
      hold_(hold), level_(level) {
    std::ptrdiff_t numbers = transform_->is_real() ? 1 : 2;
    for (const std::ptrdiff_t extent : shape_) numbers *= extent;
    taps_.assign(taps, taps + filters * numbers);
    for (std::ptrdiff_t f = 0; f < filters; ++f) {
        const int exponent = sum_exponent(taps + f * numbers, numbers);
        exponents_.push_back(std::abs(exponent) > moderate_exponent<T> ? exponent : 0);
    }
}

template <class T>
bool Kernels<T>::transform_once(int threads, const Interrupted& interrupted) const {
    const std::lock_guard guard(computing_);
    if (!computed_) computed_ = compute(threads, interrupted);
    return computed_;
}

template <class T>
bool Kernels<T>::compute(int threads, const Interrupted& interrupted) const {
    const std::ptrdiff_t numbers = 2 * static_cast<std::ptrdiff_t>(transform_->points());
    const int bytes = FALTUNG_DISPATCH(level_, vector_bytes());
    const std::ptrdiff_t lanes = bytes / static_cast<std::ptrdiff_t>(sizeof(T));
    const std::ptrdiff_t at_once = hold_ == Hold::parts ? 1 : lanes, groups = quotient_above(filters_, at_once);
    const auto workers = static_cast<int>(std::min<std::ptrdiff_t>(threads, groups));
    const std::ptrdiff_t stored = hold_ == Hold::tiles ? filters_ : groups * lanes;
    spectra_ = allocate_aligned(static_cast<std::size_t>(stored * numbers) * sizeof(T));
    const Scratch scratch(hold_ == Hold::tiles ? static_cast<std::size_t>(numbers * bytes) : 0, workers);
    const std::ptrdiff_t parts = transform_->is_real() ? 1 : 2;
    const auto count = static_cast<std::ptrdiff_t>(taps_.size()) / filters_ / parts;
    const Task task = [&](std::ptrdiff_t group, int worker) {
        const std::ptrdiff_t first = group * at_once, kernels = std::min(at_once, filters_ - first);
        T* place = static_cast<T*>(spectra_.get()) + (hold_ == Hold::tiles ? first : group * lanes) * numbers;
        void* points = hold_ == Hold::tiles ? scratch.of(worker) : place;
        const TapsView<T> view{transform_->stages(), transform_->splitting(), transform_->samples().data(),
                               transform_->is_real(), static_cast<int>(shape_.size()), transform_->points(),
                               transform_->row_points(), transform_->row_pitch(), transform_->parts(), shape_.data(), origin_.data(), count,
                               taps_.data() + first * count * parts, kernels, exponents_.data() + first};
        FALTUNG_DISPATCH(level_, transform_kernels(view, points));
        if (hold_ == Hold::tiles) separate(static_cast<const T*>(points), numbers, lanes, kernels, place);
    };
    if (!parallel_for(groups, workers, task, interrupted)) return false;
    taps_ = {};
    return true;
}

template <class T>
std::ptrdiff_t Tiles<T>::instances() const {
    std::ptrdiff_t count = batch;
    for (int a = 0; a < rank; ++a) count *= axes[a].tiles();
    return count;
}

template <class T>
bool overlap_save(const Kernels<T>& kernels, const Tiles<T>& tiles, int threads, const Interrupted& interrupted,
                  unsigned char* left_out) {
    if (!kernels.transform_once(threads, interrupted)) return false;
    const Level level = kernels.level();
    const Transform<T>& transform = kernels.transform();
    const SpectraView<T> view{transform.stages(), transform.splitting(), transform.points(), kernels.hold(),
                              kernels.spectra(), kernels.exponents()};
    const int bytes = FALTUNG_DISPATCH(level, vector_bytes());
    const std::ptrdiff_t lanes = bytes / static_cast<std::ptrdiff_t>(sizeof(T)), instances = tiles.instances();
    const std::ptrdiff_t groups = view.hold == Hold::tiles     ? tiles.filters * quotient_above(instances, lanes)
                                  : view.hold == Hold::kernels ? quotient_above(tiles.filters, lanes) * instances
                                                               : tiles.filters * instances;
    if (groups == 0) return true;
    const auto workers = static_cast<int>(std::min<std::ptrdiff_t>(threads, groups));
    const Scratch scratch(2 * static_cast<std::size_t>(view.points) * static_cast<std::size_t>(bytes), workers);
    const Task task = [&](std::ptrdiff_t group, int worker) {
        FALTUNG_DISPATCH(level, overlap_save_group(view, tiles, group, scratch.of(worker), left_out));
    };
    return parallel_for(groups, workers, task, interrupted);
}

template class Kernels<float>;
template class Kernels<double>;
template struct Tiles<float>;
template struct Tiles<double>;
template bool overlap_save(const Kernels<float>&, const Tiles<float>&, int, const Interrupted&, unsigned char*);
template bool overlap_save(const Kernels<double>&, const Tiles<double>&, int, const Interrupted&, unsigned char*);

}  // namespace faltung
