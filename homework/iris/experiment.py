"""Iris with a small network, judged by ten folds, saved as a structure and weights

Course: keras
The question (reconstructed): 用 4-7-3 的多层感知机（tanh，softmax，平方误差，SGD，batch 1）给鸢尾花分类，
用 10 折交叉验证评价，训练 20 轮，再训练 200 轮；把网络的结构存成 JSON，权重另存，重新加载后预测应当相同。

The folds are stratified and drawn anew from every seed. The networks of all folds and seeds are trained side by side,
each on its own flowers: their weights are stacked, so that a step of fifty networks costs about what a step of one
does; one more learns from all flowers, and is the one that is saved. Beside the squared error stand the cross-entropy
and, to tell why it learns faster, the squared error with a learning rate 4.5 times as large: by that factor its
gradient is the smaller one where all classes are equally likely. The source reports 97 % after 200 epochs.
Takes less than a minute on one CPU core with the full settings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn
from sklearn.model_selection import StratifiedKFold

import paddle_camp as camp
from homework.iris.figures import draw
from homework.iris.saving import WEIGHTS, load_network, probabilities_of, save_network
from homework.iris.softmax import log_softmax, naive_softmax, numerics, pulls, shifted_softmax
from homework.iris.verdicts import judge
from paddle_camp.data.built_in import LabelledTable

IS_SWEEP = True
FACTOR = 4.5  # where p = 1/3 for all: the cross-entropy's gradient is p - y, that of the mean square (2/3)(1/3)(p - y)


@dataclass(frozen=True)
class Settings(camp.HyperParameters):
    """Hyper-parameters; "source" marks those that the course names."""

    hidden: camp.Count = 7  # source; units, tanh
    learning_rate: camp.Rate = 0.01  # Keras's default of SGD; the source names none
    batch_size: camp.Count = 1  # source; flowers
    short_epochs: camp.Count = 20  # source
    num_epochs: camp.Count = 200  # source
    folds: Annotated[int, camp.OneOf((2, 5, 10, 25, 50))] = 10  # source; so that every fold has as many of each species
    standardise: bool = False  # True: each length to mean 0 and deviation 1, by the training flowers of the fold
    num_seeds: camp.Count = 5  # cross-validations, from --seed on: other folds, other initial weights

    def __post_init__(self):
        super().__post_init__()
        said = f"short_epochs={self.short_epochs}: give fewer than num_epochs={self.num_epochs}"
        camp.require(self.short_epochs < self.num_epochs, said)


QUICK = replace(Settings(), short_epochs=5, num_epochs=20, num_seeds=3)


def squared_error(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """The mean over the outputs of (softmax - target)^2, one number a flower."""
    return ((F.softmax(logits) - targets) ** 2).mean(axis=-1)


def cross_entropy(logits: paddle.Tensor, targets: paddle.Tensor) -> paddle.Tensor:
    """-log of the probability of the right class, one number a flower."""
    return -(targets * F.log_softmax(logits)).sum(axis=-1)


# Name of a variant -> (loss, factor of the learning rate); the first is the source's.
VARIANTS = {
    "squared error": (squared_error, 1.0),
    "squared error x 4.5": (squared_error, FACTOR),
    "cross-entropy": (cross_entropy, 1.0),
}


class Networks(nn.Layer):
    """Networks of one shape side by side; ``forward`` takes ``[networks, flowers, 4]`` and gives logits.

    The weights are Glorot's uniform ones (Keras's default), each network's own from its key; biases begin at 0.
    """

    def __init__(self, hidden: int, keys: list[tuple[int, int]]):
        super().__init__()
        self.keys, draws = keys, [np.random.default_rng(key) for key in keys]
        self.w1, self.b1 = self._layer(4, hidden, draws)
        self.w2, self.b2 = self._layer(hidden, 3, draws)

    def _layer(self, rows: int, columns: int, draws: list[np.random.Generator]):
        limit = (6 / (rows + columns)) ** 0.5
        values = np.stack([rng.uniform(-limit, limit, (rows, columns)) for rng in draws])
        weight = self.create_parameter([len(draws), rows, columns])
        weight.set_value(values.astype("float32"))
        return weight, self.create_parameter([len(draws), 1, columns], is_bias=True)

    def forward(self, inputs: paddle.Tensor) -> paddle.Tensor:
        hidden = paddle.tanh(paddle.bmm(inputs, self.w1) + self.b1)
        return paddle.bmm(hidden, self.w2) + self.b2

    def weights_of(self, index: int) -> list[np.ndarray]:
        """Weight ``[in, out]`` and bias ``[out]`` of each layer of one network."""
        w1, b1, w2, b2 = (each.numpy()[index].copy() for each in (self.w1, self.b1, self.w2, self.b2))
        return [w1, b1[0], w2, b2[0]]


def train(
    networks: Networks, flowers: LabelledTable, groups, scaling, variant: str, settings: Settings, notice
) -> None:
    """Train each network on its group of flowers; an epoch is as many of them, in a new order, as the least group has.

    Args:
        groups: the training flowers of each network.
        scaling: mean and deviation of the features for each network, ``[networks, 1, 4]``.
        notice: called after every epoch with its number.
    """
    loss_fn, factor = VARIANTS[variant]
    optimizer = paddle.optimizer.SGD(factor * settings.learning_rate, parameters=networks.parameters())
    draws = [np.random.default_rng([settings.hidden, *key]) for key in networks.keys]
    steps = range(0, min(map(len, groups)), settings.batch_size)
    for epoch in range(1, settings.num_epochs + 1):
        order = np.stack([rng.permutation(group)[: steps.stop] for rng, group in zip(draws, groups, strict=True)])
        x = paddle.to_tensor(((flowers.inputs[order] - scaling[0]) / scaling[1]).astype("float32"))
        y = paddle.to_tensor(np.eye(3, dtype="float32")[flowers.labels[order]])
        for start in steps:
            batch = slice(start, start + settings.batch_size)
            # The sum over the networks: each gets the gradient of its own loss, as if it were alone.
            loss_fn(networks(x[:, batch]), y[:, batch]).mean(axis=1).sum().backward()
            optimizer.step()
            optimizer.clear_grad()
        notice(epoch)


def folds_of(flowers: LabelledTable, folds: int, seeds) -> list[tuple[np.ndarray, np.ndarray]]:
    """The training and the held-out flowers, fold by fold of each seed."""
    splits = [StratifiedKFold(folds, shuffle=True, random_state=seed) for seed in seeds]
    return [fold for split in splits for fold in split.split(flowers.inputs, flowers.labels)]


def scaling_of(flowers: LabelledTable, groups, standardise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of the features of each group, ``[groups, 1, 4]``; 0 and 1 where lengths stay as they are."""
    mean = np.stack([flowers.inputs[group].mean(axis=0, keepdims=True) for group in groups])
    deviation = np.stack([flowers.inputs[group].std(axis=0, keepdims=True) for group in groups])
    return (mean, deviation) if standardise else (np.zeros_like(mean), np.ones_like(deviation))


