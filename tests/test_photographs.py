"""`faltung apply` on photographs: depth, alpha, orientation, and files that are none."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import faltung as ft
from faltung.cli import main

Apply = Callable[..., tuple[int, str, str]]


@pytest.fixture
def apply(capsys: pytest.CaptureFixture[str]) -> Apply:
    """Run ``faltung apply``: status, what it printed, what it complained of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = main(["apply", *map(str, arguments)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def complaint(apply: Apply, tmp_path: Path) -> Callable[..., str]:
    """The one line on the error stream with which ``faltung apply SOURCE`` must fail."""

    def run(source: Path, *options: object) -> str:
        status, printed, complained = apply(source, "-k", "1;", "-o", tmp_path / "out.png", *options)
        assert (status, printed) == (2, "")
        assert complained.count("\n") == 1
        assert not (tmp_path / "out.png").exists()
        return complained

    return run


def random_pixels(*shape: int, depth: type = np.uint8) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).integers(0, np.iinfo(depth).max, shape, depth, endpoint=True)


@pytest.mark.parametrize("shape", [(9, 13), (9, 13, 3)])
def test_filtered_as_by_the_library_and_rounded(apply: Apply, tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = random_pixels(*shape)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    assert apply(tmp_path / "in.png", "-k", "1/4 1/4; 1/4 1/4", "-o", tmp_path / "out.png")[0] == 0
    exact = ft.convolve(
        pixels.astype(np.float64), np.full((2, 2), 0.25), mode="same", axes=(0, 1), boundary="symmetric"
    )
    # Sums of four bytes over 4 end in .5 in a quarter of the pixels: half to even shows.
    assert (exact % 1 == 0.5).any()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.rint(exact))


def test_saturates_instead_of_wrapping(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 100, 200]], np.uint8)).save(tmp_path / "in.png")
    apply(tmp_path / "in.png", "-k", "2;", "-o", tmp_path / "twice.png")
    assert np.asarray(Image.open(tmp_path / "twice.png")).tolist() == [[0, 200, 255]]
    apply(tmp_path / "in.png", "--kernel=-1;", "-o", tmp_path / "negative.png")
    assert np.asarray(Image.open(tmp_path / "negative.png")).tolist() == [[0, 0, 0]]


def test_keep_float_neither_rounds_nor_clips(apply: Apply, tmp_path: Path) -> None:
    pixels = random_pixels(6, 5, 3)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    assert apply(tmp_path / "in.png", "-k", "sobel:axis=1", "--keep-float", "-o", tmp_path / "out.npy")[0] == 0
    kept = np.load(tmp_path / "out.npy")
    exact = ft.convolve(pixels, ft.kernels.sobel(1), mode="same", axes=(0, 1), boundary="symmetric")
    assert kept.dtype == np.float32
    assert kept.min() < 0
    np.testing.assert_array_equal(kept, exact)


def test_convolve_and_correlate_differ_by_the_flip(apply: Apply, tmp_path: Path) -> None:
    impulse = np.zeros((3, 3), np.uint8)
    impulse[1, 1] = 1
    Image.fromarray(impulse).save(tmp_path / "in.png")
    literal = "1 2 3; 4 5 6; 7 8 9"
    apply(tmp_path / "in.png", "-k", literal, "-o", tmp_path / "a.png")
    apply(tmp_path / "in.png", "-k", literal, "--correlate", "-o", tmp_path / "b.png")
    assert np.asarray(Image.open(tmp_path / "a.png")).tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert np.asarray(Image.open(tmp_path / "b.png")).tolist() == [[9, 8, 7], [6, 5, 4], [3, 2, 1]]


def test_sixteen_bits_stay_sixteen(apply: Apply, tmp_path: Path) -> None:
    pixels = random_pixels(8, 7, depth=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    status, printed, _ = apply(tmp_path / "in.png", "-k", "1/2 1/2;", "-o", tmp_path / "out.png")
    assert status == 0
    assert "grey, 16 bits" in printed
    exact = ft.convolve(pixels.astype(float), [[0.5, 0.5]], mode="same", boundary="symmetric")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.rint(exact))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_identity_gives_the_picture_back(apply: Apply, tmp_path: Path, mode: str) -> None:
    pixels = random_pixels(5, 6, max(len(mode), 2))[..., : len(mode)].squeeze()
    if mode.endswith("A"):
        pixels[..., -1] |= 1  # where nothing shows, there is no colour to keep
    Image.fromarray(pixels).save(tmp_path / "in.png")
    assert apply(tmp_path / "in.png", "-k", "identity", "-o", tmp_path / "out.png")[0] == 0
    out = Image.open(tmp_path / "out.png")
    assert out.mode == mode
    np.testing.assert_array_equal(np.asarray(out), pixels)


