"""Overlap-save where one tile yields all outputs: what lies before and after the input shares its samples."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiles import KERNELS, LEVELS, PARTS, TILES, definition, row_unit, run, samples_of, share_of_bound


@st.composite
def whole_tiles(draw):
    """Inputs of which one tile yields all outputs, although what lies before and after shares samples."""
    kind = draw(st.sampled_from(["f4", "f8", "c8", "c16"]))
    ndim, level = draw(st.integers(1, 3)), draw(st.sampled_from(LEVELS))
    hold = draw(st.sampled_from([TILES, KERNELS, PARTS]))
    unit, most = row_unit(kind, level, hold), 60 if ndim == 1 else 12
    shape, taps, outputs, origin, tile = [], [], [], [], []
    for axis in range(ndim):
        n, k, count = draw(st.integers(1, most)), draw(st.integers(1, most)), draw(st.integers(1, 2 * most))
        before = draw(st.integers(0, k - 1))
        least = max(count + k - 1 - before, before + n, count, k)
        multiple = unit if axis == ndim - 1 else 1
        tile.append(min(m for m in (multiple * 3**b << a for a in range(12) for b in range(3)) if m >= least))
        shape.append(n), taps.append(k), outputs.append(count), origin.append(before)
    fill = draw(st.sampled_from([0.0, 1.5])) if kind[0] == "c" else 0.0
    return kind, level, hold, tile, shape, taps, outputs, origin, fill, draw(st.integers(0, 2**32 - 1))


@settings(max_examples=200, deadline=None)
@given(whole_tiles())
def test_both_sides_of_an_input_share_the_constant_samples_of_a_tile(case):
    kind, level, hold, tile, shape, taps, outputs, origin, fill, seed = case
    generator = np.random.default_rng(seed)
    x, w = samples_of(kind, (2, 3, *shape), generator), samples_of(kind, (6, *taps), generator)
    place = {"outputs": outputs, "boundary": ["constant"] * len(tile), "fill": fill}
    y, left = run(x, w, tile, offset=[0] * len(tile), origin=origin, kept=outputs, hold=hold, level=level, **place)
    assert left == []
    width = [(0, 0), (0, 0), *((0, n - s) for n, s in zip(tile, shape, strict=True))]
    norms = np.linalg.norm(np.pad(x, width, constant_values=fill).reshape(2, 3, -1).astype(w.dtype), axis=2)
    norms = np.repeat(norms, 2, axis=1).reshape(2, 6, *(1,) * len(tile))
    expected = definition(x, w, place | {"offset": [-before for before in origin]})
    assert share_of_bound(y, expected, w, np.broadcast_to(norms, y.shape), tile) < 1
