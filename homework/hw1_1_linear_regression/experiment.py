"""作业1-1 Linear regression in numpy on the Boston house prices, by full batches and by mini-batches

The camp's question, reconstructed from the course's first chapter: 用numpy实现波士顿房价的线性回归（前向计算、
均方误差、梯度、参数更新），用全批量和小批量梯度下降训练，并预测一套房屋的价格。

Everything that learns stands below: `forward`, `mean_squared_error`, `gradient` (checked against central differences)
and the loop `train`, which serves both ways of training, from the same initial weights and for about as many steps. A
linear model has a best answer in closed form, least squares; it says how far the training is from its end. The 102
test rows are for the report.

Expect, on the real table, with the full settings: see docs/results.md. Both end within a percent of the training
loss of least squares, and the mini-batches read the table a fortieth as often.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

import paddle_camp as camp
from homework.hw1_1_linear_regression.figures import draw
from homework.hw1_1_linear_regression.verdicts import judge
from paddle_camp.comparisons import compare_paired
from paddle_camp.data.housing import COLUMNS, EXAMPLE, HousingData
from paddle_camp.data.housing_regression import baselines, errors, least_squares, look_up_example
from paddle_camp.derivatives import central_differences


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters; "course" marks those of the camp's published scripts."""

    learning_rate: camp.Rate = 0.01  # course
    batch_size: camp.Count = 10  # course, in its Paddle version; rows of a mini-batch
    num_epochs: camp.Count = 1000  # passes over the rows in mini-batches; the course stops at 10, far from the end
    full_epochs: camp.Count = 41000  # passes with all rows in each step: as many steps as mini-batches take on 404 rows
    noted_steps: camp.Count = 410  # steps at the beginning whose losses are kept and drawn: ten epochs of mini-batches


QUICK = replace(Settings(), num_epochs=200, full_epochs=8200)


def forward(inputs: np.ndarray, weights: np.ndarray, bias: float) -> np.ndarray:
    """Predicted prices ``[B]`` of inputs ``[B, 13]``: z = x w + b."""
    return inputs @ weights + bias


def mean_squared_error(predictions: np.ndarray, prices: np.ndarray) -> float:
    """L = 1/B sum (z - y)^2, over B rows."""
    return float(np.mean((predictions - prices) ** 2))


def gradient(inputs: np.ndarray, prices: np.ndarray, weights: np.ndarray, bias: float):
    """The loss and its gradients: (loss, dL/dw ``[13]``, dL/db).

    dL/dz = 2 (z - y) / B and dz/dw = x, so dL/dw = 2/B sum (z - y) x. The course's numpy page trains half this loss and
    so has no factor 2: its learning rate 0.02 is our 0.01. Paddle's square_error_cost has the factor.
    """
    error = forward(inputs, weights, bias) - prices
    slope = 2 * error / len(prices)
    return float(np.mean(error**2)), slope @ inputs, float(slope.sum())


def gradient_error(inputs: np.ndarray, prices: np.ndarray, weights: np.ndarray, bias: float) -> float:
    """How far `gradient` is from central differences of the loss: their largest gap, relative to the largest slope."""
    _, by_weights, by_bias = gradient(inputs, prices, weights, bias)
    place = np.append(weights, bias)
    loss = lambda: mean_squared_error(forward(inputs, place[:-1], place[-1]), prices)  # noqa: E731
    measured = central_differences(loss, place, 1e-4)  # it is a parabola: only rounding errs, so a wide step is good
    return float(np.abs(np.append(by_weights, by_bias) - measured).max() / np.abs(measured).max())


def initial_weights(seed: int) -> tuple[np.ndarray, float]:
    """Normal weights ``[13]`` and bias 0, as in the course."""
    return np.random.default_rng(seed).normal(size=len(COLUMNS) - 1), 0.0


def batches_of(data: HousingData, batch_size: int, seed: int) -> camp.ArrayBatches:
    """The training rows, shuffled every epoch where a batch is not all of them."""
    shuffle_seed = seed if batch_size < len(data.train) else None
    return camp.ArrayBatches(data.train.inputs, data.train.prices, batch_size, shuffle_seed)


