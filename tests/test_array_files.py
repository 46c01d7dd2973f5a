"""Arrays from .npy files: headers that lie, records, pickles."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Run = Callable[..., str]


def test_text_file_named_npy(refused: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.npy"
    source.write_text("not an array")
    assert "is no .npy file that can be read" in refused("apply", source, "-k", "1", "-o", tmp_path / "y.npy")


def npy_header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H", len(text) + 1) + text.encode() + b"\n"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,)}", f"claims {2**63} bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", f"claims {2**67} bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", "claims 24 bytes (shape (3,), float64), 16 are"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "claims -8 bytes"),
        ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (2,)}", "expected bool, integer, floating or complex"),
        ("{'descr': '<U2', 'fortran_order': False, 'shape': (2,)}", "expected bool, integer, floating or complex"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2,)}", "expected bool, integer, floating"),
        ("{'descr': '<f8', 'shape': (2,)}", "is no .npy file that can be read"),
        ("__import__('os').mkdir('canary')", "is no .npy file that can be read"),
        ("(" * 5000, "is no .npy file that can be read"),
    ],
)
def test_npy_header_that_lies(
    refused: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.npy").write_bytes(npy_header(header) + bytes(16))
    assert message in refused("apply", "x.npy", "-k", "1", "-o", "y.npy")
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


def test_npy_headers_of_python_2_are_read_without_a_word(done: Run, tmp_path: Path) -> None:
    header = npy_header("{'descr': '<f8', 'fortran_order': False, 'shape': (2L,)}")
    (tmp_path / "x.npy").write_bytes(header + np.array([1.0, 2.0]).tobytes())
    done("apply", tmp_path / "x.npy", "-k", "1 1", "-o", tmp_path / "y.npy")
    assert np.load(tmp_path / "y.npy").tolist() == [1, 3, 2]


def test_npy_of_an_unknown_version(refused: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.npy"
    source.write_bytes(npy_header("{}", b"\x07\x00"))
    line = refused("apply", source, "-k", "1", "-o", tmp_path / "y.npy")
    assert ".npy" in line
    assert "expected 1.0 or 2.0" in line or "can be read" in line


class Canary:
    """Leaves a file behind if it is ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_pickles_are_never_loaded(refused: Run, tmp_path: Path) -> None:
    source, canary = tmp_path / "x.npy", tmp_path / "canary"
    np.save(source, np.array([Canary(canary)], dtype=object), allow_pickle=True)
    pickle.loads(pickle.dumps(Canary(canary)))
    assert canary.exists(), "the canary must be able to sing"
    canary.unlink()
    line = refused("apply", source, "-k", "1", "-o", tmp_path / "y.npy")
    assert "holds object; expected bool, integer, floating or complex numbers" in line
    assert not canary.exists()
