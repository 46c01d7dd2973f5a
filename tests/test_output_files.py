"""Files that the command line writes: whole, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faltung.cli import main

Run = Callable[..., str]


def test_existing_output_needs_force(refused: Run, done: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "y.npy"
    out.write_bytes(b"precious")
    assert refused("apply", array, "-k", "1;", "-o", out) == f"{out}: exists already; --force overwrites it"
    assert out.read_bytes() == b"precious"
    done("apply", array, "-k", "1;", "-o", out, "--force")
    np.testing.assert_array_equal(np.load(out), np.load(array))


def test_input_may_be_the_output(done: Run, array: Path) -> None:
    before = np.load(array)
    done("apply", array, "-k", "2;", "-o", array, "--force")
    np.testing.assert_array_equal(np.load(array), 2 * before)


def test_link_keeps_pointing(done: Run, array: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.npy", tmp_path / "link.npy"
    target.touch()
    link.symlink_to(target)
    done("apply", array, "-k", "1;", "-o", link, "--force")
    assert link.is_symlink()
    np.testing.assert_array_equal(np.load(target), np.load(array))


def test_output_folder_missing(refused: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "gone" / "y.npy"
    assert refused("apply", array, "-k", "1;", "-o", out) == f"{out}: there is no folder {out.parent} to write it in"


def test_output_is_a_folder(refused: Run, array: Path, tmp_path: Path) -> None:
    (tmp_path / "y.npy").mkdir()
    assert "is a folder" in refused("apply", array, "-k", "1;", "-o", tmp_path / "y.npy")


def test_output_below_a_file(refused: Run, array: Path) -> None:
    assert "there is no folder" in refused("apply", array, "-k", "1;", "-o", array / "y.npy")


def test_folder_that_refuses_files(refused: Run, array: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def deny(path: object, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT:  # permission bits do not stop root, who may run these tests
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", deny)
    out = tmp_path / "y.npy"
    assert refused("apply", array, "-k", "1;", "-o", out) == f"{out}: cannot be written: Permission denied"


def test_failure_while_writing_leaves_the_old_file(
    refused: Run, array: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "y.npy"
    out.write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    line = refused("apply", array, "-k", "1;", "-o", out, "--force")
    assert line == f"{out}: cannot be written: No space left on device"
    assert out.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]


def test_interrupt_leaves_nothing_behind(array: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    assert main(["apply", str(array), "-k", "1;", "-o", str(tmp_path / "y.npy")]) not in (0, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy"]


def test_file_mode_follows_the_umask(done: Run, array: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        done("apply", array, "-k", "1;", "-o", tmp_path / "y.npy")
    finally:
        os.umask(before)
    assert (tmp_path / "y.npy").stat().st_mode & 0o777 == 0o640


def test_escape_sequences_do_not_reach_the_terminal(done: Run, array: Path, tmp_path: Path) -> None:
    out = tmp_path / "[red]\x1b[2Jy.npy"
    printed = done("apply", array, "-k", "1;", "-o", out)
    assert "\x1b" not in printed
    assert "[red]�[2Jy.npy" in printed
