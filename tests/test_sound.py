"""`faltung apply` on sound: depths, reverb, peaks, and files that are none."""

from __future__ import annotations

import io
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import faltung as ft
from faltung.cli import main, sound

Apply = Callable[..., tuple[int, str, str]]
RATE = 8000


@pytest.fixture
def apply(capsys: pytest.CaptureFixture[str]) -> Apply:
    """Run ``faltung apply``: status, what it printed, what it complained of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main(["apply", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def save(path: Path, samples: NDArray[Any], rate: int = RATE) -> None:
    """Write 16-bit samples (frames, or frames by channels) by the standard library."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())


def load(path: Path) -> NDArray[Any]:
    """Read 16-bit samples by the standard library: frames, or frames by channels."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples if file.getnchannels() == 1 else samples.reshape(-1, file.getnchannels())


def random_samples(*shape: int, limit: int = 3000) -> NDArray[Any]:
    return np.random.default_rng(5).integers(-limit, limit, shape)


def test_reverb_equals_the_librarys_convolution(apply: Apply, tmp_path: Path) -> None:
    voice, room = random_samples(400), random_samples(60, limit=4000)
    save(tmp_path / "voice.wav", voice)
    save(tmp_path / "room.wav", room)
    status, printed, _ = apply(tmp_path / "voice.wav", "-k", tmp_path / "room.wav", "-o", tmp_path / "out.wav")
    assert status == 0
    exact = ft.convolve(voice / 2**15, room / 2**15) * 2**15
    heard = load(tmp_path / "out.wav")
    assert len(heard) == 459
    assert np.abs(heard - exact).max() <= 0.51
    assert "peak" in printed
    assert "not scaled" in printed
    assert "0.05 s (400 samples), mono, 8000 Hz, 16 bits" in printed


def test_loud_results_are_made_quieter_instead_of_clipped(apply: Apply, tmp_path: Path) -> None:
    voice = random_samples(500, limit=30000)
    save(tmp_path / "in.wav", voice)
    status, printed, _ = apply(tmp_path / "in.wav", "-k", "1 2 3", "-o", tmp_path / "out.wav")
    exact = ft.convolve(voice, [1, 2, 3])
    factor = 32767 / np.abs(exact).max()
    heard = load(tmp_path / "out.wav")
    assert status == 0
    assert np.abs(heard).max() == 32767
    assert np.abs(heard - exact * factor).max() <= 0.51
    assert f"{np.abs(exact).max() / 2**15:.3g} of full scale" in printed
    assert f"(factor {factor:.3g}), so that nothing clips" in printed


def test_keep_float_does_not_scale(apply: Apply, tmp_path: Path) -> None:
    voice = random_samples(50, 2, limit=30000)
    save(tmp_path / "in.wav", voice)
    assert apply(tmp_path / "in.wav", "-k", "4", "--keep-float", "-o", tmp_path / "out.npy")[0] == 0
    kept = np.load(tmp_path / "out.npy")
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept, voice / 2**15 * 4)


@pytest.mark.parametrize(("heard", "answers"), [(1, 2), (2, 1), (2, 2)])
def test_channels(apply: Apply, tmp_path: Path, heard: int, answers: int) -> None:
    voice, room = random_samples(100, heard), random_samples(20, answers)
    save(tmp_path / "voice.wav", voice)
    save(tmp_path / "room.wav", room)
    assert apply(tmp_path / "voice.wav", "-k", tmp_path / "room.wav", "-o", tmp_path / "out.wav")[0] == 0
    out = load(tmp_path / "out.wav")
    assert out.shape == (119, 2)
    for channel in range(2):
        exact = ft.convolve(voice[:, channel % heard] / 2**15, room[:, channel % answers] * 1.0)
        assert np.abs(out[:, channel] - exact).max() <= 0.51


def test_channels_that_do_not_fit(apply: Apply, tmp_path: Path) -> None:
    save(tmp_path / "voice.wav", random_samples(10, 2))
    save(tmp_path / "room.wav", random_samples(10, 3))
    status, _, complained = apply(tmp_path / "voice.wav", "-k", tmp_path / "room.wav", "-o", tmp_path / "out.wav")
    assert status == 2
    assert "kernel: has 3 channels, the sound has 2; expected as many, or one of either" in complained


def test_rates_that_differ(apply: Apply, tmp_path: Path) -> None:
    save(tmp_path / "voice.wav", random_samples(10))
    save(tmp_path / "room.wav", random_samples(10), rate=44100)
    status, _, complained = apply(tmp_path / "voice.wav", "-k", tmp_path / "room.wav", "-o", tmp_path / "out.wav")
    assert status == 2
    assert "has 44100 samples a second, a sound has 8000; expected the same rate: resample one of them" in complained
    assert not (tmp_path / "out.wav").exists()


def test_named_kernels_get_one_axis(apply: Apply, tmp_path: Path) -> None:
    voice = random_samples(100)
    save(tmp_path / "in.wav", voice)
    assert apply(tmp_path / "in.wav", "-k", "gaussian:sigma=2", "--mode", "same", "-o", tmp_path / "out.wav")[0] == 0
    exact = ft.convolve(voice * 1.0, ft.kernels.gaussian(2), mode="same")
    assert np.abs(load(tmp_path / "out.wav") - exact).max() <= 0.51


def test_kernels_of_two_axes_are_refused(apply: Apply, tmp_path: Path) -> None:
    save(tmp_path / "in.wav", random_samples(10))
    for kernel in ("emboss", "sobel:ndim=2", "1 2; 3 4"):
        status, _, complained = apply(tmp_path / "in.wav", "-k", kernel, "-o", tmp_path / "out.wav")
        assert status == 2
        assert "has 2 axes" in complained
        assert "a sound has 1 (time); expected a kernel with one, e.g. '1 2 1' or gaussian:sigma=3" in complained


@pytest.mark.parametrize(("bits", "floating"), [(8, False), (16, False), (24, False), (32, False), (32, True)])
@pytest.mark.parametrize("channels", [1, 2])
def test_depths_survive_a_round_trip(apply: Apply, tmp_path: Path, bits: int, floating: bool, channels: int) -> None:
    steps = np.random.default_rng(8).integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, (channels, 33))
    whole = sound.Sound(steps / 2.0 ** (bits - 1), RATE, bits, floating)
    sound.write(tmp_path / "in.wav", whole, force=False)
    assert apply(tmp_path / "in.wav", "-k", "identity", "-o", tmp_path / "out.wav")[0] == 0
    assert (tmp_path / "out.wav").read_bytes() == (tmp_path / "in.wav").read_bytes()
    expected = whole.samples.astype(np.float32) if floating else whole.samples
    np.testing.assert_array_equal(sound.read(tmp_path / "out.wav").samples, expected)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_the_standard_library_reads_what_we_write(tmp_path: Path, width: int) -> None:
    steps = [-(2 ** (8 * width - 1)), -1, 0, 1, 2 ** (8 * width - 1) - 1]
    samples = np.array([steps]) / 2.0 ** (8 * width - 1)
    sound.write(tmp_path / "out.wav", sound.Sound(samples, RATE, 8 * width), force=False)
    with wave.open(str(tmp_path / "out.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, width, RATE)
        data = file.readframes(5)
    offset = 128 if width == 1 else 0  # 8 bits are unsigned
    numbers = [int.from_bytes(data[i : i + width], "little", signed=width > 1) for i in range(0, 5 * width, width)]
    assert [number - offset for number in numbers] == steps


def test_other_chunks_and_the_extensible_layout_are_understood(tmp_path: Path) -> None:
    layout = struct.pack("<HHIIHHHHIH14s", 0xFFFE, 1, RATE, RATE * 2, 2, 16, 22, 16, 4, 1, bytes(14))
    odd = struct.pack("<4sI", b"LIST", 3) + b"abc\0"
    chunks = odd + struct.pack("<4sI", b"fmt ", len(layout)) + layout + struct.pack("<4sI2h", b"data", 4, 1000, -1000)
    (tmp_path / "in.wav").write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    heard = sound.read(tmp_path / "in.wav")
    assert (heard.rate, heard.bits) == (RATE, 16)
    np.testing.assert_array_equal(heard.samples * 2**15, [[1000, -1000]])


def whole_wav(frames: int = 100) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, RATE, 0, "NONE", ""))
        writer.writeframes(bytes(2 * frames))
    return file.getvalue()


def changed(offset: int, form: str, value: int) -> bytes:
    content = bytearray(whole_wav())
    struct.pack_into(form, content, offset, value)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no WAV file"),
        (b"this is text, and no sound", "is no WAV file"),
        (whole_wav()[:100], "its header claims 200 bytes of 'data', 56 are there"),
        (whole_wav()[:30], "its header claims 16 bytes of 'fmt', 10 are there"),
        (whole_wav()[:36], "holds no sound"),
        (changed(40, "<I", 2**32 - 1), "its header claims 4294967295 bytes of 'data', 200 are there"),
        (changed(16, "<I", 2**32 - 1), "its header claims 4294967295 bytes of 'fmt'"),
        (changed(16, "<I", 2), "its 'fmt ' chunk has 2 bytes, expected at least 16"),
        (changed(20, "<H", 85), "format 85 with 16 bits; expected PCM of 8, 16, 24 or 32 bits, or 32-bit float"),
        (changed(34, "<H", 12), "format 1 with 12 bits; expected PCM"),
        (changed(22, "<H", 0), "0 channels at 8000 Hz"),
        (changed(24, "<I", 0), "1 channels at 0 Hz"),
        (changed(32, "<H", 7), "in 7 bytes of 16 bits"),
    ],
)
def test_files_that_are_no_sound(apply: Apply, tmp_path: Path, content: bytes, message: str) -> None:
    source = tmp_path / "in.wav"
    source.write_bytes(content)
    status, printed, complained = apply(source, "-k", "1", "-o", tmp_path / "out.wav")
    assert (status, printed, complained.count("\n")) == (2, "", 1)
    assert complained.startswith(f"faltung: {source}: ")
    assert message in complained
    assert not (tmp_path / "out.wav").exists()


def test_silence(apply: Apply, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(whole_wav())
    status, printed, _ = apply(tmp_path / "in.wav", "-k", "1 1", "-o", tmp_path / "out.wav")
    assert status == 0
    assert "0 of full scale" in printed
    assert load(tmp_path / "out.wav").tolist() == [0] * 101


def test_no_samples_at_all(apply: Apply, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(whole_wav(0))
    status, _, complained = apply(tmp_path / "in.wav", "-k", "1 1", "-o", tmp_path / "out.wav")
    assert status == 2
    assert "holds no samples" in complained


def test_infinite_samples_are_refused(apply: Apply, tmp_path: Path) -> None:
    loud = sound.Sound(np.array([[np.inf, 0.0]]), RATE, 32, floating=True)
    header_only = sound.Sound(np.zeros((1, 2)), RATE, 32, floating=True)
    sound.write(tmp_path / "in.wav", header_only, force=False)
    content = (tmp_path / "in.wav").read_bytes()
    (tmp_path / "in.wav").write_bytes(content[:-8] + loud.samples.astype("<f4").tobytes())
    status, _, complained = apply(tmp_path / "in.wav", "-k", "1", "-o", tmp_path / "out.wav")
    assert status == 2
    assert "which no loudspeaker can play; --keep-float writes it as .npy" in complained