def test_transparent_pixels_do_not_bleed(apply: Apply, tmp_path: Path) -> None:
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0, :2] = [200, 0, 0, 255]
    pixels[0, 2:] = [0, 255, 0, 0]  # green, but fully transparent
    Image.fromarray(pixels).save(tmp_path / "in.png")
    apply(tmp_path / "in.png", "-k", "1/3 1/3 1/3;", "-o", tmp_path / "out.png")
    out = np.asarray(Image.open(tmp_path / "out.png"))[0]
    assert out[:, 1].tolist() == [0, 0, 0, 0]
    assert out[:3, 0].tolist() == [200, 200, 200]
    assert out[:, 3].tolist() == [255, 170, 85, 0]


@pytest.mark.parametrize("mode", ["P", "1"])
def test_palettes_and_bits_are_read(apply: Apply, tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(random_pixels(6, 6, 3)).convert(mode)
    picture.save(tmp_path / "in.png")
    assert apply(tmp_path / "in.png", "-k", "identity", "-o", tmp_path / "out.png")[0] == 0
    wanted = picture.convert("RGB" if mode == "P" else "L")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.asarray(wanted))


def test_orientation_is_honoured(apply: Apply, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera turned: show it turned clockwise
    pixels = random_pixels(16, 32)
    Image.fromarray(pixels).save(tmp_path / "in.jpg", exif=exif, quality=95)
    assert apply(tmp_path / "in.jpg", "-k", "identity", "-o", tmp_path / "out.png")[0] == 0
    decoded = np.asarray(Image.open(tmp_path / "in.jpg"))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.rot90(decoded, -1))


