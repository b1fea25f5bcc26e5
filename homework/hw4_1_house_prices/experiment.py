"""作业4-1 House prices with Paddle: the linear model of the course, saved, loaded, and beaten by a small network

The camp's question: 使用飞桨重写房价预测模型：加载数据、定义模型、训练、保存模型、加载模型并预测。

The linear model is trained as in the course (SGD, learning rate 0.01, batch 10, 10 epochs), its weights are saved,
loaded into a new model, and the two are shown to predict the same bits. Then a network with one or two hidden layers:
its width, learning rate and weight decay are chosen on rows held out of the *training* part; the
winner is trained once more on all training rows. The test rows only report. They are the last of the file, another
population than the rest; so blocks of neighbouring training rows are held out, each once, which asks the candidates
to extrapolate as the test does. Rows held out at random, mixed among their neighbours, are measured beside them.

Expect, with the full settings on the real table (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import paddle
from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.hw4_1_house_prices.figures import draw
from homework.hw4_1_house_prices.holding_out import block_of, random_error
from homework.hw4_1_house_prices.verdicts import judge
from paddle_camp.data.housing import COLUMNS, EXAMPLE, HousingData, Table
from paddle_camp.data.housing_regression import baselines, errors, look_up_example, shift_of

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
    hidden: camp.Several[Annotated[str, units_of]] = ("16", "64")  # candidates: units of the hidden layers
    hidden_rates: camp.Several[camp.Rate] = (0.1, 0.3)  # candidates: the highest rate; momentum 0.9
    weight_decays: camp.Several[Annotated[float, Ge(0)]] = (0.0, 0.001, 0.003)  # candidates: of all its parameters
    hidden_batch: camp.Count = 32  # rows
    hidden_epochs: camp.Count = 120  # the rate rises for 15 % of them, then falls to 0 along half a cosine
    blocks: Annotated[int, Ge(2)] = 5  # of the training rows, each held out once to choose by
    num_seeds: camp.Count = 3  # trainings of the chosen network on all training rows


QUICK = replace(Settings(), hidden=("16",), weight_decays=(0.0, 0.001), hidden_rates=(0.1,), hidden_epochs=40, blocks=3)


class LinearModel(nn.Layer):
    """The course's: 13 features, one fully connected layer, no activation."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(13, 1)

    def forward(self, inputs: paddle.Tensor) -> paddle.Tensor:
        """Normalised prices ``[N, 1]`` from float32 ``[N, 13]``."""
        return self.fc(inputs)


def train(
    rows: Table, others: dict[str, Table], seed: int, rate: float, hidden: str = "", decay: float = 0.0, **options
):
    """(The model, its history), with the loss on ``others`` after every epoch; the linear one, unless ``hidden``."""
    paddle.seed(seed)
    if not hidden:  # the course's training
        model = LinearModel()
        optimizer = paddle.optimizer.SGD(rate, parameters=model.parameters())
    else:
        model = camp.perceptron([13, *units_of(hidden), 1])
        steps = options["num_epochs"] * math.ceil(len(rows) / options["batch_size"])
        falling = camp.schedules.warmup_cosine(rate, steps)
        optimizer = paddle.optimizer.Momentum(falling, 0.9, parameters=model.parameters(), weight_decay=decay)
    evaluations = {split: camp.as_batches((t.inputs, t.prices), len(t)) for split, t in others.items()}
    options |= {"loss_fn": camp.regression_loss, "evaluations": evaluations, "seed": seed, "quiet": bool(hidden)}
    return model, camp.fit(model, optimizer, (rows.inputs, rows.prices), **options)


def candidate(hidden: str, rate: float, decay: float, block: int, settings: Settings, data: HousingData) -> list[float]:
    """The losses on a held-out block of training rows after each epoch."""
    rest, held = block_of(data.train, block, settings.blocks)
    sets = {"rows": rest, "others": {"holdout": held}, "batch_size": settings.hidden_batch}
    history = train(seed=block, rate=rate, hidden=hidden, decay=decay, num_epochs=settings.hidden_epochs, **sets)[1]
    return [row["loss"] for row in history.split("holdout")]