def cross_validate(variant: str, settings: Settings, flowers: LabelledTable, seeds: range) -> dict[str, Any]:
    """Train a network for every fold and seed, and one more on all flowers; JSON values.

    Returns:
        ``rows``: after some epochs the ``accuracy`` of every network on its held-out flowers, ``[seeds][folds]``;
        ``predictions``: of the first seed at the end, the probabilities of every flower from where it was held out;
        ``confusion``: true and predicted species at the end, over all seeds; ``networks``: epochs -> the weights of
        the first fold's network, with its ``scaling`` and its ``held_out`` flowers; ``whole``: the last network.
    """
    folds = folds_of(flowers, settings.folds, seeds)
    groups, held = [rest for rest, _ in folds], np.stack([held for _, held in folds])
    groups.append(np.arange(len(flowers)))
    mean, deviation = scaling = scaling_of(flowers, groups, settings.standardise)
    keys = [(seed, fold) for seed in seeds for fold in range(settings.folds)]
    networks = Networks(settings.hidden, [*keys, (seeds[0], settings.folds)])
    shown = np.concatenate([held, held[:1]])  # the last network has seen them: not counted
    unseen = paddle.to_tensor(((flowers.inputs[shown] - mean) / deviation).astype("float32"))
    noted = {*np.geomspace(1, settings.num_epochs, 30).astype(int).tolist(), settings.short_epochs}
    found: dict[str, Any] = {"rows": [], "networks": {}, "held_out": held[0].tolist()}

    def notice(epoch: int) -> None:
        if epoch not in noted:
            return
        with paddle.no_grad():
            shares = F.softmax(networks(unseen)).numpy()[:-1]
        right = shares.argmax(axis=-1) == flowers.labels[held]
        found["rows"].append({"epoch": epoch, "accuracy": right.mean(axis=1).reshape(len(seeds), -1).tolist()})
        if epoch in (settings.short_epochs, settings.num_epochs):
            found["networks"][str(epoch)] = [part.tolist() for part in networks.weights_of(0)]
        if epoch == settings.num_epochs:
            first = np.argsort(held[: settings.folds].ravel())
            found["predictions"] = shares[: settings.folds].reshape(-1, 3)[first].tolist()
            pairs = 3 * flowers.labels[held] + shares.argmax(axis=-1)
            found["confusion"] = np.bincount(pairs.ravel(), minlength=9).reshape(3, 3).tolist()

    train(networks, flowers, groups, scaling, variant, settings, notice)
    found["whole"] = [part.tolist() for part in networks.weights_of(-1)]
    return found | {"scaling": [mean[0, 0].tolist(), deviation[0, 0].tolist()]}


