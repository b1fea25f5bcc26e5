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
import time
import timeit
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import numpy as np
import paddle
import paddle.nn.functional as F
from annotated_types import Ge, MinLen
from paddle import nn

import paddle_camp as camp
from homework.hw4_2_numpy_or_paddle import by_hand
from homework.hw4_2_numpy_or_paddle.figures import draw
from homework.hw4_2_numpy_or_paddle.measuring import ROUNDS, lines_of_code, seconds_of, summarise
from paddle_camp.data.housing import HousingData
from paddle_camp.data.housing_regression import baselines, errors

AtLeastTwo = Annotated[tuple[camp.Count, ...], MinLen(2)]


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters."""

    learning_rate: camp.Rate = 0.05  # of plain SGD, for both
    batch_size: camp.Count = 10  # the course's; rows
    num_epochs: camp.Count = 50
    hidden: camp.Count = 32  # units of the hidden layer (ReLU) of the network that is compared
    widths: AtLeastTwo = (1, 3, 10, 30, 100, 300, 1000)  # hidden units, one hidden layer
    depths: Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(2)] = (0, 1, 2, 4, 8)  # hidden layers
    batches: AtLeastTwo = (1, 10, 50, 404, 4040)  # rows; more than there are: repeated
    timed_steps: Annotated[int, Ge(ROUNDS), camp.Hint("seven rounds need 7 or more")] = (
        200  # of each case and framework
    )


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
    """([numpy's step, Paddle's step], numpy's network, Paddle's model), from the same weights."""
    network = by_hand.Network(sizes, "relu", seed, dtype="float32")
    model = build_paddle(network)
    optimizer = paddle.optimizer.SGD(learning_rate, parameters=model.parameters())
    steps = [partial(numpy_step, network, learning_rate=learning_rate), partial(paddle_step, model, optimizer)]
    return steps, network, model


def compare(sizes: tuple[int, ...], settings: Settings, data: HousingData, seed: int) -> tuple[dict, dict]:
    """Train both side by side, on the CPU, on the same batches; (largest differences and test errors, histories)."""
    train = camp.as_batches((data.train.inputs, data.train.prices[:, None]), settings.batch_size, seed)
    steps, network, model = pair(sizes, settings.learning_rate, seed)
    histories = {"numpy": camp.History(), "paddle": camp.History()}
    for x, y in (batch for epoch in range(settings.num_epochs) for batch in train.epoch(epoch)):
        for step, history in zip(steps, histories.values(), strict=True):
            began = time.perf_counter()
            row = {"step": len(history.steps) + 1, "loss": step(x, y), "seconds": time.perf_counter() - began}
            history.steps.append(row)
    losses, inputs = [history.column("loss") for history in histories.values()], data.test.inputs.astype("float32")
    predictions = network.forward(inputs), model(paddle.to_tensor(inputs)).numpy()
    return {
        "difference": float(np.max(np.abs(np.subtract(*losses)))),
        "test": [errors(p, data.test.prices, data) for p in predictions],
        "predictions_difference": float(np.max(np.abs(np.subtract(*predictions)))),
    }, histories


def seconds_per_step(sizes: tuple[int, ...], rows: int, settings: Settings, data: HousingData, seed: int) -> list:
    """What :func:`summarise` makes of a step with numpy and with Paddle, in alternating rounds after a warm-up."""
    index = np.arange(rows) % len(data.train)
    x, y = data.train.inputs[index].astype("float32"), data.train.prices[index, None].astype("float32")
    steps = [partial(step, x, y) for step in pair(sizes, 1e-4, seed)[0]]
    counts = 3, *[settings.timed_steps // ROUNDS] * ROUNDS
    _, *rounds = [[timeit.timeit(step, number=n) / n for step in steps] for n in counts]
    return summarise(*np.transpose(rounds))


def growth(settings: Settings, data: HousingData, seed: int) -> dict[str, list]:
    """What is varied -> rows of [its value, seconds with numpy, seconds with Paddle, numpy's verdict, the spreads]."""
    measure = partial(seconds_per_step, settings=settings, data=data, seed=seed)
    return {
        "width": [[w, *measure((13, w, 1), settings.batch_size)] for w in settings.widths],
        "depth": [[d, *measure((13, *[settings.hidden] * d, 1), settings.batch_size)] for d in settings.depths],
        "batch": [[b, *measure((13, settings.hidden, 1), b)] for b in settings.batches],
        "large": [[w, *measure((13, w, w, 1), len(data.train))] for w in settings.widths],
    }


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing)
    steps = settings.num_epochs * -(-len(data.train) // settings.batch_size)
    needed = f"num_epochs={settings.num_epochs}: {steps} steps; timing needs at least {ROUNDS + 1}"
    camp.require(steps > ROUNDS, needed)
    results, histories, seconds = {}, {}, {}
    with contextlib.ExitStack() as at_the_end:
        # A GPU may round the inputs of a product to 10 bits (TF32), which is no rounding of float32 arithmetic.
        at_the_end.callback(paddle.set_device, paddle.get_device())
        paddle.set_device("cpu")
        for name, sizes in {"linear": (13, 1), "network": (13, settings.hidden, 1)}.items():
            results[name], both = compare(sizes, settings, data, context.seed)
            histories |= {f"{name}, {which}": history for which, history in both.items()}
            seconds[name] = seconds_of(both)
            difference = results[name]["difference"]
            context.say(f"{name}: largest difference of the losses over {steps} steps: {difference:.1e}")
    lines = {"numpy": lines_of_code(by_hand.Network, numpy_step), "paddle": lines_of_code(build_paddle, paddle_step)}
    grown = growth(settings, data, context.seed)
    results |= {"steps": steps, "lines": lines, "baselines": baselines(data)}
    results["cost"] = {"step": seconds, "per_step": grown}
    code = {
        "numpy": camp.code_of(by_hand.Network.gradients, numpy_step),
        "paddle": camp.code_of(build_paddle, paddle_step),
    }
    return camp.Answer(
        title="作业4-2:用 Python 和用飞桨构建神经网络的异同",
        results=results,
        values={
            "device": context.device.partition(":")[0].upper(),
            "code": code,
            "rounds": ROUNDS,
            "tested": len(data.test),
        },
        figures=draw(histories, grown),
        histories=histories,
    )