@np.errstate(over="ignore", invalid="ignore")  # a training that diverges is noticed by its loss
def train(data: HousingData, batch_size: int, num_epochs: int, settings: Settings, seed: int):
    """Gradient descent on the training rows; with ``batch_size`` of all rows, full-batch. Returns (w, b, History)."""
    (weights, bias), rate, history, step = initial_weights(seed), settings.learning_rate, camp.History(), 0
    batches = batches_of(data, batch_size, seed)
    noted = set(np.geomspace(1, num_epochs, 200).astype(int).tolist())
    for epoch in range(num_epochs):
        for batch, (inputs, prices) in enumerate(batches.epoch(epoch)):
            loss, by_weights, by_bias = gradient(inputs, prices, weights, bias)
            weights = weights - rate * by_weights
            bias = bias - rate * by_bias
            step += 1
            if not loss < 1e12:  # also false for NaN
                raise camp.DivergedError(step, loss)
            if step <= settings.noted_steps:
                row = {"step": step, "epoch": epoch, "batch": batch, "loss": loss}
                history.steps.append(row | {"learning_rate": rate, "samples": len(prices)})
        if epoch + 1 in noted:
            history.evaluations += evaluate(data, weights, bias, epoch + 1, step)
    return weights, bias, history


def evaluate(data: HousingData, weights: np.ndarray, bias: float, epoch: int, step: int) -> list[dict]:
    """The losses of both parts, as rows of a history."""
    rows = []
    for split, part in data.parts().items():
        loss = mean_squared_error(forward(part.inputs, weights, bias), part.prices)
        rows.append({"epoch": epoch, "step": step, "split": split, "loss": loss, "samples": len(part)})
    return rows


def describe(weights: np.ndarray, bias: float, best: tuple, flattest: np.ndarray, data: HousingData) -> dict:
    """The reported numbers of a trained model, compared with the least-squares solution ``best``."""
    rows, prices = data.train.inputs, data.train.prices
    loss = mean_squared_error(forward(rows, weights, bias), prices)
    predictions = forward(data.test.inputs, weights, bias)
    gap = np.append(weights - best[0], bias - best[1])
    return {
        "weights": weights.tolist(),
        "bias": bias,
        "train_loss": loss,
        "loss_ratio": loss / mean_squared_error(forward(rows, *best), prices),
        "weight_gap": float(np.abs(gap).max()),
        "flat_share": float((gap @ flattest) ** 2 / max(gap @ gap, 1e-300)),  # of the squared distance
        "offset": compare_paired(predictions, data.test.prices)["verdict"],
        "test": errors(predictions, data.test.prices, data),
        "too_high": float(np.mean(predictions - data.test.prices) * data.span[13]),  # thousands of dollars
        "example": float(data.to_dollars(forward(data.normalise(EXAMPLE), weights, bias))),
    }


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing)
    inputs, prices, rows = data.train.inputs, data.train.prices, len(data.train)
    small = settings.batch_size
    camp.require(small < rows, f"batch_size={small}: a mini-batch is less than the {rows} rows")
    best = least_squares(inputs, prices)
    models, histories = {"least squares": best}, {}
    ways = {"full batch": (rows, settings.full_epochs), "mini-batch": (small, settings.num_epochs)}
    for name, way in ways.items():
        *models[name], histories[name] = train(data, *way, settings, context.seed)
    widened = np.c_[inputs, np.ones(rows)]  # the bias is the weight of a column of ones
    curvature, directions = np.linalg.eigh(2 / rows * widened.T @ widened)
    results = {"mean": baselines(data)["mean"], "example": look_up_example(data)}
    results["gradient_error"] = gradient_error(inputs, prices, *initial_weights(context.seed))
    described = {name: describe(*model, best, directions[:, 0], data) for name, model in models.items()}
    results |= {"models": described, "verdicts": judge(described, histories)}
    results["steps"] = {name: history.evaluations[-1]["step"] for name, history in histories.items()}
    results["lowest_test"] = min(histories["mini-batch"].split("test"), key=lambda row: row["loss"])
    results["slowest"] = 1 / (settings.learning_rate * float(curvature[0]))
    results["largest_rate"] = 2 / float(curvature[-1])
    results["mean_price"] = [float(data.to_dollars(part.prices).mean()) for part in data.parts().values()]
    dollars = {name: data.to_dollars(forward(data.test.inputs, *model)) for name, model in models.items()}
    figures, title = draw(data, dollars, histories, results), "作业1-1:用 numpy 做波士顿房价的线性回归"
    values = {"rows": rows, "tested": len(data.test), "span": float(data.span[13])}
    values["code"] = camp.code_of(forward, gradient, train)
    error = described["mini-batch"]["test"]["rmse_dollars"]
    headline = {"name": "rmse_dollars", "value": error, "interval": None, "split": "test"}
    return camp.Answer(title, results, figures, histories, values=values, headline=headline)
