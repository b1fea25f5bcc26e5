"""What is measured of a network with a norm: training against evaluation mode, the time and memory of a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.networks.modes import unchanged
from paddle_camp.speed.memory import peak_memory
from paddle_camp.speed.timing import time_in_turns
from paddle_camp.training.steps import training_step

NETWORK = "small_conv_net"
STEPS = 3  # whose peak memory is measured


def outputs_in_training(model: nn.Layer, part: camp.ImageSet, batch_size: int, seed: int) -> np.ndarray:
    """The outputs ``[N, K]`` in training mode, in shuffled batches: a batch norm takes the batch's statistics.

    The network stays as it was. A last batch that is smaller is filled up with the first pictures of that order.
    """
    order = np.random.default_rng(seed).permutation(len(part))
    padded = np.resize(order, -(-len(part) // batch_size) * batch_size)
    outputs: dict[int, np.ndarray] = {}
    with unchanged(model), paddle.no_grad():
        model.train()
        for rows in padded.reshape(-1, batch_size):
            found = model(paddle.to_tensor(part.kind.scale(part.images[rows]))).numpy()
            outputs = dict(zip(rows.tolist(), found, strict=False)) | outputs
    return np.array([outputs[row] for row in range(len(part))])


def compare_modes(model: nn.Layer, part: camp.ImageSet, evaluated: np.ndarray, batch_size: int, seed: int) -> dict:
    """Training mode against evaluation mode, and against itself in other company; JSON values.

    Returns:
        ``accuracy`` in training mode; ``gap``: the mean difference of the outputs to those in evaluation mode, in
        deviations of these; ``changed``: the share of pictures that change their class; ``company``, ``recast``: the
        same two for the same pictures in training mode, in batches with other pictures.
    """
    first, second = (outputs_in_training(model, part, batch_size, each) for each in (seed, seed + 1000))
    spread = float(evaluated.std()) + 1e-12

    def apart(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
        changed = one.argmax(axis=1) != other.argmax(axis=1)
        return float(np.abs(one - other).mean()) / spread, float(changed.mean())

    (gap, changed), (company, recast) = apart(first, evaluated), apart(first, second)
    accuracy = camp.metrics.accuracy(first, part.labels)
    return {"accuracy": accuracy, "gap": gap, "changed": changed, "company": company, "recast": recast}


def time_norms(norms: Sequence[str], width: int, part: camp.ImageSet, batch_sizes: Sequence[int], rounds: int) -> dict:
    """Batch size -> norm -> ``milliseconds`` of a training step (median of turns), and the same ``by_paddle``.

    The second is with Paddle's own operators in place of oneDNN's, whose batch norm comes with its ReLU.
    """
    found: dict[str, dict] = {}
    for size in batch_sizes:
        rows = np.resize(np.arange(len(part)), size)
        batch = camp.ArrayBatches(part.kind.scale(part.images[rows]), part.labels[rows], size)
        steps = {norm: training_step(camp.create_for(NETWORK, part, norm=norm, width=width), batch) for norm in norms}
        own = time_in_turns(steps, rounds)
        with camp.paddle_operators():
            theirs = time_in_turns(steps, rounds)
        table = {norm: {"milliseconds": own[norm], "by_paddle": theirs[norm]} for norm in norms}
        found[str(size)] = {
            n: {k: 1000 * float(np.median(each)) for k, each in row.items()} for n, row in table.items()
        }
    return found


def take_steps(norm: str, width: int, shape: tuple[int, int, int], batch_size: int) -> None:
    """Some training steps on random pictures; another process runs it to measure its memory."""
    model = camp.create_model(NETWORK, num_classes=2, in_channels=shape[0], norm=norm, width=width)
    images = np.random.default_rng(0).random((batch_size, *shape), np.float32)
    batch = camp.ArrayBatches(images, np.arange(batch_size) % 2, batch_size)
    step = training_step(model, batch)
    for _ in range(STEPS):
        step()


def memory_of(norms: Sequence[str], width: int, shape: tuple[int, int, int], batch_size: int, device: str) -> dict:
    """Norm -> the peak memory of a few training steps, MiB; None where it could not be measured."""
    peaks = {norm: peak_memory(take_steps, norm, width, shape, batch_size, device=device) for norm in norms}
    return {norm: None if peak is None else peak / 2**20 for norm, peak in peaks.items()}
