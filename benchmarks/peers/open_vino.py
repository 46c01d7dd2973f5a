"""OpenVINO: the same graph as ONNX Runtime's, compiled for this processor in single precision."""

from __future__ import annotations

import openvino

from benchmarks.operands import Operands
from benchmarks.peers import Peer, Refusal
from benchmarks.peers.layers import layer
from benchmarks.peers.onnx_runtime import model
from benchmarks.rounds import Call
from faltung.task.problem import Problem

_threads = 1


def use_threads(count: int) -> None:
    """Threads of one request; models that are compiled later have them."""
    global _threads
    _threads = count


def conv(problem: Problem, operands: Operands) -> Call | Refusal:
    """The compiled model, called with an input that it shares."""
    asked = layer(problem, operands)
    if isinstance(asked, str):
        return asked
    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": _threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(core.read_model(model(asked)), "CPU", settings).create_infer_request()
    x = openvino.Tensor(asked.x, shared_memory=True)
    return lambda: request.infer([x], share_inputs=True, share_outputs=True)[0]


PEERS = (Peer("openvino", conv),)
