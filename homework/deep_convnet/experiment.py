"""MNIST with the deep convolutional network, and what its parts do

Course: book
The question: 用六个 3×3 卷积的深层网络（He 初始化、dropout、Adam）识别 MNIST，测试准确率超过 99%；保存和读取权重；
再用集成、学习率衰减、数据增强提高准确率。

The source's recipe: DeepConvNet 16-16-32-32-64-64, Adam at 0.001, batch 100, 20 epochs, after each of which 1,000
training and 1,000 test digits are looked at. Its weights are saved, loaded into a new network, and the two agree.
Then, five epochs each and from three seeds: the source's recipe, a rate that decays, warped digits, and the ensemble of
the source's networks, compared on digits held out of the training part. The best of them is trained once for 20 epochs
on all training digits, as the source's is; the test digits only report.

What three parts of the network do is measured on fewer digits, one change at a time: the padding 2 of the fourth
convolution, the 50 hidden units, the dropout behind the last layer. And what depth buys: each pair of 3x3 convolutions
against one 5x5, which sees as far, in a network with as many parameters.

Expect, with the full settings on the real digits: an epoch takes about a minute on one core of an Intel Xeon. All of
them come to two hours there, and half of that with `--jobs 2`; the source's 20 epochs alone to 20 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from homework.deep_convnet.figures import draw_all
from homework.deep_convnet.kernels import describe, one_five
from homework.deep_convnet.verdicts import GOAL, choose, judge_parts, judge_recipes, mistakes
from paddle_camp.data.pictures.warp import RandomWarp

IS_SWEEP = True
RECIPES = ("source", "decay", "augmentation")  # the ensemble is the source's networks together
# What is changed of the network -> arguments of deep_conv_net; "one_five" is another network.
PARTS: dict[str, dict] = {
    "source": {},
    "padding_1": {"fourth_padding": 1},
    "hidden_200": {"hidden": 200},
    "no_output_dropout": {"output_dropout": False},
    "no_dropout": {"dropout": 0.0},
    "one_five": {},
}


@dataclass(frozen=True)
class Settings(camp.DigitSettings):
    """Hyper-parameters; "source" marks those of the listing."""

    learning_rate: camp.Rate = 0.001  # source, Adam
    batch_size: camp.Count = 100  # source; digits
    num_epochs: camp.Count = 20  # source; of the source's recipe and the best one, on all training digits
    sample: camp.Count = 1000  # source: training and test digits looked at after every epoch
    short_epochs: camp.Count = 5  # of the comparison of the recipes
    num_seeds: camp.Count = 3  # trainings of each recipe and each change, from --seed on
    holdout: camp.Share = 1 / 6  # of the training digits (10,000 of 60,000), that the best recipe is chosen on
    part_pictures: camp.Count = 10_000  # training digits for the changes of the network
    part_epochs: camp.Count = 5  # of these


QUICK = replace(Settings(), num_epochs=6, short_epochs=3, part_epochs=3, num_seeds=2, batch_size=20, sample=200)
QUICK = replace(QUICK, train_pictures=500, test_pictures=200, part_pictures=200)


def train(model: nn.Layer, recipe: str, seed: int, settings: Settings, data: camp.ImageSet, **options) -> camp.History:
    """The source's training, or with a rate that falls to 0 along half a cosine, or with warped digits."""
    warp = {"augment": RandomWarp()} if recipe == "augmentation" else {}
    batches = camp.Batches(data, settings.batch_size, seed, **warp)
    rate = settings.learning_rate
    if recipe == "decay":
        rate = camp.schedules.warmup_cosine(rate, max(2, options["num_epochs"] * len(batches)), warmup=0)
    optimizer = paddle.optimizer.Adam(rate, parameters=model.parameters())
    return camp.fit(model, optimizer, batches, seed=seed, quiet=True, **options)


def train_short(recipe: str, seed: int, settings: Settings, sets: dict) -> dict:
    """A recipe for a few epochs, on the digits that are not held out; JSON values."""
    paddle.seed(seed)
    model = camp.create_for("deep_conv_net", camp.DIGITS)
    evaluations = {"holdout": sets["held"]}
    options = {"num_epochs": settings.short_epochs, "evaluations": evaluations}
    history = train(model, recipe, seed, settings, sets["kept"], **options)
    probabilities = {part: probabilities_of(model, sets[part]).tolist() for part in ("held", "test")}
    return probabilities | {"history": {"steps": [], "evaluations": history.evaluations}}


def train_part(part: str, seed: int, settings: Settings, sets: dict) -> dict:
    """The source's recipe with one thing changed in the network, on few digits; JSON values."""
    paddle.seed(seed)
    model = one_five() if part == "one_five" else camp.create_for("deep_conv_net", camp.DIGITS, **PARTS[part])
    history = train(model, "source", seed, settings, sets["few"], num_epochs=settings.part_epochs)
    found, few = (camp.evaluate(model, sets[name]) for name in ("test", "few_batches"))
    sure = float(camp.metrics.probabilities(found.outputs).max(axis=1).mean())
    row = {"accuracy": found.accuracy, "loss": found.loss, "sure": sure, "train_loss": history.last("train")["loss"]}
    return row | {"train_loss_without_dropout": few.loss, "train_accuracy": few.accuracy}


