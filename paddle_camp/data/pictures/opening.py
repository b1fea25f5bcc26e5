"""One picture file of any usual format as an array: whole, upright, with its transparency; or one line of its fault.

JPEG is decoded by libjpeg-turbo through simplejpeg, which reports as damage what OpenCV fills with grey in silence;
other formats are decoded by Pillow. What a file is, its first bytes say, never its name.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import stat
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageOps

from paddle_camp.data.finding.contents import read_bytes
from paddle_camp.data.pictures.channels import bgr_of, bgr_of_inks
from paddle_camp.errors import DataError
from paddle_camp.machine import MAX_PIXELS

MAX_BYTES = 200_000_000  # of a file: pictures are a hundredth of it, and all of a file is read before it is decoded
FORMATS = ("PNG", "WEBP", "BMP", "TIFF", "PPM", "GIF", "AVIF", "HEIF")  # of what Pillow knows; HEIF needs pillow-heif
NAMES = "JPEG, PNG, WebP, BMP, TIFF, PPM, GIF or AVIF"
AGAIN = "copy it again or remove it"
MAX_MEMORY = 10**9  # bytes, while a picture is decoded
# Bytes a pixel that Pillow and we have at a time, measured: some libraries keep the picture in two forms more.
DECODING = {"WEBP": 26, "AVIF": 17, "HEIF": 17, "TIFF": 12}
USUAL = 9
REDUCED = (8, 4, 2)  # parts of its size that a JPEG is decoded at
JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
END = b"\xff\xd9"  # of a JPEG
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
TURNED = {  # EXIF's orientation -> how to turn the picture upright, and whether to mirror it left to right then
    2: (None, True),
    3: (cv2.ROTATE_180, False),
    4: (cv2.ROTATE_180, True),
    5: (cv2.ROTATE_90_CLOCKWISE, True),
    6: (cv2.ROTATE_90_CLOCKWISE, False),
    7: (cv2.ROTATE_90_COUNTERCLOCKWISE, True),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, False),
}
_CHATTER = threading.Lock()  # there is one terminal, and pictures are decoded in several threads

# Odd metadata, and sizes that are checked here: nothing that a user could act upon.
warnings.filterwarnings("ignore", module=r"PIL\.")


def open_picture(path: Path, least: int = 0) -> np.ndarray:
    """A picture as uint8 ``[H, W, 3]``, BGR, or ``[H, W, 4]``, BGRA, where parts of it are transparent.

    It is turned upright as its EXIF says. Of 16 bits the upper eight are taken; of an animation, the first picture.

    Args:
        path: the file.
        least: a JPEG may come at 1/2, 1/4 or 1/8 of its size, the smallest whose sides are not below this, pixels; 0:
            at its full size. The decoder then averages in the frequency domain and computes a fraction of the pixels.

    Raises:
        DataError: it cannot be read, is no picture, cut short, damaged as far as its format tells, or too large.
    """
    check_bytes(path)
    data = read_bytes(path)
    return _open_jpeg(path, data, least) if data.startswith(JPEG) else _open_other(path, data)


def check_bytes(path: Path) -> None:
    """Refuse a file that is too large to be a picture, a pipe and a device, before anything is read.

    Raises:
        DataError: it is.
    """
    try:
        found = path.stat()
    except OSError:  # is reported by who reads it
        return
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise DataError(f"{path}: neither a file nor a folder; remove it")
    if found.st_size > MAX_BYTES:
        raise DataError(
            f"{path}: {found.st_size / 1e6:,.0f} MB, a picture has {MAX_BYTES / 1e6:,.0f} at most; remove it"
        )


def _open_jpeg(path: Path, data: bytes, least: int) -> np.ndarray:
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except ValueError as error:
        raise _not_whole(path, data, error) from None
    except KeyError:  # simplejpeg knows 4:4:4, 4:2:2, 4:2:0, 4:4:0, 4:1:1 and 4:4:1
        fault = "its header is cut short, or its colours are sampled as nobody does"
        raise _not_whole(path, data, fault) from None
    inks = colours in ("CMYK", "YCCK")
    # Of several scans, such as a progressive JPEG's, libjpeg keeps all coefficients, 2 bytes each, beside the picture.
    scans = b"\xff\xc2" in data or data.count(b"\xff\xda") > 1
    _check_size(path, width, height, (4 if inks else 3) * (3 if scans else 1))
    part = next((d for d in REDUCED if least and min(height, width) // d >= least), 1)
    try:
        picture = simplejpeg.decode_jpeg(
            data + END,  # some writers forget these last two bytes, which are the same for all: nothing is missing
            "CMYK" if inks else "BGR",
            min_height=-(-height // part),
            min_width=-(-width // part),
        )
    except ValueError as error:
        raise DataError(f"{path}: the JPEG is damaged or cut short (libjpeg: {_line(error)}); {AGAIN}") from None
    if inks:
        picture = bgr_of_inks(picture)
    return _upright(picture, data)


def _upright(picture: np.ndarray, data: bytes) -> np.ndarray:
    """A JPEG's picture as it was held, by the EXIF in its header."""
    at = data.find(b"Exif\0\0", 0, 70_000)
    if at < 0:
        return picture
    exif = Image.Exif()
    try:
        exif.load(data[at : at + int.from_bytes(data[at - 2 : at], "big") - 2])
        turn, mirror = TURNED.get(int(exif.get(ExifTags.Base.Orientation) or 1), (None, False))
    except Exception:  # metadata of any kind, for which no picture is refused
        return picture
    if turn is not None:
        picture = cv2.rotate(picture, turn)
    return cv2.flip(picture, 1) if mirror else picture


