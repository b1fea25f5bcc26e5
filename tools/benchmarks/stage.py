"""What has to lie ready before reading is timed: fundus pictures of the original size, digits in both formats."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from paddle_camp.data.finding import sources
from paddle_camp.data.fundus.drawn_eye import KINDS, draw_fundus
from paddle_camp.data.fundus.reading import locate_fundus
from paddle_camp.data.mnist import load_mnist

ORIGINAL = (2124, 2056)  # width and height of most pictures of iChallenge-PM
NOISE = 4.0  # standard deviation in grey levels: a JPEG without noise decodes faster than a photograph


def found_pictures(folder: Path, count: int) -> str | None:
    """Copy ``count`` of the real training pictures into ``folder``, evenly from P, H and N as they lie.

    Returns:
        What they are; None where there are none.
    """
    found = sources.find("ichallenge-pm")
    if found is None:
        return None
    paths = sorted(path for path in locate_fundus(found.path).train.iterdir() if path.suffix.lower() == ".jpg")
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(count, len(paths))).round().astype(int)]
    folder.mkdir(parents=True)
    for path in chosen:
        shutil.copyfile(path, folder / path.name)
    height, width = cv2.imread(str(chosen[0])).shape[:2]
    return f"{len(chosen)} real pictures as found ({width} x {height}, {_kilobytes(folder)} kB each)"


def large_pictures(folder: Path, count: int, real: Path | None) -> str:
    """Write ``count`` pictures of the original size into ``folder``: enlarged ones of ``real``, or drawn ones."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    sources_of = sorted(real.iterdir()) if real else [f"{KINDS[i % 3]}{i:04d}.jpg" for i in range(count)]
    for source in sources_of[:count]:
        name = source.name if real else source
        small = cv2.imread(str(source)) if real else draw_fundus(name[0], rng, 224)
        large = cv2.resize(small, ORIGINAL, interpolation=cv2.INTER_CUBIC).astype(np.float32)
        noise = rng.standard_normal(large.shape, np.float32) * np.float32(NOISE)
        picture = np.clip(large + noise, 0, 255).astype(np.uint8)
        (folder / name).write_bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    kind = "real pictures enlarged" if real else "drawn pictures enlarged"
    size = f"{ORIGINAL[0]} x {ORIGINAL[1]}"
    return (
        f"{len(list(folder.iterdir()))} {kind} to {size} with noise of {NOISE:g} levels ({_kilobytes(folder)} kB each)"
    )


def _kilobytes(folder: Path) -> int:
    return round(np.mean([path.stat().st_size for path in folder.iterdir()]) / 1000)


def digits(folder: Path, count: int | None, test_count: int | None) -> str:
    """Write the digits as IDX files into ``folder`` and, the same ones, as the course's ``mnist.json.gz``.

    The training digits all stand in the JSON file's first part, where the course's has 50,000 of them, so that both
    readers pass over the same number.

    Returns:
        What they are.
    """
    data = load_mnist(counts=(count, test_count))
    folder.mkdir(parents=True)
    for part, digits_of in (("train", data.train), ("t10k", data.test)):
        _write_idx(folder / f"{part}-images-idx3-ubyte.gz", digits_of.images[:, 0])
        _write_idx(folder / f"{part}-labels-idx1-ubyte.gz", digits_of.labels.astype(np.uint8))
    spelled = [repr(round(level / 255, 8)) for level in range(256)]
    with gzip.open(folder / "mnist.json.gz", "wt", compresslevel=6) as stream:
        stream.write("[")
        for digits_of, after in ((data.train, ", [[], []], "), (data.test, "]")):
            stream.write("[[")
            for i, image in enumerate(digits_of.images.reshape(len(digits_of), -1).tolist()):
                stream.write((", " if i else "") + "[" + ", ".join([spelled[level] for level in image]) + "]")
            stream.write(f"], {json.dumps(digits_of.labels.tolist())}]{after}")
    kind = "MNIST" if data.origin == "real" else "a stand-in for MNIST, scikit-learn's digits"
    return f"{kind}: {len(data.train):,} training and {len(data.test):,} test digits"


def _write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(header + array.tobytes(), 6))
