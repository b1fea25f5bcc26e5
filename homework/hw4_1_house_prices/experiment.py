"""作业4-1 House prices with Paddle: the linear model of the course, saved, loaded, and beaten by a small network

The camp's question: 使用飞桨重写房价预测模型：加载数据、定义模型、训练、保存模型、加载模型并预测。

The linear model is trained as in the course (SGD, learning rate 0.01, batch 10, 10 epochs), its weights are saved,
loaded into a new model, and the two are shown to predict the same bits. Then a network with one or two hidden layers:
its width, its learning rate and its number of epochs are chosen on rows held out of the *training* part, by the mean
over several seeds; the winner is trained once more on all training rows. The test rows only report. Beside both stand
the mean predictor and the closed-form least-squares solution.

Expect, with the full settings on the real table (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.data.housing import COLUMNS, EXAMPLE, HousingData, Table
from paddle_camp.data.housing_regression import baseline_predictions, baselines, compare_errors, errors, look_up_example

IS_SWEEP = True


def units_of(hidden: str) -> list[int]:
    """The units of each hidden layer: [64, 64] for "64x64"."""
    right = all(part.isdigit() and int(part) > 0 for part in hidden.split("x"))
    camp.require(right, f"hidden={hidden}: write the units of each layer, such as 64 or 64x64")
    return list(map(int, hidden.split("x")))


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters; "course" marks those of the camp's published script."""

    learning_rate: camp.Rate = 0.01  # course, of the linear model
    batch_size: camp.Count = 10  # course; rows
    num_epochs: camp.Count = 10  # course, of the linear model
    shuffle: bool = False  # True: shuffle the rows before they are split; the course splits by position
    hidden: camp.Several[Annotated[str, units_of]] = ("8", "16", "64")  # candidates: units of the hidden layers
    hidden_rates: camp.Several[camp.Rate] = (0.003, 0.01, 0.03)  # candidates: learning rates, with momentum 0.9
    hidden_epochs: camp.Count = 120  # at most; the number is chosen too
    holdout: camp.Share = 0.2  # share of the training rows held out to choose by
    num_seeds: camp.Count = 3  # trainings of each candidate


QUICK = replace(Settings(), hidden=("16",), hidden_rates=(0.01, 0.03), hidden_epochs=40, num_seeds=1)


