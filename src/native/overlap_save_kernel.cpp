// One group of tiles: load, scale what is extreme, correlate, store what is finite.
#include <algorithm>
#include <cmath>

#include "overlap_save_tiles.hpp"
#include "power_of_two.hpp"
#include "transform.hpp"

namespace faltung::FALTUNG_LEVEL {
namespace {

template <class T>
void locate_group(const SpectraView<T>& spectra, const Tiles<T>& tiles, std::ptrdiff_t group, Tile* lane_tiles) {
    const std::ptrdiff_t instances = tiles.instances(), groups_of_filter = (instances - 1) / lanes<T> + 1;
    for (int l = 0; l < lanes<T>; ++l) {
        if (spectra.hold == Hold::tiles)
            locate(tiles, group / groups_of_filter, group % groups_of_filter * lanes<T> + l, lane_tiles[l]);
        else if (spectra.hold == Hold::kernels)
            locate(tiles, group / instances * lanes<T> + l, group % instances, lane_tiles[l]);
        else
            locate(tiles, group / instances, group % instances, lane_tiles[l]);
    }
}

template <class T>
void correlate_points(const SpectraView<T>& spectra, std::ptrdiff_t filter, Vector<T>* points) {
    const std::ptrdiff_t numbers = 2 * static_cast<std::ptrdiff_t>(spectra.points);
    const T* spectrum = spectra.spectra + filter * numbers * (spectra.hold == Hold::parts ? lanes<T> : 1);
    if (spectra.hold == Hold::tiles)
        return correlate<Shared<T>, T>(points, Shared<T>{spectrum}, spectra.stages, 0);
    if (spectra.hold == Hold::kernels)
        return correlate<Shared<T>, T>(points, PerLane<T>{spectrum}, spectra.stages, 0);
    split(points, spectra.points, spectra.splitting, false);
    correlate<PerLane<T>, T>(points, PerLane<T>{spectrum}, spectra.stages, 0);
    split(points, spectra.points, spectra.splitting, true);
}

template <class T>
void scale(Vector<T>* points, int count, const T* factors) {
    const Vector<T> by = load<T>(factors);
    for (int i = 0; i < 2 * count; ++i) points[i] *= by;
}

// The exponent that a lane is scaled down by: 0 for moderate samples.
template <class T>
int scaling_exponent(T peak) {
    const int exponent = std::isfinite(peak) ? exponent_above(peak) : 0;
    return std::abs(exponent) > moderate_exponent<T> ? exponent : 0;
}

// Scales each lane so that nothing can overflow or underflow, correlates, scales back.
template <class T>
void correlate_scaled(const SpectraView<T>& spectra, const Tile* lane_tiles, const T* peaks, Vector<T>* points) {
    T down[lanes<T>], up_first[lanes<T>], up_second[lanes<T>];
    bool moderate = true;
    for (int l = 0; l < lanes<T>; ++l) {
        const int exponent = scaling_exponent(peaks[l]);
        const int kernel = lane_tiles[l].exists ? spectra.exponents[lane_tiles[l].filter] : 0;
        const PowerOfTwo<T> up(exponent + kernel);
        down[l] = power_of_two<T>(-exponent);
        up_first[l] = up.first;
        up_second[l] = up.second;
        moderate = moderate && exponent == 0 && kernel == 0;
    }
    if (moderate) return correlate_points(spectra, lane_tiles[0].filter, points);
    scale(points, spectra.points, down);
    correlate_points(spectra, lane_tiles[0].filter, points);
    scale(points, spectra.points, up_first);
    scale(points, spectra.points, up_second);
}

// NaN if any is.
template <class T>
T largest(const T* peaks) {
    T most = peaks[0];
    for (int l = 1; l < lanes<T>; ++l)
        if (std::isnan(peaks[l]) || peaks[l] > most) most = peaks[l];
    return most;
}

template <class T>
void group_of_tiles(const SpectraView<T>& spectra, const Tiles<T>& tiles, std::ptrdiff_t group, Vector<T>* points,
                    unsigned char* left_out) {
    Tile lane_tiles[lanes<T>];
    T peaks[lanes<T>];
    bool kept[lanes<T>];
    locate_group(spectra, tiles, group, lane_tiles);
    load_tiles(tiles, lane_tiles, points, peaks);
    if (spectra.hold == Hold::parts) std::fill_n(peaks, lanes<T>, largest(peaks));
    bool any = false;
    for (int l = 0; l < lanes<T>; ++l) {
        kept[l] = lane_tiles[l].exists && std::isfinite(peaks[l]);
        any = any || kept[l];
        if (lane_tiles[l].exists && !kept[l])
            left_out[lane_tiles[l].filter * tiles.instances() + lane_tiles[l].instance] = 1;
    }
    if (!any) return;
    correlate_scaled(spectra, lane_tiles, peaks, points);
    store_tiles(tiles, lane_tiles, kept, points);
}

}  // namespace

int vector_bytes() { return FALTUNG_VECTOR_BYTES; }

void overlap_save_group(const SpectraView<float>& spectra, const Tiles<float>& tiles, std::ptrdiff_t group,
                        void* points, unsigned char* left_out) {
    group_of_tiles(spectra, tiles, group, static_cast<Vector<float>*>(points), left_out);
}

void overlap_save_group(const SpectraView<double>& spectra, const Tiles<double>& tiles, std::ptrdiff_t group,
                        void* points, unsigned char* left_out) {
    group_of_tiles(spectra, tiles, group, static_cast<Vector<double>*>(points), left_out);
}

}  // namespace faltung::FALTUNG_LEVEL
