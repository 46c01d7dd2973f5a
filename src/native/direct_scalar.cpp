#include "direct_scalar.hpp"

namespace faltung {
namespace {

__extension__ typedef unsigned __int128 Wide;

// Adds block sums pairwise, like a binary counter where a carry is an addition.
template <class T>
class PairwiseSum {
public:
    void add(T value) {
        for (std::ptrdiff_t carry = added_++; (carry & 1) != 0; carry >>= 1)
            value = pending_[--depth_] + value;
        pending_[depth_++] = value;
    }
    [[nodiscard]] T total() const {
        T total = pending_[depth_ - 1];
        for (int i = depth_ - 2; i >= 0; --i) total = pending_[i] + total;
        return total;
    }

private:
    T pending_[64];
    int depth_ = 0;
    std::ptrdiff_t added_ = 0;
};

// A sum of products of 64-bit magnitudes, in 192 bits.
struct Magnitude {
    Wide low = 0;
    std::uint64_t high = 0;

    void add(Wide product) {
        low += product;
        high += low < product ? 1 : 0;
    }
    [[nodiscard]] bool at_least(const Magnitude& other) const {
        return high != other.high ? high > other.high : low >= other.low;
    }
    [[nodiscard]] Magnitude minus(const Magnitude& other) const {
        return {low - other.low, high - other.high - (low < other.low ? 1 : 0)};
    }
    [[nodiscard]] bool at_most(std::uint64_t limit) const { return high == 0 && low <= limit; }
};

bool is_negative(std::uint64_t bits, bool has_sign) { return has_sign && (bits >> 63) != 0; }

std::uint64_t magnitude(std::uint64_t bits, bool negative) { return negative ? 0 - bits : bits; }

}  // namespace

template <class T>
T sum_present(const Sum<T>& sum, const Samples<T>& samples, const T* presence, int parts,
              std::ptrdiff_t origin) {
    PairwiseSum<T> total;
    T block{};
    const auto product = [&](T sample, T tap, std::ptrdiff_t plane, std::ptrdiff_t offset) {
        if (presence[plane / parts * samples.plane + offset] != T{}) block += sample * tap;
    };
    const auto end_of_block = [&] {
        total.add(block);
        block = T{};
    };
    walk(sum, samples, origin, product, end_of_block);
    return total.total();
}

bool sum_exactly(const Sum<std::uint64_t>& sum, const Samples<std::uint64_t>& samples, std::ptrdiff_t origin,
                 Signs has_sign, std::uint64_t& result) {
    Magnitude positive, negative;
    const auto product = [&](std::uint64_t sample, std::uint64_t tap, std::ptrdiff_t, std::ptrdiff_t) {
        const bool sample_negative = is_negative(sample, has_sign.samples);
        const bool tap_negative = is_negative(tap, has_sign.taps);
        const Wide term = Wide{magnitude(sample, sample_negative)} * magnitude(tap, tap_negative);
        (sample_negative == tap_negative ? positive : negative).add(term);
    };
    walk(sum, samples, origin, product, [] {});
    const bool below_zero = !positive.at_least(negative);
    const Magnitude size = below_zero ? negative.minus(positive) : positive.minus(negative);
    const std::uint64_t largest = has_sign.result ? UINT64_MAX / 2 : UINT64_MAX;
    const std::uint64_t limit = !below_zero ? largest : has_sign.result ? largest + 1 : 0;
    if (!size.at_most(limit)) return false;
    const auto bits = static_cast<std::uint64_t>(size.low);
    result = below_zero ? 0 - bits : bits;
    return true;
}

template float sum_present(const Sum<float>&, const Samples<float>&, const float*, int, std::ptrdiff_t);
template double sum_present(const Sum<double>&, const Samples<double>&, const double*, int, std::ptrdiff_t);
template std::uint64_t sum_present(const Sum<std::uint64_t>&, const Samples<std::uint64_t>&,
                                   const std::uint64_t*, int, std::ptrdiff_t);

}  // namespace faltung
