"""作业2-1 Backward propagation: on the graph of a purchase, and through a two-layer network

The camp's questions: 根据乘法和加法的导数公式，完成购买苹果和橘子的梯度传播的题目；挑战题：用代码实现两层的神经网络的
梯度传播，中间层的尺寸为13【房价预测案例】。 (The course's own example is 2 apples at 100, times a discount of 0.9; the
oranges, 3 at 150, are those of "Deep Learning from Scratch", where the purchase comes from.)

The purchase is in `graph.py`: a number that remembers what it was made of, and reverse mode on it. The
network's gradients, and those of the quadratic model y = w2 (x + w1 x^2) + b, are derived by hand, compared with
central differences, and used to train on the Boston housing data from several seeds. Learning rate and epochs come from
five folds of the training rows: mean squared error 0.0073 (standard error 0.0022), least squares 0.0131. Takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le

import paddle_camp as camp
from homework.hw2_1_backpropagation.figures import draw
from homework.hw2_1_backpropagation.graph import Number, propagate
from homework.hw2_1_backpropagation.verdicts import against_linear, closed_form_quadratic, shapes_of, verdicts_on
from paddle_camp.data.housing import HousingData
from paddle_camp.data.housing_regression import baselines, errors, shift_of
from paddle_camp.derivatives import central_differences

ACTIVATIONS = {  # the function, and its derivative written in terms of its output
    "sigmoid": (lambda z: 0.5 + 0.5 * np.tanh(0.5 * z), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
}
GOODS = ("apples", "apple_price", "orange_price", "oranges", "discount")  # of the purchase, from top to bottom


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """The purchase and the training; the sizes of the network are the question's."""

    apple_price: float = 100.0  # yuan, course
    apples: float = 2.0  # course
    orange_price: float = 150.0  # yuan
    oranges: float = 3.0
    discount: Annotated[float, Gt(0), Le(1)] = 0.9  # course; what is paid of the price
    hidden: camp.Count = 13  # the question's
    activation: Annotated[str, camp.OneOf(ACTIVATIONS)] = "sigmoid"  # or "tanh": of the hidden layer
    learning_rate: camp.Rate = 0.3  # at the start; falls to 0 along half a cosine
    momentum: camp.Fraction = 0.9
    batch_size: camp.Count = 32  # rows
    num_epochs: camp.Count = 500  # on five folds, 1000 were better by less than a standard error
    num_seeds: camp.Count = 5  # trainings of each network, from --seed on


QUICK = replace(Settings(), num_epochs=100, num_seeds=2)


class TwoLayers:
    """z1 = W1 x + b1, a = f(z1), y = w2 a + b2, for rows x: ``[N, 13]`` -> ``[N]``."""

    def __init__(self, settings: Settings, rng: np.random.Generator):
        self.activation, self.derivative = ACTIVATIONS[settings.activation]
        w1 = rng.normal(0, 13**-0.5, (settings.hidden, 13))  # keeps the spread of z1 that of x
        w2 = rng.normal(0, settings.hidden**-0.5, settings.hidden)
        self.parameters = {"w1": w1, "b1": np.zeros(settings.hidden), "w2": w2, "b2": np.zeros(1)}

    def forward(self, x: np.ndarray) -> np.ndarray:
        p = self.parameters
        self.x, self.a = x, self.activation(x @ p["w1"].T + p["b1"])
        return self.a @ p["w2"] + p["b2"]

    def backward(self, dy: np.ndarray) -> dict[str, np.ndarray]:
        """Gradients of the loss, given its gradient ``[N]`` with respect to the output of the last forward pass."""
        dz1 = np.outer(dy, self.parameters["w2"]) * self.derivative(self.a)  # [N, hidden]
        return {"w1": dz1.T @ self.x, "b1": dz1.sum(axis=0), "w2": self.a.T @ dy, "b2": dy.sum(keepdims=True)}


class Quadratic:
    """y = sum over the features of w2 (x + w1 x^2), + b: ``[N, 13]`` -> ``[N]``. It begins as a linear model."""

    def __init__(self, settings: Settings, rng: np.random.Generator):
        self.parameters = {"w1": np.zeros(13), "w2": rng.normal(0, 13**-0.5, 13), "b": np.zeros(1)}

    def forward(self, x: np.ndarray) -> np.ndarray:
        p = self.parameters
        self.x, self.h = x, x + p["w1"] * x**2
        return self.h @ p["w2"] + p["b"]

    def backward(self, dy: np.ndarray) -> dict[str, np.ndarray]:
        """As for the network of two layers."""
        return {"w1": self.parameters["w2"] * (dy @ self.x**2), "w2": dy @ self.h, "b": dy.sum(keepdims=True)}


