"""Grouped convolutions: more groups, better?

Course: summer
The question (reconstructed): 分组卷积的组数取 1、2、4、8、16、32，直到逐通道卷积（depthwise）：参数、乘加、实际的
时间和准确率怎样变化？组数越多越好吗？在同样的宽度下比较，也在同样的乘加次数下比较，再加上通道混洗（channel shuffle）。

A grouped convolution of g groups cuts the channels into g parts and convolves each part by itself: g times fewer
weights and multiply-adds (AlexNet, 2012, to fit two GPUs; ResNeXt, 2017, which takes "cardinality" for better than
width). The price: a part never sees another. ShuffleNet (2018) deals the channels anew behind each convolution;
MobileNet (2017) puts a 1x1 behind a depthwise one, which is called separable here.

All four 3x3 convolutions of a small net are grouped, at equal width, and at equal cost, where as many channels are
added as the saved multiply-adds leave room for. Each variant's learning rate is chosen on held-out training pictures;
those of ``valid/`` only report. Times are measured when all trainings are over, all variants in turns.

Expect, with the full settings on the photographs of cats and dogs: see docs/results.md. An epoch of one group takes 3.6
seconds of one core of an AMD EPYC, one of 32 groups at equal cost 9.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge

import paddle_camp as camp
from homework.groups.figures import draw_all
from homework.groups.measuring import check_split, plan, reach, size_of, split_by_hand, time_all
from homework.groups.verdicts import best_rates, judge, judge_times
from paddle_camp.data.pictures.augment import Compose, RandomHorizontalFlip, RandomResizedCrop
from paddle_camp.models.small import channel_shuffle

IS_SWEEP = True
NETWORK = "small_conv_net"


@dataclass(frozen=True)
class Settings(camp.CatsAndDogsSettings):
    """Groups, widths, training; all ours, the source being an outline."""

    digits: bool = False  # digits instead of photographs; --quick
    image_size: Annotated[int, Ge(16)] = 64  # pixels, of the photographs
    groups: camp.Several[Annotated[int, Ge(2)]] = (2, 4, 8, 16, 32)  # beside 1 and as many as channels
    width: camp.Count = 32  # channels of the stem at equal width; each number of groups divides it
    rates: camp.Several[camp.Rate] = (0.001, 0.003, 0.01)  # candidates: Adam's highest learning rate
    choice_epochs: camp.Count = 2  # of the trainings that a rate is chosen by
    num_epochs: camp.Count = 10  # the rate rises for 15 % of them, then falls to 0 along half a cosine
    batch_size: camp.Count = 32
    num_seeds: camp.Count = 3  # trainings of each variant, from --seed on
    holdout: camp.Share = 0.1  # of the training pictures, to choose rates by
    rounds: Annotated[int, Ge(3)] = 15  # of the timing

    def __post_init__(self) -> None:
        super().__post_init__()
        wrong = [each for each in self.groups if self.width % each]
        camp.require(not wrong, f"groups={wrong[:1]}: must divide width={self.width}, the channels of the stem")


QUICK = replace(Settings(), digits=True, groups=(2, 8), width=8, rates=(0.01,), num_epochs=6, num_seeds=1, rounds=5)
QUICK = replace(QUICK, train_pictures=1000, valid_pictures=300)


def train(
    arguments: dict, rate: float, seed: int, num_epochs: int, settings: Settings, sets: dict, keep: Any = None
) -> tuple[paddle.nn.Layer, camp.History]:
    """A trained variant and its history, measured on held-out pictures after each epoch."""
    paddle.seed(seed)
    model, batches = (
        camp.create_for(NETWORK, sets["train"].data, **arguments),
        replace(sets["train"], shuffle_seed=seed),
    )
    schedule = camp.schedules.warmup_cosine(rate, max(2, num_epochs * len(batches)))
    optimizer = paddle.optimizer.Adam(schedule, parameters=model.parameters())
    options = settings.fit_options | {"num_epochs": num_epochs, "seed": seed, "keep": keep, "quiet": True}
    return model, camp.fit(model, optimizer, batches, evaluations={"holdout": sets["holdout"]}, **options)


def try_rate(variant: str, rate: float, settings: Settings, sets: dict, plans: dict, seed: int) -> float:
    """The loss on held-out pictures of a short training."""
    history = train(plans[variant]["arguments"], rate, seed, settings.choice_epochs, settings, sets)[1]
    return history.last("holdout")["loss"]


def train_cell(
    variant: str, seed: int, settings: Settings, sets: dict, plans: dict, rates: dict, folder: Path, reported: str
) -> dict:
    """Train a variant with its rate and measure it; JSON values. The first seed's weights are kept."""
    keep = folder / variant.replace(" ", "_") if seed == sets["train"].shuffle_seed else None
    how = plans[variant]["arguments"], rates[variant]["rate"], seed, settings.num_epochs
    model, history = train(*how, settings, sets, keep)
    found = camp.evaluate(model, sets[reported])
    row = {"accuracy": found.accuracy, "loss": found.loss, "holdout_loss": history.last("holdout")["loss"]}
    row |= {"train_loss": history.last("train")["loss"], "history": history.as_dict()}
    return row | ({"outputs": found.outputs.tolist()} if keep else {})


