"""Every message of `faltung.jax`, word for word: ``golden/jax_errors.txt``."""

from __future__ import annotations

import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed")

import faltung.jax as ftj  # noqa: E402
from faltung.jax import errors  # noqa: E402
from tests.golden_errors import golden, messages, told  # noqa: E402

CALLS = golden("jax_errors")
WORDS = {"jnp": jax.numpy, "ftj": ftj, "x": jax.numpy.ones((1, 1, 4)), "w": jax.numpy.ones((1, 1, 2))}


@pytest.mark.parametrize(("call", "expected"), CALLS, ids=[call for call, _ in CALLS])
def test_message(call: str, expected: str) -> None:
    assert told(call, WORDS) == expected


def test_every_message_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    every, reached = messages([errors], monkeypatch)
    for call, _ in CALLS:
        told(call, WORDS)
    assert reached == every