NETWORKS = {"quadratic": Quadratic, "two-layer": TwoLayers}


def loss_and_gradients(model, x: np.ndarray, prices: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
    """Mean squared error of a batch and its gradients: dL/dy = 2 (y - price) / N."""
    difference = model.forward(x) - prices
    return float(np.mean(difference**2)), model.backward(2 * difference / len(prices))


def gradient_error(model, x: np.ndarray, prices: np.ndarray, step: float = 1e-5) -> float:
    """The worst parameter's |derived - central differences| / (|derived| + |central differences|), norms of each."""
    gradients, worst = loss_and_gradients(model, x, prices)[1], 0.0
    for name, values in model.parameters.items():
        numerical = central_differences(lambda: loss_and_gradients(model, x, prices)[0], values, step)
        size = np.linalg.norm(gradients[name]) + np.linalg.norm(numerical)
        worst = max(worst, float(np.linalg.norm(gradients[name] - numerical) / size))
    return worst


@np.errstate(over="ignore", invalid="ignore")  # too large a learning rate: said by DivergedError
def train(model, data: HousingData, settings: Settings, seed: int) -> camp.History:
    """Gradient descent with momentum; the history holds both parts' losses, 50 times along the way."""
    batches = camp.ArrayBatches(data.train.inputs, data.train.prices, settings.batch_size, seed)
    velocity = dict.fromkeys(model.parameters, 0.0)
    steps, history = settings.num_epochs * len(batches), camp.History()
    rates = iter(settings.learning_rate * (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2)
    for epoch in range(1, settings.num_epochs + 1):
        for batch, rate in zip(batches.epoch(epoch - 1), rates, strict=False):
            _, gradients = loss_and_gradients(model, *batch)
            for name, values in model.parameters.items():
                velocity[name] = settings.momentum * velocity[name] + gradients[name]
                values -= rate * velocity[name]
        if epoch % max(1, settings.num_epochs // 50) == 0 or epoch == settings.num_epochs:
            for split, part in data.parts().items():
                loss, step = loss_and_gradients(model, part.inputs, part.prices)[0], epoch * len(batches)
                if not np.isfinite(loss):
                    raise camp.DivergedError(step, loss)
                row = {"epoch": epoch, "step": step, "split": split, "loss": loss, "samples": len(part)}
                history.evaluations.append(row)
    return history


def train_seeds(name: str, data: HousingData, settings: Settings, context: camp.Context, histories: dict) -> dict:
    """Train one model from each seed: column -> a value per seed; fills ``histories``."""
    rows = []
    for seed in context.seeds(settings.num_seeds):
        model = NETWORKS[name](settings, np.random.default_rng(seed))
        history = histories[f"{name}-{seed}"] = train(model, data, settings, seed)
        row = errors(model.forward(data.test.inputs), data.test.prices, data)
        row["train_mse"] = history.split("train")[-1]["loss"]
        row["gradient_error"] = gradient_error(model, data.train.inputs[:20], data.train.prices[:20])
        context.say(f"{name}, seed {seed}: test error {row['rmse_dollars']:.3f} thousand dollars (root mean square)")
        rows.append(row)
    return {key: [row[key] for row in rows] for key in rows[0]}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing)
    shop, graph = propagate({name.replace("_", " "): getattr(settings, name) for name in GOODS})
    histories: dict[str, camp.History] = {}
    results = {"purchase": shop, "baselines": baselines(data), "squares": closed_form_quadratic(data)}
    models = {name: build(settings, np.random.default_rng(context.seed)) for name, build in NETWORKS.items()}
    results |= {"shift": shift_of(data), "shapes": shapes_of(models, data.train, settings.batch_size)}
    results["networks"] = {name: train_seeds(name, data, settings, context, histories) for name in NETWORKS}
    results["against_closed_form"] = verdicts_on(results["networks"]["quadratic"], results["squares"])
    results["against_linear"] = against_linear(results["networks"], results["baselines"]["least squares"]["mse"])
    figures = {"graph": ("购买苹果和橘子：数值向前（上），梯度向后（下）", graph)}
    figures |= draw(results, histories, context.seed)
    title = "作业2-1:计算图上的梯度传播，两层神经网络的反向传播"
    code = {"network": camp.code_of(TwoLayers, loss_and_gradients), "graph": camp.code_of(Number)}
    first = results["networks"]["two-layer"]["rmse_dollars"][0]
    headline = {"name": "rmse_dollars", "value": first, "interval": None, "split": "test"}
    values = data.info.counts | {"code": code}
    return camp.Answer(title, results, figures, histories, values=values, headline=headline)
