"""MNIST with a convolutional network, beside fully connected ones that train as long

Course: summer
The question (reconstructed): 用卷积网络 SimpleCNN 识别 MNIST，训练同样长的时间，与全连接网络比较测试准确率。

SimpleCNN is made for pictures of 32 x 32: three 3x3 convolutions of 32, 64 and 128 channels, each with ReLU and a 2x2
max pool, then 2048-512-64-10. Digits of 28 x 28 get two black pixels on every side, in the network itself. A digit
takes it far more time than a fully connected network, so that epochs are no fair measure. The budget is the time that
`num_epochs` of SimpleCNN take: the fully connected networks train for `mlp_epochs`, which is meant to be longer, are
measured after every epoch, and are read off where their epochs have taken as long. So the trainings depend on data,
settings and seed alone, and only the place to read from on the clock. Nothing is chosen by the test digits.

The mechanism is measured as well: test digits moved by a few pixels, which no network was trained on.

Expect, with the full settings on the real digits: on one core of an Intel Xeon an epoch of SimpleCNN takes about a
minute, one of the others 5 seconds, all trainings about 50 minutes, and half of that with `--jobs 2`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import paddle

import paddle_camp as camp
from homework.mnist_cnn.figures import draw_all
from homework.mnist_cnn.verdicts import CNN, judge, read_at_equal_time
from paddle_camp.networks.summary import sample_multiply_adds

IS_SWEEP = True
NETWORKS = (CNN, "mlp_linear", "mlp_relu", "mlp_bn")
SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))  # where digits are moved to: right, left, down, up


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Hyper-parameters: the source names the network only, so that the rest is this page's."""

    learning_rate: camp.Rate = 0.01
    momentum: camp.Fraction = 0.9
    batch_size: camp.Count = 64  # digits
    num_epochs: camp.Count = 3  # of SimpleCNN: the budget of time
    mlp_epochs: camp.Count = 50  # of the others: so many that they have trained as long, or they are read at their end
    shift: camp.Count = 2  # pixels that the test digits are moved by
    num_seeds: camp.Count = 3  # trainings of each network, from --seed on


QUICK = replace(Settings(), num_epochs=2, mlp_epochs=25, batch_size=32, num_seeds=1)
QUICK = replace(QUICK, train_pictures=1200, test_pictures=300)


def moved(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """uint8 ``[N, C, H, W]`` moved down and to the right (negative: up, left); what comes in is black."""
    height, width = images.shape[2:]
    beside = (max(rows, 0), max(-rows, 0)), (max(columns, 0), max(-columns, 0))
    framed = np.pad(images, ((0, 0), (0, 0), *beside))
    return framed[..., beside[0][1] :, beside[1][1] :][..., :height, :width]


def accuracy_moved(model: paddle.nn.Layer, test: camp.ImageSet, pixels: int) -> float:
    """The mean accuracy on test digits that are moved to each of the four :data:`SIDES`."""
    sets = [replace(test, images=moved(test.images, pixels * down, pixels * right)) for down, right in SIDES]
    return float(np.mean([camp.evaluate(model, camp.Batches(each, 500)).accuracy for each in sets]))


def train_cell(network: str, seed: int, settings: Settings, sets: dict, keep: camp.CheckpointPolicy) -> dict:
    """Train one network from one seed, measured after every epoch; JSON values. Only the published one is kept."""
    paddle.seed(seed)
    model = camp.create_for(network, camp.DIGITS)
    optimizer = paddle.optimizer.Momentum(settings.learning_rate, settings.momentum, model.parameters())
    kept = keep if (network, seed) == (CNN, sets["train"].shuffle_seed) else None
    options = {"evaluations": {"test": sets["test"]}, "seed": seed, "quiet": True, "keep": kept}
    options["num_epochs"] = settings.num_epochs if network == CNN else settings.mlp_epochs
    history = camp.fit(model, optimizer, replace(sets["train"], shuffle_seed=seed), **options)
    test = camp.evaluate(model, sets["test"])
    found = {"accuracy": test.accuracy, "moved": accuracy_moved(model, sets["test"].data, settings.shift)}
    found["history"] = {"steps": [], "evaluations": history.evaluations}
    return found | ({"outputs": test.outputs.tolist()} if kept else {})


def sizes(network: str) -> dict:
    """Parameters, and multiply-adds of a digit's forward pass."""
    model = camp.create_for(network, camp.DIGITS)
    work = sample_multiply_adds(model, camp.DIGITS.shape)
    return {"parameters": camp.count_parameters(model), "multiply_adds": work}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_mnist, counts=(settings.train_pictures, settings.test_pictures))
    sets = {"train": camp.Batches(data.train, settings.batch_size, context.seed), "test": camp.Batches(data.test, 500)}
    published, folder = {"network": CNN, "seed": context.seed}, context.checkpoints / CNN
    grid = context.grid(
        train_cell,
        {"network": NETWORKS, "seed": context.seeds(settings.num_seeds)},
        common={"settings": settings, "sets": sets, "keep": camp.CheckpointPolicy(folder)},
        describe=lambda cell: f"test accuracy {cell['accuracy']:.4f}, moved {cell['moved']:.4f}",
        here=lambda **point: point == published,
    )
    cells = {name: [grid.at(network=name, seed=seed) for seed in grid.axes["seed"]] for name in NETWORKS}
    blown = [name for name, row in cells.items() if any(map(camp.diverged, row))]
    camp.require(not blown, f"{', '.join(blown)} diverged: give a smaller learning_rate")
    context.publish(folder, camp.SavedModel.usual(CNN, "digits"))
    timed = read_at_equal_time(cells, len(data.test))
    values = {"timed": timed, "sizes": {name: sizes(name) for name in NETWORKS}, "enough": camp.comparisons.ENOUGH}
    code = camp.code_of(type(camp.create_for(CNN, camp.DIGITS)))
    return camp.Answer(
        title="作业mnist-cnn:用卷积网络识别手写数字",
        results=judge(cells, len(data.test)),
        values=values | {"train": len(data.train), "test": len(data.test), "code": code},
        figures=draw_all(cells, timed, data.test.images[:8], moved(data.test.images[:8], 0, settings.shift)),
        histories=grid.histories(),
        predictions=camp.Predictions.of(data.test, np.asarray(grid.at(**published)["outputs"])),
    )
