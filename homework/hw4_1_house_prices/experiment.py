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

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from paddle_camp import plots
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import render
from paddle_camp.data.batches import ArrayBatches
from paddle_camp.data.housing import COLUMNS, EXAMPLE, HousingData, Table, load_housing
from paddle_camp.data.housing_regression import baselines, errors, look_up_example
from paddle_camp.errors import DivergedError, require
from paddle_camp.history import History
from paddle_camp.running.context import Context
from paddle_camp.sweeps.sweep import run_cells
from paddle_camp.training.fit import CheckpointPolicy, fit, publish

IS_SWEEP = True


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; "course" marks those of the camp's published script."""

    learning_rate: float = 0.01  # course, of the linear model
    batch_size: int = 10  # course; rows
    num_epochs: int = 10  # course, of the linear model
    shuffle: bool = False  # True: shuffle the rows before they are split; the course splits by position
    hidden: tuple[str, ...] = ("8", "16", "64")  # candidates: units of the hidden layers
    hidden_rates: tuple[float, ...] = (0.003, 0.01, 0.03)  # candidates: learning rates, with momentum 0.9
    hidden_epochs: int = 120  # at most; the number is chosen too
    holdout: float = 0.2  # share of the training rows held out to choose by
    num_seeds: int = 3  # trainings of each candidate

    def __post_init__(self):
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        require(len(self.hidden) > 0 and len(self.hidden_rates) > 0, "hidden, hidden_rates: name at least one each")
        for text in self.hidden:
            right = all(part.isdigit() and int(part) > 0 for part in text.split("x"))
            require(right, f"hidden={text}: write the units of each layer, such as 64 or 64x64")
        require(all(rate > 0 for rate in self.hidden_rates), "hidden_rates: must be positive")
        for key in ("batch_size", "num_epochs", "hidden_epochs", "num_seeds"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


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
    layers, width = [], 13
    for units in map(int, hidden.split("x")):
        layers += [nn.Linear(width, units), nn.ReLU()]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, 1))


def batches(table: Table, batch_size: int, seed: int | None) -> ArrayBatches:
    """Float32 batches of a part of the table."""
    return ArrayBatches(table.inputs.astype("float32"), table.prices[:, None].astype("float32"), batch_size, seed)


def train_linear(settings: Settings, context: Context, data: HousingData) -> tuple[LinearModel, History]:
    """The course's training."""
    paddle.seed(context.seed)
    model = LinearModel()
    optimizer = paddle.optimizer.SGD(settings.learning_rate, parameters=model.parameters())
    history = fit(
        model,
        optimizer,
        batches(data.train, settings.batch_size, context.seed),
        num_epochs=settings.num_epochs,
        loss_fn=F.mse_loss,
        evaluations={"test": batches(data.test, len(data.test), None)},
        seed=context.seed,
        name="linear",
    )
    return model, history


def train_network(hidden, rate, num_epochs, seed, settings, train: Table, other: Table, keep=None):
    """(The network, its history), with the loss on ``other`` after every epoch."""
    paddle.seed(seed)
    model = small_network(hidden)
    optimizer = paddle.optimizer.Momentum(rate, 0.9, parameters=model.parameters())
    history = fit(
        model,
        optimizer,
        batches(train, settings.batch_size, seed),
        num_epochs=num_epochs,
        loss_fn=F.mse_loss,
        evaluations={"other": batches(other, len(other), None)},
        seed=seed,
        keep=keep,
        quiet=True,
    )
    return model, history


def candidate(hidden: str, rate: float, seed: int, settings: Settings, data: HousingData) -> list[float] | None:
    """The losses on the held-out rows after each epoch; None if the training diverged."""
    order = np.random.default_rng([seed, 99]).permutation(len(data.train))  # other rows for each seed
    held, kept = np.split(order, [round(settings.holdout * len(order))])
    rest, other = (Table(data.train.inputs[i], data.train.prices[i]) for i in (kept, held))
    try:
        history = train_network(hidden, rate, settings.hidden_epochs, seed, settings, rest, other)[1]
    except DivergedError:
        return None
    return [row["loss"] for row in history.split("other")]