def test_colour_profile_is_kept(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(random_pixels(8, 8, 3)).save(tmp_path / "in.png", icc_profile=b"any profile")
    apply(tmp_path / "in.png", "-k", "identity", "-o", tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as out:
        assert out.info["icc_profile"] == b"any profile"


def test_jpeg_in_and_out(apply: Apply, tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(0, 256, 4, dtype=np.uint8), (64, 64))
    Image.fromarray(ramp.copy()).save(tmp_path / "in.jpg", quality=95)
    assert apply(tmp_path / "in.jpg", "-k", "gaussian:sigma=1", "-o", tmp_path / "out.jpg")[0] == 0
    out = np.asarray(Image.open(tmp_path / "out.jpg")).astype(int)
    assert np.abs(out - ramp)[:, 4:-4].max() <= 4


def test_jpeg_holds_no_alpha_and_no_16_bits(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(random_pixels(4, 4, 4)).save(tmp_path / "rgba.png")
    Image.fromarray(random_pixels(4, 4, depth=np.uint16)).save(tmp_path / "deep.png")
    for name, what in (("rgba.png", "an alpha channel"), ("deep.png", "16 bits")):
        status, _, complained = apply(tmp_path / name, "-k", "identity", "-o", tmp_path / "out.jpg")
        assert status == 2
        assert f"JPEG holds no picture with {what}; expected a name ending in .png" in complained
    assert not (tmp_path / "out.jpg").exists()


def test_colours_of_sixteen_bits_are_told_to_lose_eight(apply: Apply, tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">6H", 65535, 0, 32768, 1, 2, 3)
    (tmp_path / "in.png").write_bytes(png(2, 1, 16, 2, zlib.compress(row)))
    status, printed, _ = apply(tmp_path / "in.png", "-k", "identity", "-o", tmp_path / "out.png")
    assert status == 0
    assert "8 bits (the file has 16, colours are read with 8)" in printed


def test_report_says_sizes_kernel_algorithm_and_time(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(random_pixels(20, 30, 3)).save(tmp_path / "in.png")
    _, printed, _ = apply(tmp_path / "in.png", "-k", "gaussian:sigma=2", "-o", tmp_path / "out.png")
    x = np.zeros((20, 30, 3), np.float32)
    kernel = ft.kernels.gaussian(2, 2)
    algorithm = ft.plan(x, kernel, mode="same", axes=(0, 1), boundary="symmetric").algorithm
    assert "30 × 20 pixels, RGB, 8 bits" in printed
    assert "gaussian:sigma=2, shape (17, 17), center (8, 8)" in printed
    assert f"convolve, mode same, boundary symmetric: {algorithm}" in printed
    assert printed.rstrip().endswith("out.png, 30 × 20 pixels, RGB, 8 bits")
    assert " ms" in printed or " µs" in printed


def test_picture_as_a_kernel_is_grey_and_normalised(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(np.full((9, 9), 120, np.uint8)).save(tmp_path / "in.png")
    Image.fromarray(random_pixels(3, 3, 3)).save(tmp_path / "aperture.png")
    status, printed, _ = apply(tmp_path / "in.png", "-k", tmp_path / "aperture.png", "-o", tmp_path / "out.png")
    assert status == 0
    assert "as grey, divided by its sum" in printed
    assert np.asarray(Image.open(tmp_path / "out.png")).tolist() == [[120] * 9] * 9


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ("exponential:age=3", "has 1 axis (shape (30,)), a photograph has 2 (rows and columns)"),
        ("1 2 1", "expected e.g. '1 2 1;' for a row, '1; 2; 1' for a column"),
        ("laplacian:ndim=3", "has 3 axes (shape (3, 3, 3)), a photograph has 2 (rows and columns)"),
        ("room.wav", "is a sound, which only sounds are convolved with"),
        ("complex.npy", "holds complex128; expected real numbers"),
        ("nan.npy", "the result holds NaN or infinity, which no pixel can be; --keep-float writes it as .npy"),
        ("black.png", "sum of the kernel=0.0: expected a finite sum other than zero"),
    ],
)
def test_kernels_that_fit_no_photograph(
    complaint: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(random_pixels(8, 8)).save("in.png")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save("black.png")
    np.save("complex.npy", np.ones((3, 3), complex))
    np.save("nan.npy", np.full((3, 3), np.nan))
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 40, b"WAVE", b"fmt ", 16, 1, 1, 44100, 88200, 2, 16, b"data", 4)
    Path("room.wav").write_bytes(header + bytes(4))
    assert message in complaint(Path("in.png"), "-k", kernel)


def png(columns: int, rows: int, depth: int, colour: int, data: bytes) -> bytes:
    """A PNG file of that header and pixel data."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def whole_png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(random_pixels(64, 64, 3)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is text", "is no PNG or JPEG picture"),
        (b"", "is no PNG or JPEG picture"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "is no PNG or JPEG picture"),
        (whole_png()[:5000], "is damaged: "),
        (whole_png()[:20], "is damaged: "),
        (whole_png().replace(b"IDAT", b"IDXT"), "is no PNG or JPEG picture"),
        (png(4, 4, 8, 2, b"no zlib stream"), "is damaged: "),
        (png(20000, 20000, 8, 2, b""), "a decompression bomb"),
        (png(10000, 10000, 8, 0, b""), "a decompression bomb"),
        (png(2**31 - 1, 2**31 - 1, 8, 0, b""), "a decompression bomb"),
    ],
)
def test_files_that_are_no_picture(complaint: Callable[..., str], tmp_path: Path, content: bytes, message: str) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(content)
    line = complaint(source)
    assert line.startswith(f"faltung: {source}: ")
    assert message in line


def test_truncated_jpeg(complaint: Callable[..., str], tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(random_pixels(64, 64, 3)).save(file, "JPEG")
    (tmp_path / "in.jpg").write_bytes(file.getvalue()[:2000])
    assert "is damaged: " in complaint(tmp_path / "in.jpg")


def test_missing_picture(complaint: Callable[..., str], tmp_path: Path) -> None:
    assert complaint(tmp_path / "gone.png") == f"faltung: {tmp_path / 'gone.png'}: no such file\n"


def test_output_names_that_do_not_serve(apply: Apply, tmp_path: Path) -> None:
    Image.fromarray(random_pixels(4, 4)).save(tmp_path / "in.png")
    for name, options, message in (
        ("out.wav", [], "expected .png, .jpg or .jpeg"),
        ("out.npy", [], "expected .png, .jpg or .jpeg; .npy needs --keep-float"),
        ("out.png", ["--keep-float"], "with --keep-float; expected .npy"),
    ):
        status, _, complained = apply(tmp_path / "in.png", "-k", "identity", "-o", tmp_path / name, *options)
        assert status == 2
        assert message in complained
        assert not (tmp_path / name).exists()


def test_axes_are_for_arrays(complaint: Callable[..., str], tmp_path: Path) -> None:
    Image.fromarray(random_pixels(4, 4)).save(tmp_path / "in.png")
    assert "--axes: only arrays (.npy) take it" in complaint(tmp_path / "in.png", "--axes", "0,1")
