"""What ``--kernel`` says: a name with parameters, numbers written out, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faltung import kernels
from faltung.cli import array_file, literal, named, photograph, sound
from faltung.cli.command_error import CommandError, told_by_the_library
from faltung.task.kernel import Kernel

_FILES = (".npy", ".wav", *photograph.SUFFIXES)


@dataclass(frozen=True)
class Subject:
    """What the kernel will meet: its noun, the axes it offers, and a sound's rate."""

    noun: str
    ndim: int
    axes: str
    rate: int | None = None


@dataclass(frozen=True)
class KernelArgument:
    """Kernels to convolve with: one, or one for each channel of a sound."""

    operands: tuple[Any, ...]
    description: str


def resolve(text: str, subject: Subject) -> KernelArgument:
    """The kernel that ``text`` means for ``subject``, checked to have as many axes."""
    if text.partition(":")[0] in kernels.NAMES:
        kernel = named.make(text, subject.ndim)
        found = KernelArgument((kernel,), f"{text}, shape {kernel.shape}, center {kernel.center}")
    elif Path(text).suffix.lower() in _FILES:
        found = _from_file(Path(text), subject)
    elif literal.looks_like_numbers(text):
        # A list, unlike an array, takes the type of what it meets.
        numbers = literal.parse(text)
        found = KernelArgument((numbers,), f"{text.strip()}, shape {np.shape(numbers)}")
    else:
        named.find(text.partition(":")[0])  # says what is known instead
        raise AssertionError("unreachable: a known name was handled above")
    _check_axes(text, found, subject)
    return found


def _from_file(path: Path, subject: Subject) -> KernelArgument:
    suffix = path.suffix.lower()
    if suffix == ".npy":
        values = array_file.read(path)
        return KernelArgument((values,), f"{path}, shape {values.shape}, {values.dtype}")
    if suffix == ".wav":
        return _response(path, subject)
    picture = photograph.read(path)
    with told_by_the_library():
        kernel = Kernel(photograph.grey(picture), name=path.name).normalize()
    return KernelArgument((kernel,), f"{path}, {picture.description}, as grey, divided by its sum")


def _response(path: Path, subject: Subject) -> KernelArgument:
    response = sound.read(path)
    if subject.rate is None:
        raise CommandError(
            f"kernel {path}: is a sound, which only sounds are convolved with; {subject.noun} takes numbers, a name, "
            "a .npy file or a picture"
        )
    if response.rate != subject.rate:
        raise CommandError(
            f"kernel {path}: has {response.rate} samples a second, {subject.noun} has {subject.rate}; "
            "expected the same rate: resample one of them"
        )
    return KernelArgument(tuple(response.samples), f"{path}, {response.description}")


def _check_axes(text: str, found: KernelArgument, subject: Subject) -> None:
    shape = np.shape(found.operands[0])
    if len(shape) != subject.ndim:
        raise CommandError(
            f"kernel {text!r} has {_axes(len(shape))} (shape {shape}), {subject.noun} has {subject.ndim} "
            f"({subject.axes}); {_mend(len(shape), subject)}"
        )


def _axes(count: int) -> str:
    return "1 axis" if count == 1 else f"{count} axes"


def _mend(count: int, subject: Subject) -> str:
    if subject.noun == "the array":
        return "--axes says along which of them the kernel's lie"
    if count == 1:
        return "expected e.g. '1 2 1;' for a row, '1; 2; 1' for a column"
    return "expected a kernel with one, e.g. '1 2 1' or gaussian:sigma=3"