class LinearModel(nn.Layer):
    """The course's: 13 features, one fully connected layer, no activation."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(13, 1)

    def forward(self, inputs: paddle.Tensor) -> paddle.Tensor:
        """Normalised prices ``[N, 1]`` from float32 ``[N, 13]``."""
        return self.fc(inputs)


def small_network(hidden: str) -> nn.Sequential:
    """13 features, fully connected layers of these units ("64x64") with ReLU, one output."""
    widths = [13, *units_of(hidden)]
    layers = [layer for sizes in itertools.pairwise(widths) for layer in (nn.Linear(*sizes), nn.ReLU())]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))


def train(hidden: str | None, rate: float, seed: int, rows: Table, others: dict[str, Table], **options):
    """(The network, its history), with the loss on ``others`` after every epoch."""
    paddle.seed(seed)
    if hidden is None:  # the course's training
        model = LinearModel()
        optimizer = paddle.optimizer.SGD(rate, parameters=model.parameters())
    else:
        model = small_network(hidden)
        optimizer = paddle.optimizer.Momentum(rate, 0.9, parameters=model.parameters())
    evaluations = {split: camp.as_batches((t.inputs, t.prices), len(t)) for split, t in others.items()}
    options |= {"loss_fn": camp.regression_loss, "evaluations": evaluations, "seed": seed, "quiet": hidden is not None}
    return model, camp.fit(model, optimizer, (rows.inputs, rows.prices), **options)


def candidate(hidden: str, rate: float, seed: int, settings: Settings, data: HousingData) -> list[float]:
    """The losses on the held-out rows after each epoch."""
    order = np.random.default_rng([seed, 99]).permutation(len(data.train))  # other rows for each seed
    held, kept = np.split(order, [round(settings.holdout * len(order))])
    rest, other = (Table(data.train.inputs[i], data.train.prices[i]) for i in (kept, held))
    sets = {"rows": rest, "others": {"holdout": other}, "batch_size": settings.batch_size}
    history = train(hidden, rate, seed, num_epochs=settings.hidden_epochs, **sets)[1]
    return [row["loss"] for row in history.split("holdout")]


def choose(settings: Settings, context: camp.Context, data: HousingData) -> tuple[dict, dict[str, dict]]:
    """The candidate and the number of epochs with the lowest mean loss on held-out training rows."""
    seeds = context.seeds(settings.num_seeds)
    axes = {"hidden": settings.hidden, "rate": settings.hidden_rates, "seed": seeds}
    words = lambda losses: f"lowest held-out loss {min(losses):.5f}"  # noqa: E731
    grid = context.grid(candidate, axes, common={"settings": settings, "data": data}, describe=words)
    curves, best = {}, None
    for _, point, cells in grid.over("seed", list).items():
        if any(map(camp.diverged, cells)):
            continue
        losses = np.mean(cells, axis=0).tolist()
        curve = (range(1, len(losses) + 1), losses)
        curves.setdefault(f"{point['hidden']} hidden units", {})[f"rate {point['rate']}"] = curve
        if best is None or min(losses) < best["holdout_mse"]:
            best = point | {"epochs": int(np.argmin(losses)) + 1, "holdout_mse": min(losses)}
    camp.require(best is not None, "every candidate diverged: give smaller hidden_rates")
    return best, curves


def save_and_load(model: LinearModel, path: Path, inputs: np.ndarray) -> bool:
    """Save the weights, load them into a new model, and say whether both predict the same bits."""
    paddle.save(model.state_dict(), str(path))
    again = LinearModel()
    again.set_state_dict(paddle.load(str(path)))
    return bool(np.array_equal(predict(model, inputs), predict(again, inputs)))


def predict(model: nn.Layer, inputs: np.ndarray) -> np.ndarray:
    """Normalised prices ``[N]`` of normalised rows ``[N, 13]``."""
    model.eval()
    with paddle.no_grad():
        return model(paddle.to_tensor(np.atleast_2d(inputs).astype("float32"))).numpy()[:, 0]


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing, shuffle_seed=context.seed if settings.shuffle else None)
    sets = {"rows": data.train, "others": {"test": data.test}, "batch_size": settings.batch_size}
    linear, history = train(None, settings.learning_rate, context.seed, num_epochs=settings.num_epochs, **sets)
    same = save_and_load(linear, context.checkpoints / "linear.pdparams", data.test.inputs)
    best, curves = choose(settings, context, data)
    train_chosen = partial(train, best["hidden"], best["rate"], num_epochs=best["epochs"], **sets)
    network, network_history = train_chosen(context.seed, keep=context.checkpoints)
    models = {"linear": linear, "network": network}
    others = context.seeds(settings.num_seeds)[1:]  # the chosen network once more from each seed but the first
    again = {f"seed {seed}": train_chosen(seed)[0] for seed in others}
    predictions = {name: predict(model, data.test.inputs) for name, model in (models | again).items()}
    test = {name: errors(each, data.test.prices, data) for name, each in predictions.items()}
    rmse = [test[name]["rmse_dollars"] for name in ("network", *again)]
    example = {n: float(data.to_dollars(predict(m, data.normalise(EXAMPLE)))[0]) for n, m in models.items()}
    said, actual = predictions | baseline_predictions(data), data.test.prices
    against = {name: compare_errors(said["network"], said[name], actual) for name in ("linear", "least squares")}
    results = {"test": baselines(data) | {name: test[name] for name in models}, "network_seeds": rmse, "chosen": best}
    results |= {"same_after_loading": same, "network_against": against}
    results["example"] = example | {"price": look_up_example(data)["price"]}
    return camp.Answer(
        title="作业4-1:用飞桨预测房价",
        results=results,
        values={"columns": COLUMNS, "rows": data.info.counts},
        headline={"name": "rmse_dollars", "value": rmse[0], "interval": None, "split": "test"},
        figures=draw(history, curves, {name: data.to_dollars(predictions[name]) for name in models}, data),
        histories={"linear": history, "network": network_history},
    )


def draw(history: camp.History, curves: dict, said: dict[str, np.ndarray], data: HousingData) -> dict:
    """The figures to post."""
    rows = {"training rows": history.split("train"), "test rows": history.split("test")}
    lines = {label: ([r["epoch"] for r in these], [r["loss"] for r in these]) for label, these in rows.items()}
    words = {"xlabel": "epochs finished", "ylabel": "mean squared error", "title": "The course's training"}
    losses = camp.plots.line_panels({"linear model": lines}, **words)
    title = "Candidates on held-out training rows, mean over the seeds"
    choice = camp.plots.line_panels(curves, "epochs", "MSE", log="y", markers=False, title=title)
    words = {"unit": "thousands of dollars", "title": "Test rows"}
    scatter = camp.plots.true_against_predicted(data.to_dollars(data.test.prices), said, **words)
    return {
        "loss": ("线性模型的训练过程", losses),
        "choice": ("候选网络在留出的训练数据上的误差", choice),
        "predictions": ("测试集上的预测价格与真实价格", scatter),
    }
