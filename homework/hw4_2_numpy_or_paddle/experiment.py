"""作业4-2 The same network in numpy and in Paddle: the same computation, and what each costs

The camp's question: 通过Python、飞桨分别构建神经网络模型完成房价预测任务的案例，对比两种方式的异同。

First the proof that both compute the same: from the same initial weights, in the same order of the rows, numpy with
hand-derived gradients (`by_hand.py`) and Paddle's automatic ones give the same loss at every step. Then
the comparison that the question asks for, measured: the lines of code that a student writes, seconds and test error;
and how the seconds of a step grow with width, depth, batch, and with two wide layers on all rows at once, numpy against
Paddle, alternating in one process.

Expect, with the full settings on the real table (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import time
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from homework.hw4_2_numpy_or_paddle import by_hand
from homework.hw4_2_numpy_or_paddle.figures import draw
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import render
from paddle_camp.data.batches import ArrayBatches
from paddle_camp.data.housing import HousingData, load_housing
from paddle_camp.data.housing_regression import baselines, errors
from paddle_camp.errors import require
from paddle_camp.history import History
from paddle_camp.running.context import Context


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters."""

    learning_rate: float = 0.05  # of plain SGD, for both
    batch_size: int = 10  # the course's; rows
    num_epochs: int = 50
    hidden: int = 32  # units of the hidden layer (ReLU) of the network that is compared
    widths: tuple[int, ...] = (1, 3, 10, 30, 100, 300, 1000)  # hidden units, one hidden layer
    depths: tuple[int, ...] = (0, 1, 2, 4, 8)  # hidden layers
    batches: tuple[int, ...] = (1, 10, 50, 404, 4040)  # rows; more than there are: repeated
    timed_steps: int = 200  # of each case and framework, in five alternating rounds

    def __post_init__(self):
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        for key in ("batch_size", "num_epochs", "hidden"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")
        require(self.timed_steps >= 5, f"timed_steps={self.timed_steps}: five rounds need 5 or more")
        for key in ("widths", "depths", "batches"):
            least = 0 if key == "depths" else 1
            require(len(getattr(self, key)) > 1, f"{key}: name at least two")
            require(min(getattr(self, key)) >= least, f"{key}: {least} or more")


QUICK = replace(Settings(), num_epochs=10, widths=(1, 30, 1000), depths=(0, 2, 8), batches=(1, 404), timed_steps=25)


def build_paddle(network: by_hand.Network) -> nn.Sequential:
    """The same network in Paddle, with the same weights."""
    layers = []
    for weight, bias in zip(network.weights, network.biases, strict=True):
        linear = nn.Linear(*weight.shape)
        linear.weight.set_value(weight)
        linear.bias.set_value(bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# The two trainings as a student would write them; what the answer counts as lines of code is counted here.


def numpy_step(network: by_hand.Network, inputs: np.ndarray, prices: np.ndarray, learning_rate: float) -> float:
    """One step by hand; the loss before it."""
    loss, of_weights, of_biases = network.gradients(inputs, prices)
    network.step(of_weights, of_biases, learning_rate)
    return loss


def paddle_step(model: nn.Layer, optimizer, inputs: np.ndarray, prices: np.ndarray) -> float:
    """One step of the framework; the loss before it."""
    loss = F.mse_loss(model(paddle.to_tensor(inputs)), paddle.to_tensor(prices))
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return float(loss)


def pair(sizes: tuple[int, ...], learning_rate: float, seed: int):
    """(numpy's step, Paddle's step, numpy's network, Paddle's model), from the same weights."""
    network = by_hand.Network(sizes, "relu", seed, dtype="float32")
    model = build_paddle(network)
    optimizer = paddle.optimizer.SGD(learning_rate, parameters=model.parameters())
    by_numpy = lambda x, y: numpy_step(network, x, y, learning_rate)  # noqa: E731
    by_paddle = lambda x, y: paddle_step(model, optimizer, x, y)  # noqa: E731
    return by_numpy, by_paddle, network, model


@contextlib.contextmanager
def on_cpu() -> Iterator[None]:
    """A GPU may round the inputs of a product to 10 bits (TF32), which is no rounding of float32 arithmetic."""
    device = paddle.get_device()
    paddle.set_device("cpu")
    try:
        yield
    finally:
        paddle.set_device(device)


def compare(sizes: tuple[int, ...], settings: Settings, data: HousingData, seed: int) -> dict:
    """Train both side by side, on the CPU, on the same batches; losses, largest difference, seconds, test errors."""
    inputs, prices = data.train.inputs.astype("float32"), data.train.prices[:, None].astype("float32")
    train = ArrayBatches(inputs, prices, settings.batch_size, seed)
    *steps, network, model = pair(sizes, settings.learning_rate, seed)
    losses, seconds = ([], []), [0.0, 0.0]
    for epoch in range(settings.num_epochs):
        for x, y in train.epoch(epoch):
            for which, step in enumerate(steps):
                began = time.perf_counter()
                losses[which].append(step(x, y))
                seconds[which] += time.perf_counter() - began
    test = data.test.inputs.astype("float32")
    with paddle.no_grad():
        predictions = network.forward(test), model(paddle.to_tensor(test)).numpy()
    return {
        "losses": losses,
        "difference": float(np.max(np.abs(np.subtract(*losses)))),
        "seconds": seconds,
        "test": [errors(p, data.test.prices, data) for p in predictions],
        "predictions_difference": float(np.max(np.abs(np.subtract(*predictions)))),
    }


def seconds_per_step(
    sizes: tuple[int, ...], rows: int, settings: Settings, data: HousingData, seed: int
) -> list[float]:
    """Median seconds of a step, [numpy, Paddle], in five alternating rounds after a few steps to warm up."""
    index = np.arange(rows) % len(data.train)
    x, y = data.train.inputs[index].astype("float32"), data.train.prices[index, None].astype("float32")
    steps = pair(sizes, 1e-4, seed)[:2]
    rounds = ([], [])
    for step in steps:
        for _ in range(3):
            step(x, y)
    count = max(1, settings.timed_steps // 5)
    for _ in range(5):
        for which, step in enumerate(steps):
            began = time.perf_counter()
            for _ in range(count):
                step(x, y)
            rounds[which].append((time.perf_counter() - began) / count)
    return [float(np.median(r)) for r in rounds]


def growth(settings: Settings, data: HousingData, seed: int) -> dict[str, list]:
    """Rows of [what is varied, its value, seconds with numpy, seconds with Paddle]."""
    cases = {
        "width": {w: ((13, w, 1), settings.batch_size) for w in settings.widths},
        "depth": {d: ((13, *[settings.hidden] * d, 1), settings.batch_size) for d in settings.depths},
        "batch": {b: ((13, settings.hidden, 1), b) for b in settings.batches},
        "large": {w: ((13, w, w, 1), len(data.train)) for w in settings.widths},
    }
    return {
        what: [[value, *seconds_per_step(sizes, rows, settings, data, seed)] for value, (sizes, rows) in these.items()]
        for what, these in cases.items()
    }


def lines_of_code(*parts) -> int:
    """Lines of source that are neither blank, comment nor docstring."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    count = 0
    for part in parts:
        lines = set()
        tokens = list(tokenize.generate_tokens(io.StringIO(inspect.getsource(part)).readline))
        for before, token in zip([None, *tokens], tokens, strict=False):
            alone = before is None or before.type in skipped
            if token.type not in skipped and not (token.type == tokenize.STRING and alone):
                lines.update(range(token.start[0], token.end[0] + 1))
        count += len(lines)
    return count


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    data = load_housing(context.options.data, context.options.data_dir)
    context.announce(data.info, data.how)
    with on_cpu():
        runs = {
            "linear": compare((13, 1), settings, data, context.seed),
            "network": compare((13, settings.hidden, 1), settings, data, context.seed),
        }
    for name, result in runs.items():
        steps = len(result["losses"][0])
        context.say(f"{name}: largest difference of the losses over {steps} steps: {result['difference']:.1e}")
    grown = growth(settings, data, context.seed)
    lines = {"numpy": lines_of_code(by_hand.Network, numpy_step), "paddle": lines_of_code(build_paddle, paddle_step)}
    histories, figures = {}, draw(runs, grown, data.info.stand_in)
    for name, result in runs.items():
        for which, losses in zip(("numpy", "paddle"), result["losses"], strict=True):
            rows = [{"step": i + 1, "loss": loss} for i, loss in enumerate(losses)]
            histories[f"{name}, {which}"] = History(rows, [])
    results = {name: {k: v for k, v in r.items() if k not in ("losses", "seconds")} for name, r in runs.items()}
    results |= {"steps": len(runs["linear"]["losses"][0]), "lines": lines, "baselines": baselines(data)}
    results["cost"] = {"seconds": {name: r["seconds"] for name, r in runs.items()}, "per_step": grown}
    return Answer(
        title="作业4-2:用 Python 和用飞桨构建神经网络的异同",
        text=render(__file__, {"settings": settings, "device": context.device.partition(":")[0].upper()} | results),
        results=results,
        figures=figures,
        histories=histories,
    )
