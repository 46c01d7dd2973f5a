"""Photographs in PNG and JPEG files: to an array of light, and back to the depth they had."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from faltung.cli.command_error import CommandError, reading
from faltung.cli.replacement import replacing

SUFFIXES = (".png", ".jpg", ".jpeg")
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
_CHANNELS = {"grey": 1, "grey and alpha": 2, "RGB": 3, "RGB and alpha": 4}


@dataclass(frozen=True)
class Photograph:
    """A picture as numbers.

    ``light`` has rows, columns and, unless it is grey alone, channels; from 0 to ``white``.
    Where there is an alpha channel (the last), the others are multiplied by its share of
    white, so that what is transparent does not bleed into what is not.
    """

    light: NDArray[Any]
    white: int
    profile: bytes | None = None
    note: str = ""

    @property
    def channels(self) -> str:
        """What a pixel holds, in words."""
        count = 1 if self.light.ndim == 2 else self.light.shape[2]
        return next(words for words, channels in _CHANNELS.items() if channels == count)

    @property
    def alpha(self) -> bool:
        """Whether the last channel says how opaque a pixel is."""
        return self.channels.endswith("alpha")

    @property
    def description(self) -> str:
        """Size, channels and depth, in words."""
        rows, columns = self.light.shape[:2]
        return f"{columns} × {rows} pixels, {self.channels}, {self.white.bit_length()} bits{self.note}"


def read(path: Path) -> Photograph:
    """The photograph in ``path``, upright, as its EXIF orientation says."""
    with (
        reading(path),
        path.open("rb") as stream,
        _decoding(path),
        Image.open(stream, formats=["PNG", "JPEG"]) as file,
    ):
        note = _lost_depth(path) if file.format == "PNG" else ""
        profile = file.info.get("icc_profile")
        image = _plain(ImageOps.exif_transpose(file))
        pixels = np.asarray(image)
    sixteen = image.mode == "I;16"
    # 16 bits and their sums need more than float32's 24.
    light: NDArray[Any] = pixels.astype(np.float64 if sixteen else np.float32)
    photograph = Photograph(light, 65535 if sixteen else 255, profile, note)
    if photograph.alpha:
        light[..., :-1] *= light[..., -1:] / photograph.white
    return photograph


def grey(photograph: Photograph) -> NDArray[Any]:
    """Its brightness alone, by the weights of Rec. 601; what is transparent is black."""
    if photograph.light.ndim == 2:
        return photograph.light
    colours = photograph.light[..., :-1] if photograph.alpha else photograph.light
    weights = np.array([0.299, 0.587, 0.114] if colours.shape[-1] == 3 else [1.0], colours.dtype)
    return np.asarray(colours @ weights)


def write(path: Path, photograph: Photograph, force: bool) -> None:
    """Write ``photograph`` to ``path``, rounded (half to even) and kept between 0 and white."""
    check_holds(path, photograph)
    pixels = to_pixels(photograph)
    options: dict[str, Any] = {"icc_profile": photograph.profile}
    kind = _FORMATS[path.suffix.lower()]
    if kind == "JPEG":
        options |= {"quality": 95, "subsampling": 0}
    with replacing(path, force) as file:
        try:
            Image.fromarray(pixels).save(file, kind, **options)
        except (ValueError, OverflowError) as problem:  # e.g. 65,536 columns in a JPEG
            raise CommandError(f"{path}: cannot be written as {kind}: {problem}") from problem


def check_holds(path: Path, photograph: Photograph) -> None:
    """Say so if a file of that name cannot hold what ``photograph`` has."""
    if _FORMATS[path.suffix.lower()] == "JPEG" and (photograph.alpha or photograph.white > 255):
        what = "an alpha channel" if photograph.alpha else "16 bits"
        raise CommandError(f"{path}: JPEG holds no picture with {what}; expected a name ending in .png")


def straight(photograph: Photograph) -> NDArray[Any]:
    """Its light with colours no longer multiplied by alpha; black where nothing shows."""
    light = photograph.light
    if not photograph.alpha:
        return light
    opacity = light[..., -1:] / photograph.white
    shown = np.broadcast_to(opacity > 0, light[..., :-1].shape)
    colours = np.divide(light[..., :-1], opacity, out=np.zeros_like(light[..., :-1]), where=shown)
    return np.concatenate([colours, light[..., -1:]], axis=-1)


def to_pixels(photograph: Photograph) -> NDArray[Any]:
    """The whole numbers that a file holds."""
    light = straight(photograph)
    if not np.isfinite(light).all():
        raise CommandError("the result holds NaN or infinity, which no pixel can be; --keep-float writes it as .npy")
    depth = np.uint8 if photograph.white == 255 else np.uint16
    return np.asarray(np.clip(np.rint(light), 0, photograph.white).astype(depth))


def _plain(image: Image.Image) -> Image.Image:
    """``image`` in one of the five kinds that we compute with."""
    if image.mode in ("L", "LA", "RGB", "RGBA", "I;16"):
        return image
    if image.mode.startswith("I"):  # 16-bit grey, in other words and byte orders of Pillow's
        return Image.fromarray(np.asarray(image).astype(np.uint16))
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")


def _lost_depth(path: Path) -> str:
    """A note where Pillow reads 16 bits per channel of a colour PNG as 8, without a word."""
    with path.open("rb") as stream:
        depth, colour = stream.read(26)[24:]
    return " (the file has 16, colours are read with 8)" if depth == 16 and colour != 0 else ""


@contextmanager
def _decoding(path: Path) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # e.g. of odd metadata, which we do not read
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            limit = Image.MAX_IMAGE_PIXELS
            raise CommandError(
                f"{path}: claims more than {limit} pixels, a decompression bomb; expected fewer"
            ) from None
        except UnidentifiedImageError:
            raise CommandError(f"{path}: is no PNG or JPEG picture that can be read") from None
        except FileNotFoundError:
            raise
        except (CommandError, MemoryError, PermissionError, IsADirectoryError):
            raise
        except Exception as problem:  # damaged files make Pillow raise nearly anything
            raise CommandError(f"{path}: is damaged: {problem}") from problem
