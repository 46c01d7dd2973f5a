"""Named kernels: values against their formulas, and errors that name the parameter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import faltung as ft
from faltung import kernels


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def test_gaussian_is_sampled_and_normalised() -> None:
    kernel = kernels.gaussian(1.7)
    steps = np.arange(-7, 8)
    bell = np.exp(-(steps**2) / (2 * 1.7**2))
    assert kernel.shape == (15,)
    assert kernel.center == (7,)
    np.testing.assert_allclose(kernel.values, bell / bell.sum(), rtol=1e-14)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5, 7.0])
def test_gaussian_agrees_with_scipy(sigma: float) -> None:
    impulse = np.zeros(101)
    impulse[50] = 1
    smooth = ndimage.gaussian_filter1d(impulse, sigma)
    radius = kernels.gaussian(sigma).center[0]
    np.testing.assert_allclose(kernels.gaussian(sigma).values, smooth[50 - radius : 51 + radius], atol=1e-16)


def test_gaussian_takes_one_sigma_or_one_for_each_axis() -> None:
    assert kernels.gaussian(2, 3).shape == (17, 17, 17)
    uneven = kernels.gaussian((1, 3))
    assert uneven.shape == (9, 25)
    assert uneven.center == (4, 12)
    np.testing.assert_allclose(uneven.values, np.outer(kernels.gaussian(1), kernels.gaussian(3)), rtol=1e-15)


def test_gaussian_knows_its_factors() -> None:
    factors = kernels.gaussian((1, 2)).factors
    assert factors is not None
    assert [len(factor) for factor in factors] == [9, 17]


@pytest.mark.parametrize(("sigma", "truncate"), [(5.0, 4.0), (5.0, 2.0), (20.0, 3.0)])
def test_gaussian_states_the_mass_it_leaves_out(sigma: float, truncate: float) -> None:
    kernel = kernels.gaussian(sigma, truncate=truncate)
    all_steps = np.arange(-1000, 1001)
    mass = np.exp(-(all_steps**2) / (2 * sigma**2))
    left_out = mass[np.abs(all_steps) > kernel.center[0]].sum() / mass.sum()
    assert kernel.truncation_error == pytest.approx(left_out, rel=0.05)


def test_truncation_error_of_several_axes_is_that_of_their_product() -> None:
    one = kernels.gaussian(3, truncate=1).truncation_error
    two = kernels.gaussian(3, 2, truncate=1).truncation_error
    assert two == pytest.approx(1 - (1 - one) ** 2, rel=1e-12)
    tiny = kernels.gaussian(3, truncate=8).truncation_error
    assert kernels.gaussian(3, 2, truncate=8).truncation_error == pytest.approx(2 * tiny, rel=1e-9)
    assert tiny < 1e-15


def test_box_averages() -> None:
    assert kernels.box(4).values.tolist() == [0.25] * 4
    assert kernels.box(4).center == (1,)
    assert kernels.box((2, 3)).shape == (2, 3)
    assert kernels.box(3, 2).values.sum() == pytest.approx(1, abs=1e-15)


def test_exponential_weighs_by_age() -> None:
    kernel = kernels.exponential(5)
    assert kernel.center == (0,)
    assert kernel.values.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(kernel.values[5:] / kernel.values[:-5], np.full(45, math.exp(-1)), rtol=1e-12)
    assert kernel.truncation_error == pytest.approx(math.exp(-10))


def test_exponential_mean_age_is_the_documented_one() -> None:
    kernel = kernels.exponential(8, truncate=40)
    assert (kernel.values * np.arange(len(kernel.values))).sum() == pytest.approx(1 / math.expm1(1 / 8), rel=1e-9)


def test_exponential_never_looks_ahead() -> None:
    step = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    smooth = ft.convolve(step, kernels.exponential(2), mode="same")
    assert smooth[:3].tolist() == [0, 0, 0]
    assert 0 < smooth[3] < smooth[4] < 1


def test_sobel_is_positive_where_convolution_meets_a_rise() -> None:
    rising = np.add.outer(10 * np.arange(5), np.zeros(4, int))
    assert ft.convolve(rising, kernels.sobel(0), mode="valid").tolist() == [[80, 80]] * 3
    assert ft.correlate(rising, kernels.sobel(0), mode="valid").tolist() == [[-80, -80]] * 3
    assert ft.convolve(rising, kernels.sobel(1), mode="valid").tolist() == [[0, 0]] * 3


def test_sobel_agrees_with_scipy(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 255, (9, 11))
    ours = ft.convolve(picture, kernels.sobel(1), mode="same", boundary="symmetric")
    assert ours.tolist() == ndimage.sobel(picture, axis=1, mode="reflect").tolist()


def test_sobel_in_three_dimensions() -> None:
    kernel = kernels.sobel(-1, 3)
    assert kernel.values[1].tolist() == [[2, 0, -2], [4, 0, -4], [2, 0, -2]]
    assert kernel.dtype == np.int64


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_laplacian_agrees_with_scipy(ndim: int, rng: np.random.Generator) -> None:
    volume = rng.integers(0, 255, (7,) * ndim)
    ours = ft.convolve(volume, kernels.laplacian(ndim), mode="same", boundary="symmetric")
    assert ours.tolist() == ndimage.laplace(volume, mode="reflect").tolist()


def test_sharpen_is_identity_less_laplacian() -> None:
    expected = [[0, -0.5, 0], [-0.5, 3, -0.5], [0, -0.5, 0]]
    assert kernels.sharpen(0.5).values.tolist() == expected
    assert kernels.sharpen(0).values.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert kernels.sharpen(3, ndim=1).values.tolist() == [-3, 7, -3]


def test_emboss_lights_convolution_from_the_upper_left() -> None:
    bright = np.zeros((7, 7), int)
    bright[2:5, 2:5] = 10
    relief = ft.convolve(bright, kernels.emboss(), mode="same") - bright
    upper_left, lower_right = relief[1, 1], relief[5, 5]
    assert upper_left > 0 > lower_right
    turned = ft.correlate(bright, kernels.emboss(), mode="same") - bright
    assert turned.tolist() == (-relief).tolist()


def test_identity_changes_nothing(rng: np.random.Generator) -> None:
    volume = rng.random((3, 4, 5))
    assert ft.convolve(volume, kernels.identity(3), mode="same").tolist() == volume.tolist()


def test_integers_stay_integers() -> None:
    for kernel in (kernels.sobel(), kernels.laplacian(), kernels.emboss(), kernels.identity()):
        assert kernel.dtype == np.int64, kernel


def test_every_name_makes_a_kernel_of_that_name() -> None:
    arguments: dict[str, tuple[Any, ...]] = {"box": (3,), "exponential": (4,), "gaussian": (2,)}
    for name, function in kernels.NAMES.items():
        assert function(*arguments.get(name, ())).name == name
        assert getattr(kernels, name) is function


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kernels.gaussian(0), "sigma=0: expected a finite number above 0"),
        (lambda: kernels.gaussian(-1.5), "sigma=-1.5: expected a finite number above 0"),
        (lambda: kernels.gaussian(math.nan), "sigma=nan: expected a finite number above 0"),
        (lambda: kernels.gaussian("wide"), "sigma='wide': expected a finite number above 0"),
        (lambda: kernels.gaussian(1, truncate=math.inf), "truncate=inf: expected a finite number above 0"),
        (lambda: kernels.gaussian((1, 2), 3), "sigma=(1, 2): expected one value, or one for each of the ndim=3 axes"),
        (lambda: kernels.gaussian(1e12), "sigma=1000000000000.0: expected a kernel of fewer than 134217728 samples"),
        (lambda: kernels.gaussian(1, 0), "ndim=0: expected an integer from 1"),
        (lambda: kernels.gaussian(1, 70), "ndim=70: expected 1 to 62"),
        (lambda: kernels.box(0), "size=0: expected an integer from 1"),
        (lambda: kernels.box(2.5), "size=2.5: expected an integer of at least 1"),
        (lambda: kernels.exponential(0), "age=0: expected a finite number above 0"),
        (lambda: kernels.exponential(1e300), "age=1e+300: expected a kernel of fewer than"),
        (lambda: kernels.sobel(2), "axis=2: expected an integer from -2 to 1, an axis of ndim=2"),
        (lambda: kernels.sobel(0.0), "axis=0.0: expected an integer from -2 to 1"),
        (lambda: kernels.sharpen(math.inf), "amount=inf: expected a finite number"),
        (lambda: kernels.laplacian(True + 0.5), "ndim=1.5: expected an integer of at least 1"),
    ],
)
def test_bad_parameters_are_named(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        make()
    assert message in str(caught.value)


def test_a_kernel_of_a_kernel_knows_what_it_knew() -> None:
    known = kernels.gaussian(2.0, ndim=2)
    again = ft.Kernel(known)
    assert (again.center, again.name, again.truncation_error) == (known.center, known.name, known.truncation_error)
    assert again.factors == known.factors
    assert repr(ft.Kernel(known, (0, 1), "mine")) == f"Kernel mine, shape {known.shape}, center (0, 1)"


def test_normalising_keeps_the_floating_type() -> None:
    assert ft.Kernel(np.ones(3, np.float32)).normalize().dtype == np.float32
    assert ft.Kernel([1, 2]).normalize().dtype == np.float64


def test_options_as_arrays_are_options() -> None:
    box = kernels.box(3, ndim=2)
    assert isinstance(ft.convolve(box, box, stride=np.array([1, 1])), ft.Kernel)
    assert isinstance(ft.convolve(box, box, center=np.array([1, 1])), np.ndarray)