def publish(cell: dict, settings: Settings, context: camp.Context, flowers: LabelledTable) -> tuple[dict, bool]:
    """Save the network of all flowers in two files and load it again.

    Returns:
        (the structure as the file has it; whether it and the predictions are the same after loading).
    """
    mean, deviation = scaling_of(flowers, [np.arange(len(flowers))], settings.standardise)
    arguments = {"sizes": [4, settings.hidden, 3], "activation": "tanh"}
    network = camp.perceptron(**arguments)
    for parameter, values in zip(network.parameters(), cell["whole"], strict=True):
        parameter.set_value(np.array(values, np.float32))
    table = {"columns": list(flowers.columns), "shift": mean.ravel().tolist(), "scale": deviation.ravel().tolist()}
    table |= {"label": "species"}
    files: dict[str, Any] = {"classes": flowers.classes, "weights": (WEIGHTS,)}
    structure = camp.SavedModel("perceptron", "table", arguments, table=table, **files)
    folder = save_network(structure, network, context.checkpoints, context.data)
    loaded = load_network(folder)
    before, after = (probabilities_of(*each, folder, flowers.inputs) for each in ((structure, network), loaded))
    return asdict(structure), bool(np.array_equal(before, after) and loaded[0] == structure)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    flowers = context.load(camp.load_iris)
    seeds = context.seeds(settings.num_seeds)
    common = {"settings": settings, "flowers": flowers, "seeds": seeds}
    words = lambda cell: f"accuracy on held-out flowers {np.mean(cell['rows'][-1]['accuracy']):.4f}"  # noqa: E731
    cells = context.grid(cross_validate, {"variant": tuple(VARIANTS)}, common=common, describe=words).named()
    results = judge(cells, settings) | {"numerics": numerics(), "pulls": pulls(squared_error, cross_entropy)}
    source = cells[next(iter(VARIANTS))]
    structure, results["same_after_loading"] = publish(source, settings, context, flowers)
    names = tuple(f"flower {number}" for number in range(1, len(flowers) + 1))
    shares = np.array(source["predictions"])
    values = {"flowers": len(flowers), "enough": camp.comparisons.ENOUGH, "factor": FACTOR, "structure": structure}
    values["code"] = camp.code_of(Networks.forward, squared_error, cross_entropy)
    values["softmax_code"] = camp.code_of(naive_softmax, shifted_softmax, log_softmax)
    values["saving_code"] = camp.code_of(save_network, load_network)
    return camp.Answer(
        title="作业iris:鸢尾花、交叉验证和 softmax",
        results=results,
        values=values,
        figures=draw(cells, results, flowers, settings),
        predictions=camp.Predictions(names, flowers.labels, shares, "validation"),
    )