def choose(settings: Settings, context: camp.Context, data: HousingData) -> tuple[dict, dict[str, dict]]:
    """The candidate with the lowest mean loss on held-out training rows, over the blocks, and every one's curve."""
    axes = {"hidden": settings.hidden, "rate": settings.hidden_rates, "decay": settings.weight_decays}
    describe = lambda losses: f"held-out loss {losses[-1]:.5f}"  # noqa: E731
    axes, common = axes | {"block": tuple(range(settings.blocks))}, {"settings": settings, "data": data}
    grid = context.grid(candidate, axes, common=common, describe=describe)
    curves, best = {}, None
    for _, point, cells in grid.over("block", list).items():
        if any(map(camp.diverged, cells)):
            continue
        losses = np.mean(cells, axis=0).tolist()
        curve = (range(1, len(losses) + 1), losses)
        curves.setdefault(point["hidden"], {})[point["rate"], point["decay"]] = curve
        if best is None or losses[-1] < best["holdout_mse"]:
            best = point | {"holdout_mse": losses[-1], "worst_block": max(cell[-1] for cell in cells)}
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


def saved_model(hidden: str, data: HousingData) -> camp.SavedModel:
    """What ``predict`` has to know of the small network: its layers, its columns, and how they and the price scale."""
    shift, scale = data.mean.tolist(), data.span.tolist()
    table = {"columns": COLUMNS[:13], "shift": shift[:13], "scale": scale[:13], "label": COLUMNS[13]}
    price = {"unit": "thousand dollars", "shift": shift[13], "scale": scale[13]}
    return camp.SavedModel("perceptron", "table", {"sizes": [13, *units_of(hidden), 1]}, table=table, number=price)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_housing, shuffle_seed=context.seed if settings.shuffle else None)
    sets = {"rows": data.train, "others": {"test": data.test}}
    course = {"num_epochs": settings.num_epochs, "batch_size": settings.batch_size}
    linear, history = train(seed=context.seed, rate=settings.learning_rate, **course, **sets)
    same = save_and_load(linear, context.checkpoints / "linear.pdparams", data.test.inputs)
    best, curves = choose(settings, context, data)
    chosen = {key: best[key] for key in ("hidden", "rate", "decay")} | {"num_epochs": settings.hidden_epochs}
    options = chosen | sets | {"batch_size": settings.hidden_batch}
    network, network_history = train(seed=context.seed, keep=context.checkpoints, **options)
    saved_model(best["hidden"], data).write(context.checkpoints, data.info)
    models = {"linear": linear, "network": network}
    others = context.seeds(settings.num_seeds)[1:]  # the chosen network once more from each seed but the first
    again = {f"seed {seed}": train(seed=seed, **options)[0] for seed in others}
    predictions = {name: predict(model, data.test.inputs) for name, model in (models | again).items()}
    test = {name: errors(each, data.test.prices, data) for name, each in predictions.items()}
    example = {n: float(data.to_dollars(predict(m, data.normalise(EXAMPLE)))[0]) for n, m in models.items()}

    def predict_after(rows: Table, inputs: np.ndarray, seed: int) -> np.ndarray:
        return predict(train(rows, {}, seed, batch_size=settings.hidden_batch, **chosen)[0], inputs)

    results = {"test": baselines(data) | {name: test[name] for name in models}, "chosen": best}
    results |= {"same_after_loading": same} | judge(predictions, predict(linear, data.train.inputs), data)
    results["random_mse"] = random_error(data.train, settings.blocks, context.seed, predict_after)
    results["shift"] = shift_of(data)
    results["mean_price"] = [float(data.to_dollars(part.prices).mean()) for part in data.parts().values()]
    results["example"] = example | {"price": look_up_example(data)["price"], "row": EXAMPLE}
    code = camp.code_of(LinearModel, train, save_and_load, predict)
    return camp.Answer(
        title="作业4-1:用飞桨预测房价",
        results=results,
        values={"columns": COLUMNS, "rows": data.info.counts, "code": code, "enough": camp.comparisons.ENOUGH},
        headline={"name": "rmse_dollars", "value": test["network"]["rmse_dollars"], "interval": None, "split": "test"},
        figures=draw(history, curves, {name: data.to_dollars(predictions[name]) for name in models}, data),
        histories={"linear": history, "network": network_history},
    )
