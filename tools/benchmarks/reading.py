"""Worker: passes over fundus pictures or digits, the course's way or ours."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tools.benchmarks.timing import answer, resident_peak


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Time reading and passing over the data.

    Args:
        spec: ``way`` (a key of :data:`WAYS`), ``folder``, ``batch_size``, and for our fundus reader ``cache``, a folder
            or None for an empty one.

    Returns:
        Seconds: ``opening``, before the first pass, and ``processor``, what of the processor's time it took;
        ``first``, that and the first pass; ``again``, the second pass.
    """
    clock = Clock()
    WAYS[spec["way"]](clock, Path(spec["folder"]), spec)
    opening, first, again = clock.laps
    found = {"opening": opening, "processor": clock.processor, "first": opening + first, "again": again}
    return found | {"peak_memory": resident_peak()}


class Clock:
    """Laps, without the imports that happen before :meth:`start`."""

    def __init__(self):
        self.laps: list[float] = []

    def start(self) -> None:
        """From here on it counts."""
        self.began, self.busy = time.perf_counter(), time.process_time()

    def lap(self) -> None:
        """Note the seconds since the last lap."""
        now = time.perf_counter()
        self.laps.append(now - self.began)
        self.began = now

    def passes(self, batches) -> None:
        """Note the opening, then two passes over what ``batches()`` yields."""
        self.lap()
        self.processor = time.process_time() - self.busy
        for _ in range(2):
            for _images, _labels in batches():
                pass
            self.lap()


def course_fundus(clock: Clock, folder: Path, spec: dict[str, Any]) -> None:
    """Each picture decoded in full and resized, in every pass."""
    import cv2  # noqa: F401

    from tools.benchmarks.course import data_loader

    clock.start()
    clock.passes(data_loader(folder, spec["batch_size"]))


def our_fundus(clock: Clock, folder: Path, spec: dict[str, Any]) -> None:
    """Decoded once, into a cache; the pictures then lie in memory."""
    import numpy as np

    from paddle_camp.data.batches import Batches
    from paddle_camp.data.image_set import ImageSet
    from paddle_camp.data.pictures.decoding import read_pictures

    paths = sorted(folder.iterdir())
    names = tuple(path.name for path in paths)
    labels = np.array([int(name[0] == "P") for name in names])
    with tempfile.TemporaryDirectory() as empty:
        clock.start()
        images = read_pictures(paths, 224, Path(spec["cache"] or empty))
        clock.passes(Batches(ImageSet(images, labels, names), spec["batch_size"], shuffle_seed=0).epoch)


def course_digits(clock: Clock, folder: Path, spec: dict[str, Any]) -> None:
    """JSON into Python lists, reshaped digit by digit."""
    from tools.benchmarks.course import load_data

    clock.start()
    clock.passes(load_data(folder / "mnist.json.gz", "train", spec["batch_size"]))


def our_digits(clock: Clock, folder: Path, spec: dict[str, Any]) -> None:
    """IDX into one array."""
    from paddle_camp.data.batches import Batches
    from paddle_camp.data.mnist import load_mnist

    clock.start()
    digits = load_mnist("real", str(folder)).train
    clock.passes(Batches(digits, spec["batch_size"], shuffle_seed=0).epoch)


def our_json(clock: Clock, folder: Path, spec: dict[str, Any]) -> None:
    """The course's JSON into arrays, list by list."""
    import numpy as np

    from paddle_camp.data.batches import Batches
    from paddle_camp.data.image_set import ImageSet
    from paddle_camp.data.mnist_forms import read_json

    clock.start()
    images, labels = read_json(folder / "mnist.json.gz")["train"]
    names = tuple(map(str, range(len(labels))))
    digits = ImageSet(images[:, None], labels.astype(np.int64), names)
    clock.passes(Batches(digits, spec["batch_size"], shuffle_seed=0).epoch)


WAYS = {
    "course fundus": course_fundus,
    "our fundus": our_fundus,
    "course digits": course_digits,
    "our digits": our_digits,
    "our json": our_json,
}

if __name__ == "__main__":
    answer(measure)