def train_long(recipe: str, seed: int, settings: Settings, sets: dict, folder: Path) -> dict:
    """A recipe for the source's epochs on all training digits, with its weights kept; JSON values."""
    paddle.seed(seed)
    model = camp.create_for("deep_conv_net", camp.DIGITS)
    evaluations = {"training": sets["train_sample"], "test": sets["test_sample"]}
    options = {"num_epochs": settings.num_epochs, "evaluations": evaluations}
    keep = camp.CheckpointPolicy(folder / f"{recipe}-{seed}")
    history = train(model, recipe, seed, settings, sets["all"], keep=keep, **options)
    probabilities = {"test": probabilities_of(model, sets["test"]).tolist()}
    return probabilities | {"history": {"steps": [], "evaluations": history.evaluations}}


def probabilities_of(model: nn.Layer, batches: camp.Batches) -> np.ndarray:
    """Class probabilities ``[N, 10]``."""
    return camp.metrics.probabilities(camp.evaluate(model, batches).outputs)


def save_and_load(model: nn.Layer, path: Path, batches: camp.Batches) -> bool:
    """Save the weights, load them into a new network, and say whether both give the same bits."""
    paddle.save(model.state_dict(), str(path))
    again = camp.create_for("deep_conv_net", camp.DIGITS)
    again.set_state_dict(paddle.load(str(path)))
    return bool(np.array_equal(camp.evaluate(model, batches).outputs, camp.evaluate(again, batches).outputs))


def batches_of(data, settings: Settings, seed: int) -> dict:
    """The digits of all trainings."""
    kept, held = camp.split_off(data.train, settings.holdout, seed)
    few = camp.draw(kept, settings.part_pictures, seed)
    looked_at = {"train_sample": camp.draw(data.train, settings.sample, seed)}
    looked_at |= {"test_sample": camp.draw(data.test, settings.sample, seed)}
    looked_at |= {"held": held, "test": data.test, "few_batches": few}
    return {"all": data.train, "kept": kept, "few": few} | {n: camp.Batches(part, 500) for n, part in looked_at.items()}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data = context.load(camp.load_mnist, counts=(settings.train_pictures, settings.test_pictures))
    sets, seeds, labels = batches_of(data, settings, context.seed), context.seeds(settings.num_seeds), data.test.labels
    options = {"common": {"settings": settings, "sets": sets}}
    progress = {"describe": lambda cell: f"{mistakes(cell['test'], labels)} of {len(labels)} test digits wrong"}
    axes = {"recipe": RECIPES, "seed": seeds}
    short = context.grid(train_short, axes, prefix="short-", **progress, **options)
    parts = context.grid(train_part, {"part": tuple(PARTS), "seed": seeds}, prefix="part-", **options)
    recipes = judge_recipes(short, sets["held"].labels, labels)
    best = "source" if recipes["best"] == "ensemble" else recipes["best"]
    several = seeds if recipes["best"] == "ensemble" else seeds[:1]  # an ensemble is several of the source's networks
    options = progress | {"here": lambda **point: True, "prefix": "long-"}  # they leave their weights here
    options["common"] = {"settings": settings, "sets": sets, "folder": context.checkpoints}
    cells = {}
    for recipe in dict.fromkeys(("source", best)):
        axes = {"recipe": (recipe,), "seed": several}
        cells[recipe] = list(context.grid(train_long, axes, **options).named().values())
        camp.require(not any(map(camp.diverged, cells[recipe])), f"{recipe} diverged: give a smaller learning_rate")
    final, source = np.mean([cell["test"] for cell in cells[best]], axis=0), np.asarray(cells["source"][0]["test"])
    kept = context.checkpoints / f"source-{context.seed}" / "last.pdparams"
    model = camp.create_for("deep_conv_net", camp.DIGITS, pretrained=kept)
    same = save_and_load(model, context.checkpoints / "deep_conv_net.pdparams", sets["test"])
    folders = [context.checkpoints / f"{best}-{seed}" for seed in several]  # the last is the best: nothing is held out
    context.publish_ensemble(folders, camp.SavedModel.usual("deep_conv_net", "digits"))
    results = {"recipes": recipes, "same_after_loading": same, "long": choose(source, final, labels)}
    results |= {"parts": judge_parts(parts, len(labels)), "kernels": describe()}
    values = {"train": len(data.train), "test": len(labels), "held": sets["held"].num_samples, "few": len(sets["few"])}
    values |= {"code": camp.code_of(train, save_and_load), "enough": camp.comparisons.ENOUGH, "goal": GOAL}
    histories = {f"{r}-{s}": c["history"] for r, row in cells.items() for s, c in zip(several, row, strict=True)}
    return camp.Answer(
        title="作业deep-convnet:深层卷积网络",
        results=results,
        values=values,
        figures=draw_all(cells, recipes, results["parts"]),
        histories={name: camp.History.from_dict(history) for name, history in histories.items()},
        predictions=camp.Predictions.of_shares(data.test, final),
    )
