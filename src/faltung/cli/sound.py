"""Sound in WAV files: PCM of 8 to 32 bits and 32-bit floating point, any number of channels.

The standard library's `wave` knows no floating point and trusts the sizes in the header;
this reads the few chunks that matter, and believes a size only if the file is as long.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from faltung.cli.command_error import CommandError, reading
from faltung.cli.replacement import replacing

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KINDS = {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32)}


@dataclass(frozen=True)
class Sound:
    """Samples by channel and time, full scale being -1 to 1, and how the file held them."""

    samples: NDArray[Any]
    rate: int
    bits: int
    floating: bool = False

    @property
    def description(self) -> str:
        """Channels, length, rate and depth, in words."""
        channels, frames = self.samples.shape
        words = {1: "mono", 2: "stereo"}.get(channels, f"{channels} channels")
        kind = "bits floating" if self.floating else "bits"
        return f"{frames / self.rate:.2f} s ({frames} samples), {words}, {self.rate} Hz, {self.bits} {kind}"


def read(path: Path) -> Sound:
    """The sound in ``path``."""
    with reading(path), path.open("rb") as file:
        layout: tuple[int, int, int, int] | None = None
        for name, size in _chunks(path, file):
            if name == b"fmt ":
                layout = _layout(path, file.read(min(size, 40)))
            elif name == b"data" and layout is not None:
                kind, channels, rate, bits = layout
                samples = _decode(file.read(size), kind, channels, bits)
                if samples.size == 0:
                    raise CommandError(f"{path}: holds no samples; expected at least one")
                return Sound(samples, rate, bits, kind == _FLOAT)
    raise CommandError(f"{path}: holds no sound (no 'data' after a 'fmt ')")


def write(path: Path, sound: Sound, force: bool) -> None:
    """Write ``sound`` to ``path``, rounded (half to even) and kept within full scale."""
    channels = sound.samples.shape[0]
    data = _encode(sound)
    if len(data) > 2**32 - 64:
        raise CommandError(f"{path}: {len(data)} bytes of sound; expected less than 4 GiB, all that a WAV file holds")
    width = channels * sound.bits // 8
    kind = _FLOAT if sound.floating else _PCM
    layout = struct.pack("<HHIIHH", kind, channels, sound.rate, sound.rate * width, width, sound.bits)
    size = 4 + 8 + len(layout) + 8 + len(data) + len(data) % 2
    with replacing(path, force) as file:
        file.write(struct.pack("<4sI4s4sI", b"RIFF", size, b"WAVE", b"fmt ", len(layout)) + layout)
        file.write(struct.pack("<4sI", b"data", len(data)) + data + b"\0" * (len(data) % 2))


def peak(sound: Sound) -> float:
    """The largest magnitude of a sample."""
    return float(np.abs(sound.samples).max(initial=0.0))


def within_full_scale(sound: Sound) -> Sound:
    """``sound``, made quieter as a whole if it would be clipped otherwise."""
    loudest = peak(sound)
    # Full scale is one step less upwards than downwards, so that is as loud as can be.
    ceiling = 1.0 if sound.floating else 1 - 2.0 ** (1 - sound.bits)
    # NaN and infinity are left for `write` to refuse.
    clips = ceiling < loudest < math.inf
    return replace(sound, samples=sound.samples * (ceiling / loudest)) if clips else sound


def _chunks(path: Path, file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk, the file standing at its start."""
    end = os.fstat(file.fileno()).st_size
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise CommandError(f"{path}: is no WAV file")
    while file.tell() + 8 <= end:
        name, size = struct.unpack("<4sI", file.read(8))
        start = file.tell()
        if start + size > end:
            raise CommandError(f"{path}: its header claims {size} bytes of {_printable(name)}, {end - start} are there")
        yield name, size
        file.seek(start + size + size % 2)


def _layout(path: Path, head: bytes) -> tuple[int, int, int, int]:
    """Kind of numbers, channels, rate and bits."""
    if len(head) < 16:
        raise CommandError(f"{path}: is damaged: its 'fmt ' chunk has {len(head)} bytes, expected at least 16")
    kind, channels, rate, _, width, bits = struct.unpack("<HHIIHH", head[:16])
    if kind == _EXTENSIBLE and len(head) >= 26:
        kind = int.from_bytes(head[24:26], "little")
    if (kind, bits) not in _KINDS:
        raise CommandError(
            f"{path}: format {kind} with {bits} bits; expected PCM of 8, 16, 24 or 32 bits, or 32-bit float"
        )
    if channels < 1 or rate < 1 or width != channels * bits // 8:
        raise CommandError(f"{path}: is damaged: {channels} channels at {rate} Hz in {width} bytes of {bits} bits")
    return kind, channels, rate, bits


def _decode(data: bytes, kind: int, channels: int, bits: int) -> NDArray[Any]:
    width = bits // 8
    samples: NDArray[Any]
    data = data[: len(data) // (width * channels) * width * channels]
    if kind == _FLOAT:
        samples = np.frombuffer(data, "<f4").astype(np.float32)
    elif bits == 8:  # the only depth that is unsigned
        samples = (np.frombuffer(data, np.uint8).astype(np.float32) - 128) / np.float32(128)
    elif bits == 16:
        samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(2**15)
    else:  # 24 and 32 bits are more than float32 holds
        whole = np.zeros((len(data) // width, 4), np.uint8)
        whole[:, 4 - width :] = np.frombuffer(data, np.uint8).reshape(-1, width)
        samples = whole.view("<i4")[:, 0] / 2.0**31
    return np.ascontiguousarray(samples.reshape(-1, channels).T)


def _encode(sound: Sound) -> bytes:
    if not np.isfinite(sound.samples).all():
        raise CommandError(
            "the result holds NaN or infinity, which no loudspeaker can play; --keep-float writes it as .npy"
        )
    samples = sound.samples.T
    if sound.floating:
        return bytes(samples.astype("<f4").tobytes())
    top = 2 ** (sound.bits - 1)
    whole = np.clip(np.rint(samples.astype(np.float64) * top), -top, top - 1).astype(np.int64)
    if sound.bits == 8:
        return bytes((whole + 128).astype(np.uint8).tobytes())
    steps = np.ascontiguousarray(whole).astype("<i4")
    low = steps.view(np.uint8).reshape(*steps.shape, 4)[..., : sound.bits // 8]
    return low.tobytes()


def _printable(name: bytes) -> str:
    return repr(name.decode("ascii", "replace").strip())
