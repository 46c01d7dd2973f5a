"""ONNX's own node tests: its convolutions are our correlations, for the same numbers."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import faltung as ft

onnx = pytest.importorskip("onnx", reason="ONNX is not installed, and no dependency")

Array = Any


@pytest.fixture(scope="module")
def nodes() -> dict[str, list[tuple[str, dict[str, Any], list[Array], list[Array]]]]:
    """Name, attributes, inputs and outputs of the tests of each operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = importlib.import_module("onnx.backend.test.case.node").collect_testcases(None)
    found: dict[str, list[Any]] = {}
    for case in cases:
        (node, *others) = case.model.graph.node
        if "Conv" in node.op_type and not others:
            attributes = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
            named = list(node.input)
            for inputs, outputs in case.data_sets:
                given = dict(zip([name for name in named if name], inputs, strict=True))
                found.setdefault(node.op_type, []).append(
                    (case.name, attributes, [given.get(name) for name in named], list(outputs))
                )
    return found


def words(attributes: dict[str, Any]) -> dict[str, Any]:
    """ONNX's attributes in our words."""
    said = {ours: list(attributes[theirs]) for theirs, ours in (("strides", "stride"), ("dilations", "dilation"))
            if theirs in attributes}  # fmt: skip
    automatic = attributes.get("auto_pad", b"NOTSET").decode()
    pads = attributes.get("pads")
    if automatic != "NOTSET":
        said["padding"] = automatic.lower()
    elif pads is not None:
        said["padding"] = list(zip(pads[: len(pads) // 2], pads[len(pads) // 2 :], strict=True))
    return {**said, "groups": attributes.get("group", 1)}


def conv(attributes: dict[str, Any], x: Array, w: Array, bias: Array = None) -> list[Array]:
    y = ft.tensor.correlate(x, w, bias=bias, **words(attributes))
    flipped = ft.tensor.convolve(x, np.flip(w, tuple(range(2, w.ndim))), bias=bias, **words(attributes))
    same_places = attributes.get("auto_pad", b"")[:4] != b"SAME" or all(k % 2 for k in w.shape[2:])
    if same_places:
        np.testing.assert_array_equal(flipped, y)
    return [y]


def conv_transpose(attributes: dict[str, Any], x: Array, w: Array, bias: Array = None) -> list[Array]:
    said, ndim = words(attributes), x.ndim - 2
    stride, dilation = (said.get(word, [1] * ndim) for word in ("stride", "dilation"))
    added = list(attributes.get("output_padding", [0] * ndim))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    full = [s * (n - 1) + r for s, n, r in zip(stride, x.shape[2:], reach, strict=True)]
    shape = attributes.get("output_shape")
    if "auto_pad" in attributes and shape is None:
        shape = [n * s for n, s in zip(x.shape[2:], stride, strict=True)]
    if shape is not None:  # ONNX's formula for the padding that gives this shape
        total = [n + more - length for n, more, length in zip(full, added, shape, strict=True)]
        upper = attributes.get("auto_pad") == b"SAME_UPPER"
        low = [t // 2 if upper else t - t // 2 for t in total]
        said["padding"] = [(a, t - a) for a, t in zip(low, total, strict=True)]
    return [ft.tensor.correlate_transposed(x, w, bias=bias, output_padding=added, **said)]


def conv_integer(attributes: dict[str, Any], x: Array, w: Array, x_zero: Array = 0, w_zero: Array = 0) -> list[Array]:
    return [ft.tensor.correlate_integer(x, w, x_zero_point=x_zero, w_zero_point=w_zero, **words(attributes))]


def causal(attributes: dict[str, Any], x: Array, w: Array, bias: Array = None, past: Array = None) -> list[Array]:
    """A depthwise layer on what came before and what comes now; the state is what the next call needs."""
    taps = w.shape[-1]
    before = np.zeros((*x.shape[:2], taps - 1), x.dtype) if past is None else past
    longer = np.concatenate([before, x], axis=2)
    y = ft.tensor.depthwise(longer, w[:, 0], bias=bias)
    if past is None:
        # Another Problem, so perhaps another algorithm: both are within half a unit of the sum, once rounded.
        _check("causal", [ft.tensor.depthwise(x, w[:, 0], bias=bias, padding="causal")], [y], w.size)
    if attributes.get("activation", b"none") != b"none":
        y = (y / (1 + np.exp(-y.astype(np.float64)))).astype(x.dtype)
    return [y, longer[..., longer.shape[2] - taps + 1 :]]


@pytest.mark.parametrize(
    ("operator", "ours", "least"),
    [("Conv", conv, 6), ("ConvTranspose", conv_transpose, 11), ("ConvInteger", conv_integer, 2)],
)
def test_nodes(nodes: Any, operator: str, ours: Callable[..., list[Array]], least: int) -> None:
    assert len(nodes[operator]) >= least
    for name, attributes, inputs, outputs in nodes[operator]:
        _check(name, ours(attributes, *inputs), outputs, inputs[1].size)


def test_causal_nodes(nodes: Any) -> None:
    if "CausalConvWithState" not in nodes:
        pytest.skip("this version of ONNX has no CausalConvWithState")
    for name, attributes, inputs, outputs in nodes["CausalConvWithState"]:
        _check(name, causal(attributes, *inputs), outputs, inputs[1].size)


def _check(name: str, found: list[Array], expected: list[Array], terms: int) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.shape == theirs.shape, name
        if theirs.dtype.kind == "i":
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        else:  # theirs is summed in its own type, with a rounding for each term, of which most are positive
            precision = np.finfo(theirs.dtype).eps * terms
            largest = float(abs(theirs).max(initial=0))
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=precision * largest, err_msg=name)