def choose(settings: Settings, context: Context, data: HousingData) -> tuple[dict, dict[str, dict]]:
    """The candidate and the number of epochs with the lowest mean loss on held-out training rows."""
    cells, curves, best = {}, {}, None
    for hidden in settings.hidden:
        for rate in settings.hidden_rates:
            for seed in range(context.seed, context.seed + settings.num_seeds):
                cells[f"{hidden}-{rate}-{seed}"] = (hidden, rate, seed, settings, data)
    words = lambda losses: "diverged" if losses is None else f"lowest held-out loss {min(losses):.5f}"  # noqa: E731
    found = run_cells(candidate, cells, context.path / "cells", describe=words, **context.side_by_side)
    for hidden in settings.hidden:
        for rate in settings.hidden_rates:
            losses = [v for k, v in found.items() if k.startswith(f"{hidden}-{rate}-")]
            if any(v is None for v in losses):
                continue
            mean = np.mean(losses, axis=0)
            curves.setdefault(f"{hidden} hidden units", {})[f"rate {rate}"] = mean.tolist()
            if best is None or mean.min() < best["holdout_mse"]:
                best = {"hidden": hidden, "rate": rate, "epochs": int(mean.argmin()) + 1}
                best["holdout_mse"] = float(mean.min())
    require(best is not None, "every candidate diverged: give smaller hidden_rates")
    return best, curves


def from_other_seeds(best: dict, settings: Settings, seed: int, data: HousingData) -> list[float]:
    """Test errors, in thousands of dollars, of the chosen network from each seed but the first."""
    found = []
    for other in range(seed + 1, seed + settings.num_seeds):
        model, _ = train_network(best["hidden"], best["rate"], best["epochs"], other, settings, data.train, data.test)
        found.append(errors(predict(model, data.test.inputs), data.test.prices, data)["rmse_dollars"])
    return found


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


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    data = load_housing(context.options.data, context.options.data_dir, context.seed if settings.shuffle else None)
    context.announce(data.info, data.how)
    linear, history = train_linear(settings, context, data)
    context.checkpoints.mkdir(exist_ok=True)
    same = save_and_load(linear, context.checkpoints / "linear.pdparams", data.test.inputs)
    best, curves = choose(settings, context, data)
    network, network_history = train_network(
        best["hidden"],
        best["rate"],
        best["epochs"],
        context.seed,
        settings,
        data.train,
        data.test,
        keep=CheckpointPolicy(context.checkpoints / "network", seconds=600),
    )
    publish(context.checkpoints / "network", context.checkpoints)
    models = {"linear": linear, "network": network}
    predictions = {name: predict(model, data.test.inputs) for name, model in models.items()}
    test = baselines(data) | {name: errors(p, data.test.prices, data) for name, p in predictions.items()}
    example = {n: float(data.to_dollars(predict(m, data.normalise(np.array(EXAMPLE))))[0]) for n, m in models.items()}
    example |= {"price": look_up_example(data)["price"]}
    results = {"test": test, "chosen": best, "same_after_loading": same, "example": example}
    others = from_other_seeds(best, settings, context.seed, data)
    results["network_seeds"] = [test["network"]["rmse_dollars"], *others]
    note = data.info.stand_in
    epochs = {
        "training rows": [(row["epoch"], row["loss"]) for row in history.split("train")],
        "test rows": [(row["epoch"], row["loss"]) for row in history.split("test")],
    }
    panels = {"linear model": {name: tuple(zip(*rows, strict=True)) for name, rows in epochs.items()}}
    losses = plots.line_panels(
        panels, "epochs finished", "mean squared error", title="The course's training", subtitle=note
    )
    chosen_by = {n: {r: (range(1, len(c) + 1), c) for r, c in of_rate.items()} for n, of_rate in curves.items()}
    choice = plots.line_panels(
        chosen_by,
        "epochs",
        "MSE",
        log="y",
        markers=False,
        title="Candidates on held-out training rows, mean over the seeds",
        subtitle=note,
    )
    true, said = data.to_dollars(data.test.prices), {n: data.to_dollars(p) for n, p in predictions.items()}
    scatter = plots.true_against_predicted(true, said, unit="thousands of dollars", title="Test rows", subtitle=note)
    return Answer(
        title="作业4-1:用飞桨预测房价",
        text=render(__file__, {"settings": settings, "columns": COLUMNS, "rows": data.info.counts} | results),
        results=results,
        figures={
            "loss": ("线性模型的训练过程", losses),
            "choice": ("候选网络在留出的训练数据上的误差", choice),
            "predictions": ("测试集上的预测价格与真实价格", scatter),
        },
        histories={"linear": history, "network": network_history},
    )
