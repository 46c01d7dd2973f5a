"""``faltung apply``: read a photograph, a sound or an array, convolve it, write it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faltung.cli import array_file, convolving, kernel_argument, photograph, sound
from faltung.cli.command_error import CommandError
from faltung.cli.convolving import Outcome, Way
from faltung.cli.kernel_argument import Subject
from faltung.cli.replacement import check_writable
from faltung.meaning.extent import Operation

Report = list[tuple[str, str]]
"""What was done, as pairs of a short label and a line."""


@dataclass(frozen=True)
class Request:
    """What the user asked for; mode and boundary None where the kind of file decides."""

    source: Path
    target: Path
    kernel: str
    operation: Operation = "convolve"
    mode: str | None = None
    boundary: str | None = None
    axes: tuple[int, ...] | None = None
    keep_float: bool = False
    force: bool = False

    def way(self, mode: str, boundary: str) -> Way:
        """How to convolve, with this kind of file's defaults where the user said nothing."""
        return Way(self.operation, self.mode or mode, self.boundary or boundary)


def apply(request: Request) -> Report:
    """Do what ``request`` asks and say what was done."""
    kinds: dict[str, tuple[tuple[str, ...], Callable[[Request], Report]]] = {
        **dict.fromkeys(photograph.SUFFIXES, (photograph.SUFFIXES, _to_photograph)),
        ".wav": ((".wav",), _to_sound),
        ".npy": ((".npy",), _to_array),
    }
    suffix = request.source.suffix.lower()
    if suffix not in kinds:
        raise CommandError(f"{request.source}: {_unknown(suffix)}; expected {_listed(kinds)}")
    targets, job = kinds[suffix]
    _check_target(request, (".npy",) if request.keep_float else targets)
    check_writable(request.target, request.force)
    if request.axes is not None and suffix != ".npy":
        raise CommandError("--axes: only arrays (.npy) take it; a photograph has rows and columns, a sound has time")
    return job(request)


def _check_target(request: Request, suffixes: Sequence[str]) -> None:
    suffix = request.target.suffix.lower()
    if suffix in suffixes:
        return
    why = "with --keep-float" if request.keep_float else f"for {request.source.name}"
    hint = "; .npy needs --keep-float" if suffix == ".npy" else ""
    raise CommandError(f"{request.target}: {_unknown(suffix)} {why}; expected {_listed(suffixes)}{hint}")


def _unknown(suffix: str) -> str:
    return f"the extension {suffix!r} does not serve" if suffix else "a name without an extension does not serve"


def _listed(suffixes: Sequence[str] | dict[str, Any]) -> str:
    *words, last = suffixes
    return f"{', '.join(words)} or {last}" if words else last


def _to_photograph(request: Request) -> Report:
    picture = photograph.read(request.source)
    if not request.keep_float:
        photograph.check_holds(request.target, picture)
    kernel = kernel_argument.resolve(request.kernel, Subject("a photograph", 2, "rows and columns"))
    way = request.way("same", "symmetric")
    outcome = convolving.convolve(picture.light, _in_type_of(picture.light, kernel.operands[0]), way, (0, 1))
    result = replace(picture, light=outcome.values, note="")
    if request.keep_float:
        wrote = _write_floats(request, photograph.straight(result))
    else:
        photograph.write(request.target, result, request.force)
        wrote = f"{request.target}, {result.description}"
    return _report(f"{request.source}, {picture.description}", kernel.description, outcome, way, wrote)


def _to_sound(request: Request) -> Report:
    heard = sound.read(request.source)
    subject = Subject("a sound", 1, "time", heard.rate)
    kernel = kernel_argument.resolve(request.kernel, subject)
    way = request.way("full", "constant")
    channels = _pairs(heard.samples, kernel.operands)
    outcome = convolving.together([convolving.convolve(x, _in_type_of(x, w), way) for x, w in channels])
    result = replace(heard, samples=outcome.values)
    if request.keep_float:
        wrote = _write_floats(request, result.samples[0] if len(channels) == 1 else result.samples.T)
    else:
        quieter = sound.within_full_scale(result)
        sound.write(request.target, quieter, request.force)
        wrote = f"{request.target}, {quieter.description}"
    report = _report(f"{request.source}, {heard.description}", kernel.description, outcome, way, wrote)
    return [*report[:-1], ("peak", _peak_words(result, request.keep_float)), report[-1]]


def _to_array(request: Request) -> Report:
    array = array_file.read(request.source)
    axes = request.axes
    known = "along its shape " + str(array.shape) if axes is None else "named by --axes"
    subject = Subject("the array", array.ndim if axes is None else len(axes), known)
    kernel = kernel_argument.resolve(request.kernel, subject)
    way = request.way("full", "constant")
    outcome = convolving.convolve(array, kernel.operands[0], way, axes)
    if request.keep_float:
        wrote = _write_floats(request, outcome.values)
    else:
        array_file.write(request.target, outcome.values, request.force)
        wrote = f"{request.target}, shape {outcome.values.shape}, {outcome.values.dtype}"
    read = f"{request.source}, shape {array.shape}, {array.dtype}"
    return _report(read, kernel.description, outcome, way, wrote)


def _in_type_of(x: NDArray[Any], w: Any) -> Any:
    """A kernel from a file in the floating type of what it meets; others take it by themselves."""
    if not isinstance(w, np.ndarray):
        return w
    if w.dtype.kind == "c":
        raise CommandError(f"kernel: holds {w.dtype}; expected real numbers, a complex result is no picture or sound")
    return w.astype(x.dtype)


def _pairs(samples: NDArray[Any], responses: Sequence[Any]) -> list[tuple[NDArray[Any], Any]]:
    """Which channel meets which response: one of either serves all of the other."""
    heard, answers = len(samples), len(responses)
    if heard != answers and 1 not in (heard, answers):
        raise CommandError(f"kernel: has {answers} channels, the sound has {heard}; expected as many, or one of either")
    count = max(heard, answers)
    return [(np.ascontiguousarray(samples[c % heard]), responses[c % answers]) for c in range(count)]


def _write_floats(request: Request, values: NDArray[Any]) -> str:
    if values.dtype.kind == "c":
        raise CommandError("--keep-float: the result is complex; expected a real one, leave --keep-float out")
    kept = values if values.dtype.kind == "f" else values.astype(np.float64)
    array_file.write(request.target, kept, request.force)
    return f"{request.target}, shape {kept.shape}, {kept.dtype}"


def _peak_words(result: sound.Sound, kept: bool) -> str:
    peak = sound.peak(result)
    if peak == 0 or not math.isfinite(peak):
        return f"{peak:g} of full scale"
    words = f"{peak:.3g} of full scale ({20 * math.log10(peak):+.1f} dB)"
    ratio = sound.peak(sound.within_full_scale(result)) / peak
    if kept or ratio == 1:
        return f"{words}, not scaled"
    return f"{words}: made quieter by {-20 * math.log10(ratio):.1f} dB (factor {ratio:.3g}), so that nothing clips"


def _report(read: str, kernel: str, outcome: Outcome, way: Way, wrote: str) -> Report:
    return [("read", read), ("kernel", kernel), ("did", f"{way}: {outcome.description}"), ("wrote", wrote)]
