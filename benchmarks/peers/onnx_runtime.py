"""ONNX Runtime: a graph of one node, Conv or ConvTranspose, whose kernel is a constant of the graph."""

from __future__ import annotations

import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.operands import Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.layers import Layer, layer
from benchmarks.rounds import Call
from faltung.task.problem import Problem

_threads = 1


def use_threads(count: int) -> None:
    """Threads within a node; sessions that are made later have them."""
    global _threads
    _threads = count


def conv(problem: Problem, operands: Operands) -> Call | Refusal:
    """The session, which has packed the kernel as it likes."""
    asked = layer(problem, operands)
    if isinstance(asked, str):
        return asked
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    session = onnxruntime.InferenceSession(model(asked), options, providers=["CPUExecutionProvider"])
    feed = {"x": asked.x}
    return lambda: session.run(None, feed)[0]


def model(asked: Layer) -> bytes:
    """The graph, serialized."""
    befores, afters = zip(*asked.padding, strict=True)
    node = helper.make_node(
        "ConvTranspose" if asked.transposed else "Conv",
        ["x", "w"],
        ["y"],
        strides=asked.stride,
        dilations=asked.dilation,
        group=asked.groups,
        pads=[*befores, *afters],
    )
    element = helper.np_dtype_to_tensor_dtype(asked.x.dtype)
    x = helper.make_tensor_value_info("x", element, asked.x.shape)
    y = helper.make_tensor_value_info("y", element, None)
    graph = helper.make_graph([node], "layer", [x], [y], [numpy_helper.from_array(asked.w, "w")])
    opset = helper.make_opsetid("", 17)
    made: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    return made


PEERS = (Peer("onnxruntime", conv),)