def choose_rates(settings: Settings, context: camp.Context, common: dict[str, Any]) -> dict[str, dict]:
    """The rate of each variant, by short trainings with each candidate where there are several."""
    names = tuple(common["plans"])
    if len(settings.rates) == 1:
        return {name: {"rate": settings.rates[0], "edge": None} for name in names}
    options: dict[str, Any] = {"describe": "held-out loss {:.4f}".format, "prefix": "rate-"}
    axes = {"variant": names, "rate": settings.rates}
    return best_rates(context.grid(try_rate, axes, common=common | {"seed": context.seed}, **options))


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    crop = Compose([RandomResizedCrop(settings.image_size, scale=(0.55, 1.0)), RandomHorizontalFlip()])
    loader, augment = (camp.load_mnist, None) if settings.digits else (camp.load_cats_and_dogs, crop)
    data, sets = context.load_parts(loader, settings, augment)
    reported = next(name for name in sets if name not in ("train", "holdout"))
    pictures = sets[reported].data
    plans = plan(settings.groups, settings.width, pictures)

    common: dict[str, Any] = {"settings": settings, "sets": sets, "plans": plans}
    rates = choose_rates(settings, context, common)
    common |= {"rates": rates, "folder": context.checkpoints, "reported": reported}
    axes: dict[str, Any] = {"variant": tuple(plans), "seed": context.seeds(settings.num_seeds)}
    options: dict[str, Any] = {"here": lambda variant, seed: seed == context.seed}  # it keeps its weights
    options["describe"] = lambda cell: f"{reported} accuracy {cell['accuracy']:.4f}"
    grid = context.grid(train_cell, axes, common=common, **options)
    cells = {name: [grid.at(variant=name, seed=seed) for seed in axes["seed"]] for name in plans}
    blown = [name for name, row in cells.items() if any(map(camp.diverged, row))]
    camp.require(not blown, f"{', '.join(blown)} diverged: give smaller rates")

    results = judge(cells, plans, len(pictures)) | {"rates": rates}
    results["split"] = check_split(settings.groups, settings.width, context.seed)
    times = judge_times(time_all(plans, sets["train"], settings.rounds), plans)
    best, kind = results["best"], pictures.kind
    folder = context.checkpoints / best.replace(" ", "_")
    arguments = camp.model_arguments(NETWORK, len(kind.classes), *pictures.images.shape[1:3])
    arguments |= plans[best]["arguments"]
    saved = camp.SavedModel(NETWORK, kind.name, arguments, pictures.images.shape[2], kind.classes)
    context.publish(folder, saved)
    reaches = {name: reach(**how).tolist() for name, how in REACH.items()}
    values = {"times": times, "plans": plans, "enough": camp.comparisons.ENOUGH, "reported": reported}
    values |= {"counts": {name: each.num_samples for name, each in sets.items()}, "size": size_of(pictures)}
    values |= {
        "code": camp.code_of(split_by_hand, channel_shuffle),
        "reach": {n: np.mean(r) for n, r in reaches.items()},
    }
    return camp.Answer(
        title="作业groups:分组卷积，组数越多越好吗",
        results=results,
        values=values,
        figures=draw_all(results, times, plans, reaches),
        histories=grid.histories(),
        predictions=camp.Predictions.of(pictures, np.asarray(cells[best][0]["outputs"]), reported),
    )


# What one channel of a small stem reaches, drawn: name -> arguments.
REACH: dict[str, dict] = {
    "1": {},
    "4": {"groups": 4},
    "4 shuffled": {"groups": 4, "shuffle": True},
    "depthwise": {"groups": "depthwise"},
    "separable": {"groups": "depthwise", "pointwise": True},
}
