"""MNIST with three fully connected networks: linear, ReLU, ReLU with batch norm

Course: pytorch
The question: 用全连接网络 784-300-100-10 识别 MNIST：(1) 只有三个线性层；(2) 加上 ReLU；(3) 再加上批标准化。
比较三个网络在测试集上的损失和准确率。 (The source leaves the table blank.)

The source's recipe: pixels from -1 to 1, batch 64, SGD at 0.01, 20 epochs on all training digits, nothing held out and
nothing chosen. Every network is trained from several seeds, and beside the three a single linear layer 784-10. The
three linear layers are multiplied out into one, W = W1 W2 W3 and b = (b1 W2 + b2) W3 + b3, and the two are held against
each other on every test digit; so is the ReLU network, of which that is not true. How many different patterns of units
that are on the test digits meet is counted, each pattern being a linear map of its own.

Expect, with the full settings on the real digits: about 0.92 for the linear networks, 0.97 to 0.98 for the other two.
An epoch takes 5 to 6 seconds on one core of an Intel Xeon, so that all 240 take about 25 minutes there and half of
that with `--jobs 2`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import paddle

import paddle_camp as camp
from homework.mnist_mlp.figures import draw_all
from homework.mnist_mlp.inside import compare_with_one_map, count_patterns, multiply_out, spread_before_relu
from homework.mnist_mlp.verdicts import judge

IS_SWEEP = True
# Name -> what it is called in the zoo, and further arguments.
NETWORKS: dict[str, tuple[str, dict]] = {
    "linear": ("mlp_linear", {}),
    "relu": ("mlp_relu", {}),
    "batch_norm": ("mlp_bn", {}),
    "one_layer": ("mlp_linear", {"hidden": []}),  # not the source's: 784-10, what three linear layers can say at most
}
PUBLISHED = "batch_norm"  # the source's last one; its first seed's weights are kept for predict


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Hyper-parameters; "source" marks those of the listing."""

    learning_rate: camp.Rate = 0.01  # source, SGD without momentum
    batch_size: camp.Count = 64  # source; digits
    num_epochs: camp.Count = 20  # source
    num_seeds: camp.Count = 3  # trainings of each network, from --seed on


QUICK = replace(Settings(), num_epochs=6, batch_size=16, num_seeds=2, train_pictures=1200, test_pictures=300)


def arguments_of(network: str) -> dict:
    """What ``create_for`` is given besides the name: pixels go from [0, 1] to [-1, 1] in the network."""
    return {"signed": True} | NETWORKS[network][1]


def build(network: str) -> paddle.nn.Layer:
    """One of :data:`NETWORKS`."""
    return camp.create_for(NETWORKS[network][0], camp.DIGITS, **arguments_of(network))


def train_cell(network: str, seed: int, settings: Settings, sets: dict, keep: camp.CheckpointPolicy) -> dict:
    """Train one network from one seed, and look inside of it; JSON values. Only the published one is kept."""
    paddle.seed(seed)
    model = build(network)
    train, test = replace(sets["train"], shuffle_seed=seed), sets["test"]
    spread = spread_before_relu(model, next(train.epoch())[0])
    optimizer = paddle.optimizer.SGD(settings.learning_rate, parameters=model.parameters())
    kept = keep if (network, seed) == (PUBLISHED, sets["train"].shuffle_seed) else None
    options = {"evaluations": {"test": test}, "seed": seed, "quiet": True, "keep": kept}
    history = camp.fit(model, optimizer, train, num_epochs=settings.num_epochs, **options)
    found, images = camp.evaluate(model, test), camp.DIGITS.scale(test.data.images)
    row = {"accuracy": found.accuracy, "loss": found.loss, "history": history.as_dict(), "spread": spread}
    if network in ("linear", "relu"):
        row["one_map"] = compare_with_one_map(model, images, found.outputs)
    row |= count_patterns(model, images)
    return row | ({"outputs": found.outputs.tolist()} if kept else {})


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_mnist, counts=(settings.train_pictures, settings.test_pictures))
    sets = {"train": camp.Batches(data.train, settings.batch_size, context.seed), "test": camp.Batches(data.test, 500)}
    folder = context.checkpoints / PUBLISHED
    published = {"network": PUBLISHED, "seed": context.seed}
    grid = context.grid(
        train_cell,
        {"network": tuple(NETWORKS), "seed": context.seeds(settings.num_seeds)},
        common={"settings": settings, "sets": sets, "keep": camp.CheckpointPolicy(folder)},
        describe=lambda cell: f"test accuracy/loss: {cell['accuracy']:.4f}/{cell['loss']:.4f}",
        here=lambda **point: point == published,
    )
    cells = {name: [grid.at(network=name, seed=seed) for seed in grid.axes["seed"]] for name in NETWORKS}
    camp.require(
        not any(map(camp.diverged, (cell for row in cells.values() for cell in row))),
        "a training diverged: give a smaller learning_rate",
    )
    model, kind = NETWORKS[PUBLISHED][0], camp.DIGITS
    arguments = camp.model_arguments(model, len(kind.classes), kind.in_channels, kind.image_size)
    context.publish(folder, camp.SavedModel(model, kind.name, arguments | arguments_of(PUBLISHED)))
    return camp.Answer(
        title="作业mnist-mlp:三个全连接网络识别手写数字",
        results=judge(cells, data.test.labels),
        values={
            "train": len(data.train),
            "test": len(data.test),
            "parameters": {name: camp.count_parameters(build(name)) for name in NETWORKS},
            "enough": camp.comparisons.ENOUGH,
            "code": camp.code_of(multiply_out, compare_with_one_map),
        },
        figures=draw_all(grid.histories(), cells, context.seed),
        histories=grid.histories(),
        predictions=camp.Predictions.of(data.test, np.asarray(grid.at(**published)["outputs"])),
    )