def _open_other(path: Path, data: bytes) -> np.ndarray:
    if not data:
        raise _not_whole(path, data, "it is empty")
    if data.startswith(PNG):
        _check_png(path, data)
    try:
        with Image.open(io.BytesIO(data), formats=_formats()) as image:
            _check_size(path, image.width, image.height, DECODING.get(image.format or "", USUAL))
            with _no_chatter() if image.format == "TIFF" else contextlib.nullcontext():
                image.load()
            with contextlib.suppress(Exception):  # damaged metadata, for which no picture is refused
                ImageOps.exif_transpose(image, in_place=True)
            if image.mode == "F":
                raise DataError(
                    f"{path}: its pixels are fractions, so black and white are not known; save it with 8 or 16 bits"
                )
            return bgr_of(image)
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise DataError(f"{path}: more than {MAX_PIXELS:,} pixels; save it anew, smaller") from None
    except Image.UnidentifiedImageError:
        if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
            raise DataError(
                f"{path}: a HEIC picture, as iPhones take them: pip install pillow-heif to have it read, or save it as "
                "JPEG (on the phone: Settings, Camera, Formats, Most Compatible)"
            ) from None
        raise _not_whole(path, data, "none of these by its first bytes") from None
    except Exception as error:  # a damaged file may raise anything in a decoder
        raise _not_whole(path, data, error) from None


@contextlib.contextmanager
def _no_chatter() -> Iterator[None]:
    """Inside, nothing reaches the terminal: libtiff writes there what Pillow raises as well."""
    with _CHATTER:
        try:
            kept = os.dup(2)
        except OSError:  # there is no terminal
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


@functools.cache
def _formats() -> tuple[str, ...]:
    """Those of :data:`FORMATS` that are installed."""
    try:
        import pillow_heif
    except ImportError:
        pass
    else:
        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _check_png(path: Path, data: bytes) -> None:
    """Hold each piece of a PNG to its checksum; Pillow passes over those of the pixels."""
    at = len(PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, checksum = data[at + 4 : at + 8], int.from_bytes(data[end - 4 : end], "big")
        if end > len(data) or zlib.crc32(memoryview(data)[at + 4 : end - 4]) != checksum:
            break
        if kind == b"IEND":
            return
        at = end
    raise _not_whole(path, data, f"the PNG is damaged or cut short at byte {at:,}")


def _check_size(path: Path, width: int, height: int, bytes_a_pixel: int) -> None:
    most = min(MAX_PIXELS, MAX_MEMORY // bytes_a_pixel)
    if width * height > most:
        raise DataError(f"{path}: {width} x {height} pixels, {most:,} at most of its kind; save it anew, smaller")


def _not_whole(path: Path, data: bytes, why: object) -> DataError:
    return DataError(f"{path}: not a whole {NAMES} picture ({len(data)} bytes): {_line(why)}; {AGAIN}")


def _line(why: object) -> str:
    """What a decoder says, as one short line."""
    return " ".join(str(why).split())[:100] or type(why).__name__
