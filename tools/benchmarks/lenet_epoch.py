"""Worker: one epoch of LeNet over the training digits, with the course's script or with this project."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tools.benchmarks.timing import answer, resident_peak


def measure(spec: dict[str, Any]) -> dict[str, Any]:
    """Train one epoch.

    Args:
        spec: ``way`` (a key of :data:`WAYS`), ``folder`` with the digits, ``batch_size``.

    Returns:
        ``seconds`` of the epoch with reading, ``training`` of them without it, ``accuracy`` on the test digits.
    """
    return WAYS[spec["way"]](Path(spec["folder"]), spec["batch_size"]) | {"peak_memory": resident_peak()}


def course(folder: Path, batch_size: int) -> dict[str, Any]:
    """The course's script; loads nothing of ours."""
    import random

    import numpy as np
    import paddle

    from tools.benchmarks.course import load_data, train_lenet

    paddle.set_device("cpu")
    paddle.seed(0)
    random.seed(0)
    began = time.perf_counter()
    model, reading = train_lenet(folder / "mnist.json.gz", batch_size)
    seconds = time.perf_counter() - began
    model.eval()
    right = []
    with paddle.no_grad():
        for images, labels in load_data(folder / "mnist.json.gz", "eval", 100)():
            right += (model(paddle.to_tensor(images)).numpy().argmax(1) == labels[:, 0]).tolist()
    return {"seconds": seconds, "training": seconds - reading, "accuracy": float(np.mean(right))}


def ours(folder: Path, batch_size: int) -> dict[str, Any]:
    """Our reader, network and loop; Adam."""
    import paddle_camp
    from paddle_camp import runtime
    from paddle_camp.data.batches import Batches
    from paddle_camp.data.mnist import load_mnist
    from paddle_camp.training.fit import fit
    from paddle_camp.training.measuring import evaluate

    runtime.choose_device("cpu")
    import paddle

    paddle.seed(0)
    began = time.perf_counter()
    data = load_mnist("real", str(folder))
    opened = time.perf_counter() - began
    model = paddle_camp.create_model("lenet")
    optimizer = paddle.optimizer.Adam(0.001, parameters=model.parameters())
    train = Timed(Batches(data.train, batch_size, shuffle_seed=0))
    fit(model, optimizer, train, num_epochs=1, quiet=True)
    seconds = time.perf_counter() - began
    accuracy = evaluate(model, Batches(data.test, 100)).accuracy
    return {"seconds": seconds, "training": seconds - opened - train.seconds, "accuracy": accuracy}


class Timed:
    """Batches that add up the seconds they take."""

    def __init__(self, batches):
        self.batches, self.seconds = batches, 0.0
        self.num_samples, self.batch_size = batches.num_samples, batches.batch_size

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, epoch: int = 0, start: int = 0):
        """As the batches', under the clock."""
        began = time.perf_counter()
        for batch in self.batches.epoch(epoch, start):
            self.seconds += time.perf_counter() - began
            yield batch
            began = time.perf_counter()


WAYS = {"course": course, "ours": ours}

if __name__ == "__main__":
    answer(measure)
