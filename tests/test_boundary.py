"""Boundaries as index maps: NumPy's own padding is the measure, at any reach."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import faltung as ft
from faltung.meaning import boundary as boundaries
from faltung.meaning.boundary import BOUNDARIES, Boundary, index_map, source_index

CONTINUED: tuple[Boundary, ...] = ("edge", "reflect", "symmetric", "wrap")
ABSENT: tuple[Boundary, ...] = ("constant", "normalize")


def test_these_are_all() -> None:
    assert set(CONTINUED) | set(ABSENT) == set(BOUNDARIES) == set(get_args(Boundary))


@pytest.mark.parametrize("boundary", CONTINUED)
@pytest.mark.parametrize("n", range(1, 8))
def test_the_map_is_that_of_numpy_pad(boundary: Boundary, n: int) -> None:
    for reach in range(5 * n + 2):
        expected = np.pad(np.arange(n), reach, mode=boundary)  # type: ignore[call-overload]
        assert_array_equal(index_map(boundary, n, -reach, n + 2 * reach), expected)


@pytest.mark.parametrize("boundary", ABSENT)
def test_nothing_is_read_where_nothing_is(boundary: Boundary) -> None:
    assert_array_equal(index_map(boundary, 3, -2, 7), [-1, -1, 0, 1, 2, -1, -1])


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_one_position_and_many_agree(boundary: Boundary, n: int) -> None:
    single = [source_index(boundary, at, n) for at in range(-17, 23)]
    assert_array_equal(index_map(boundary, n, -17, 40), [-1 if i is None else i for i in single])


@pytest.mark.parametrize("boundary", CONTINUED)
def test_far_positions_stay_inside(boundary: Boundary) -> None:
    for at in (-(2**61), 2**61, -(10**30), 10**30):
        index = source_index(boundary, at, 7)
        assert index is not None
        assert 0 <= index < 7


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_no_positions_read_nothing(boundary: Boundary) -> None:
    assert index_map(boundary, 4, -3, 0).shape == (0,)


@pytest.mark.parametrize(("word", "ours"), [(word, ours) for word, (_, ours) in boundaries._ELSEWHERE.items()])
def test_words_of_other_libraries_are_told_ours(word: Any, ours: str) -> None:
    for spelled in (word, word.upper()):
        with pytest.raises(ValueError, match=f"boundary='{spelled}' is .*'{ours}'$"):
            ft.convolve([1.0], [1.0], boundary=spelled)


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("mirror", "reflect"),  # scipy.ndimage
        ("nearest", "edge"),
        ("grid-mirror", "symmetric"),
        ("grid-wrap", "wrap"),
        ("symm", "symmetric"),  # scipy.signal
        ("fill", "constant"),
        ("replicate", "edge"),  # PyTorch
        ("circular", "wrap"),
        ("BORDER_REFLECT_101", "reflect"),  # OpenCV
        ("BORDER_REFLECT", "symmetric"),
    ],
)
def test_the_words_that_people_bring(word: Any, ours: str) -> None:
    with pytest.raises(ValueError, match=f"'{ours}'$"):
        boundaries.check(word)


@pytest.mark.parametrize("word", ["Reflect", "same", "", None, 1, b"edge"])
def test_other_words_are_told_all_of_ours(word: Any) -> None:
    with pytest.raises(ValueError, match="expected 'constant', 'edge', 'reflect', 'symmetric', 'wrap' or 'normalize'"):
        boundaries.check(word)
