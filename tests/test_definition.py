"""The definition against results worked out by hand and against NumPy."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import faltung as ft
from faltung.meaning.definition import feature_map

INF, NAN = np.inf, np.nan
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
BOUNDARIES = ("constant", "edge", "reflect", "symmetric", "wrap")


def convolve(x: Any, w: Any, mode: Any = "full", **options: Any) -> Any:
    return ft.convolve(x, w, mode, method="definition", **options)


def correlate(x: Any, w: Any, mode: Any = "full", **options: Any) -> Any:
    return ft.correlate(x, w, mode, method="definition", **options)


# modes and centres -------------------------------------------------------------------------


def test_convolution_flips_and_correlation_does_not() -> None:
    assert_array_equal(convolve([1, 2, 3], [0, 1, 10]), [0, 1, 12, 23, 30])
    assert_array_equal(correlate([1, 2, 3], [0, 1, 10]), [10, 21, 32, 3, 0])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("length", range(1, 8))
def test_modes_are_those_of_numpy(mode: Any, length: int) -> None:
    x, w = np.arange(1, 8), 1 + np.arange(length) ** 2
    assert_array_equal(convolve(x, w, mode), np.convolve(x, w, mode))
    assert_array_equal(correlate(x, w, mode), np.correlate(x, w, mode))


@pytest.mark.parametrize("operation", [convolve, correlate])
def test_same_has_the_shape_of_the_input(operation: Any) -> None:
    x, w = np.arange(8).reshape(2, 4), [[0, 0, 0], [0, 3, 0], [0, 0, 0]]
    assert_array_equal(operation(x, w, "same"), 3 * x)


def test_the_centre_of_an_odd_kernel_is_its_middle() -> None:
    assert_array_equal(convolve([1, 2, 4, 8], [1, 0, 100], "same"), [2, 104, 208, 400])
    assert_array_equal(correlate([1, 2, 4, 8], [1, 0, 100], "same"), [200, 401, 802, 4])


def test_the_centre_of_an_even_kernel() -> None:
    # convolve: (K - 1) // 2 = 0, so output p is x[p] + 10 x[p - 1];
    # correlate: K // 2 = 1, so output p is x[p - 1] + 10 x[p].
    assert_array_equal(convolve([1, 2, 4, 8], [1, 10], "same"), [1, 12, 24, 48])
    assert_array_equal(correlate([1, 2, 4, 8], [1, 10], "same"), [10, 21, 42, 84])


@pytest.mark.parametrize("center", range(3))
def test_a_centre_said_outright_moves_same_alone(center: int) -> None:
    x, w = np.arange(1, 7), np.array([2, 3, 5])
    full = np.convolve(x, w)
    assert_array_equal(convolve(x, w, "same", center=center), full[center : center + 6])
    assert_array_equal(convolve(x, w, "full", center=center), full)
    assert_array_equal(convolve(x, w, "valid", center=center), full[2:-2])


def test_a_dilated_centre_lies_on_its_element() -> None:
    # d * m = 3 * 1 before, so output p is x[p + 3] + 10 x[p] + 100 x[p - 3].
    assert_array_equal(convolve([1, 2, 3, 4, 5], [1, 10, 100], "same", dilation=3), [14, 25, 30, 140, 250])


def test_strides_start_at_the_first_output() -> None:
    x, w = np.arange(1, 9), [1, 2, 4]
    for mode in ("full", "same", "valid"):
        assert_array_equal(convolve(x, w, mode, stride=3), convolve(x, w, mode)[::3])


def test_without_axes_it_is_a_product() -> None:
    assert convolve(2, 3) == 6
    assert correlate(2.0, 3j) == -6j


# boundaries --------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 9, 14])
def test_boundaries_are_those_of_numpy_pad(boundary: Any, length: int) -> None:
    x, w = np.array([3, 1, 4, 1]), np.arange(1, length + 1)
    beyond = length - 1
    padded = np.pad(x, beyond, mode=boundary)
    assert_array_equal(convolve(x, w, boundary=boundary), np.convolve(padded, w, "valid"))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_one_sample_goes_on_forever(boundary: Any) -> None:
    expected = {"constant": [7, 14, 21]}.get(boundary, [42, 42, 42])
    assert_array_equal(convolve([7], [1, 2, 3], boundary=boundary), expected)


def test_each_axis_has_its_own_boundary() -> None:
    x, w = np.array([[1, 2], [3, 4]]), [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    padded = np.pad(np.pad(x, ((1, 1), (0, 0)), "edge"), ((0, 0), (1, 1)), "wrap")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    assert_array_equal(convolve(x, w, "same", boundary=("edge", "wrap")), windows.sum((2, 3)))


def test_a_fill_value_is_read_beyond_the_edges() -> None:
    assert_array_equal(convolve([1, 2], [1, 1, 1], fill_value=10), [21, 13, 13, 22])
    assert_array_equal(convolve([1.0, 2.0], [1.0, 1.0], fill_value=NAN), [NAN, 3, NAN])


# what occurs, and what does not ------------------------------------------------------------


def test_absent_terms_do_not_occur() -> None:
    # A NaN weight spoils only the outputs where it meets a sample.
    assert_array_equal(convolve([1.0, 2.0], [1.0, 1.0, NAN]), [1, 3, NAN, NAN])
    assert_array_equal(convolve([1.0, 2.0], [1.0, INF]), [1, INF, INF])


def test_a_weight_of_zero_occurs() -> None:
    assert_array_equal(convolve([1.0, INF, 1.0], [0.0, 1.0], "same"), [0, NAN, INF])
    assert_array_equal(convolve([1.0, 2.0], [0.0, 1.0], fill_value=INF), [INF, 1, NAN])


def test_nan_and_infinity_spread_over_the_kernel_alone() -> None:
    x = np.ones(9)
    x[4] = NAN
    assert_array_equal(np.isnan(convolve(x, np.ones(3), "same")), [0, 0, 0, 1, 1, 1, 0, 0, 0])
    assert_array_equal(convolve([INF, 0.0, -INF], [1.0, 1.0, 1.0], "same"), [INF, NAN, -INF])


def test_the_gaps_of_the_input_dilation_do_not_occur() -> None:
    problem = ft.Problem.parse("convolve x=f64[3] w=f64[2] mode=full input_dilation=2")
    y = _evaluate(problem, [1.0, 2.0, 3.0], [NAN, 1.0])
    assert_array_equal(y, [NAN, 1, NAN, 2, NAN, 3])


def _evaluate(problem: ft.Problem, x: Any, w: Any) -> Any:
    operands = (np.asarray(operand).reshape(1, 1, *np.shape(operand)) for operand in (x, w))
    return feature_map(*operands, problem.sum, problem.result_dtype)[0, 0]


def test_channels_are_summed_and_groups_kept_apart() -> None:
    x = np.array([[[1, 2], [10, 20], [100, 200], [1000, 2000]]])
    w = np.array([[[1], [2]], [[3], [4]]])
    problem = ft.Problem.parse("correlate x=i64[1,4|2] w=i64[2,2|1] groups=2 mode=same")
    y = feature_map(x, w, problem.sum, problem.result_dtype)
    assert_array_equal(y, [[[21, 42], [4300, 8600]]])


# complex numbers ---------------------------------------------------------------------------


def test_correlation_conjugates_the_kernel() -> None:
    x, w = np.array([1 + 2j, 3 - 1j, 2j]), np.array([1j, 2 - 1j])
    for mode in ("full", "same", "valid"):
        assert_array_equal(correlate(x, w, mode), np.correlate(x, w, mode))
        assert_array_equal(convolve(x, w, mode), np.convolve(x, w, mode))


def test_a_product_is_four_real_ones() -> None:
    y = convolve(np.array([complex(INF, 1)]), np.array([complex(1, 2)]))[0]
    assert (y.real, y.imag) == (INF - 2, INF)
    y = convolve(np.array([complex(INF, NAN)]), np.array([complex(1, 0)]))[0]
    assert np.isnan(y.real)
    assert np.isnan(y.imag)  # C's rules would repair this to an infinity


def test_a_real_operand_stays_real() -> None:
    y = convolve(np.array([INF]), np.array([1 + 2j]))[0]
    assert (y.real, y.imag) == (INF, INF)  # with a term 0j it would be NaN
    y = correlate(np.array([complex(INF, 1)]), np.array([2.0]))[0]
    assert (y.real, y.imag) == (INF, 2)


# exact numbers -----------------------------------------------------------------------------


def test_fractions_are_exact() -> None:
    assert list(convolve([HALF, 1], [THIRD, HALF])) == [Fraction(1, 6), Fraction(7, 12), HALF]
    assert list(convolve([HALF, 1], [1, 2])) == [HALF, 2, 2]


def test_fractions_beside_floats_become_floats() -> None:
    assert list(convolve([HALF, 1], [1.5])) == [0.75, 1.5]
    assert list(convolve([HALF], np.array([1.5]), dtype=float)) == [0.75]


def test_decimals_are_decimals() -> None:
    assert list(convolve([Decimal("0.1"), Decimal("0.2")], [1, 1])) == [Decimal(s) for s in ("0.1", "0.3", "0.2")]


def test_python_integers_are_exact_at_any_size() -> None:
    assert list(convolve([2**64, 1], [2**64, -1])) == [2**128, 0, -1]
    assert convolve(np.array([2**40]), np.array([2**40]), dtype=object)[0] == 2**80


@pytest.mark.parametrize(("largest", "fits"), [(2**31, True), (2**32, False)])
def test_integers_are_exact_or_an_error(largest: int, fits: bool) -> None:
    x = np.array([largest, 1 - largest])
    if fits:
        assert_array_equal(convolve(x, [2**31, 2**31 - 1]), [2**62, -largest + 2**31, (1 - largest) * (2**31 - 1)])
    else:
        with pytest.raises(OverflowError):
            convolve(x, [2**31, 2**31 - 1])


def test_only_the_result_must_fit() -> None:
    x = np.array([2**62, 2**62])
    assert convolve(x, [2, -2], "valid") == [0]
    assert convolve(np.array([100, 100], np.uint8), np.array([1, 2], np.uint8), dtype=np.int16)[1] == 300


def test_complex_objects_stay_complex_numbers() -> None:
    y = convolve(np.array([1j, 2], object), [1, 1])
    assert list(y) == [1j, 2 + 1j, 2]
    assert {type(value) for value in y} == {complex, int}


def test_unsigned_integers_stay_unsigned_only_among_themselves() -> None:
    largest = np.array([2**64 - 1], np.uint64)
    assert convolve(largest, np.array([1], np.uint8)).dtype == np.uint64
    assert convolve(np.array([200, 200], np.uint8), np.array([1, 1], np.uint8)).tolist() == [200, 400, 200]
    with pytest.raises(OverflowError):
        convolve(largest, np.array([1], np.int8))


# renormalised sums -------------------------------------------------------------------------


def test_normalize_scales_by_the_weights_present() -> None:
    x, w = np.array([2.0, 4.0, 6.0]), [1.0, 2.0, 1.0]
    # W = 4; at the first output 2 * 2 + 1 * 4 over the weights 2 + 1.
    assert_array_equal(convolve(x, w, "same", boundary="normalize"), [4 * 8 / 3, 16, 4 * 16 / 3])


def test_omit_leaves_out_missing_samples() -> None:
    x, w = np.array([1.0, NAN, 3.0, NAN, NAN, NAN]), [1.0, 1.0, 1.0]
    # Beyond the edges the fill of 0 counts as present.
    y = convolve(x, w, "same", nan_policy="omit")
    assert_array_equal(y, [3 * 1 / 2, 3 * 4 / 2, 9, 9, NAN, 0])


def test_missing_samples_follow_the_boundary() -> None:
    y = convolve([NAN, 2.0, 4.0], [1.0, 1.0, 1.0], "same", boundary="edge", nan_policy="omit")
    assert_array_equal(y, [6, 9, 10])


def test_interiors_are_unchanged() -> None:
    x, w = np.arange(6.0), [0.5, 2.0, 1.0]
    assert_array_equal(convolve(x, w, "same", boundary="normalize")[1:-1], convolve(x, w, "valid"))


def test_a_weight_of_zero_does_not_count_as_present() -> None:
    y = convolve([NAN, 5.0], [1.0, 0.0], "valid", nan_policy="omit")
    assert_array_equal(y, [5.0])
    y = convolve([5.0, NAN], [1.0, 0.0], "valid", nan_policy="omit")
    assert_array_equal(y, [NAN])


def test_masked_samples_are_omitted_and_empty_windows_masked() -> None:
    x = np.ma.masked_array([1.0, 2.0, 3.0, 4.0], [False, True, True, True])
    y = convolve(x, [1.0, 1.0, 1.0], "same", boundary="edge")
    assert_array_equal(np.ma.getmaskarray(y), [False, False, True, True])
    assert_array_equal(y.compressed(), [3, 3])


def test_masked_input_keeps_its_other_nan() -> None:
    x = np.ma.masked_array([NAN, 2.0, 3.0], [False, False, True])
    y = convolve(x, [1.0, 1.0], "valid")
    assert_array_equal(y.data, [NAN, 4])
    assert_array_equal(np.ma.getmaskarray(y), [False, False])
