"""Batch, layer, instance and group norm in one network

Course: summer
The question (reconstructed): 批、层、实例、组归一化各在哪些数上求平均？在同一个网络里，batch 为 2、8、64 时哪个好？
训练和评估时的统计量有什么不同？原讲义的几句话对吗：“实例归一化不用存参数，批归一化要存很多”、“普通卷积每个通道有自己的
卷积核”、“分组卷积把几层合在一起”？

The four norms are written by hand and held against Paddle's layers; whom a number is averaged with is drawn from a
gradient. Then one small net is trained with each of them and with none, in batches of 2, 8 and 64, for the same number
of pictures. The learning rate of each is chosen on held-out training pictures; those of ``valid/`` only report. Adam's
rate is that of a batch of 64, and grows with the square root of the batch (Malladi et al., arXiv:2205.10287).

A batch norm has two sets of statistics, the batch's in training and running ones in evaluation. How far they lead apart
is measured on the trained nets: in both modes, and in training mode with other pictures in the batch. The source's
sentences are held against counts.

Expect, with the full settings on the photographs of cats and dogs: see docs/results.md. An epoch with batch norm
takes 1.7, 4 and 11 seconds of one core of an AMD EPYC, in batches of 64, 8 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import paddle
from annotated_types import Ge

import paddle_camp as camp
from homework.norms import by_hand
from homework.norms.claims import examine
from homework.norms.figures import draw_all
from homework.norms.measuring import NETWORK, compare_modes, memory_of, time_norms
from homework.norms.verdicts import best_rates, judge
from paddle_camp.data.pictures.augment import Compose, RandomHorizontalFlip, RandomResizedCrop
from paddle_camp.models.small import NORMS

IS_SWEEP = True
USUAL = 64  # pictures in the batch that the rates are stated for


@dataclass(frozen=True)
class Settings(camp.CatsAndDogsSettings):
    """Batches, width, training; all ours, the source being an outline."""

    digits: bool = False  # digits instead of photographs; --quick
    image_size: Annotated[int, Ge(16)] = 64  # pixels, of the photographs
    batch_sizes: camp.Several[Annotated[int, Ge(2), camp.Hint("a batch norm needs 2 pictures")]] = (2, 8, 64)
    width: camp.Count = 16  # channels of the stem
    rates: camp.Several[camp.Rate] = (0.001, 0.003, 0.01)  # candidates: Adam's highest learning rate, at a batch of 64
    choice_epochs: camp.Count = 2  # of the trainings that a rate is chosen by
    num_epochs: camp.Count = 10  # the rate rises for 15 % of them, then falls to 0 along half a cosine
    num_seeds: camp.Count = 3  # trainings of each kind, from --seed on
    holdout: camp.Share = 0.1  # of the training pictures, to choose rates by
    rounds: Annotated[int, Ge(3)] = 15  # of the timing
    memory_batch: camp.Count = 512  # pictures in the steps whose memory is measured

    @property
    def batch_size(self) -> int:
        """Of batches before a training chooses its own."""
        return max(self.batch_sizes)


QUICK = replace(Settings(), digits=True, batch_sizes=(2, 32), width=8, rates=(0.01,), num_epochs=3, num_seeds=1)
QUICK = replace(QUICK, train_pictures=500, valid_pictures=300, rounds=5, memory_batch=256)


def train(
    norm: str,
    batch_size: int,
    rate: float,
    seed: int,
    num_epochs: int,
    settings: Settings,
    sets: dict,
    keep: Any = None,
) -> tuple[paddle.nn.Layer, camp.History]:
    """A trained net and its history, measured on held-out pictures after each epoch."""
    paddle.seed(seed)
    model = camp.create_for(NETWORK, sets["train"].data, norm=norm, width=settings.width)
    batches = replace(sets["train"], batch_size=batch_size, shuffle_seed=seed)
    highest = rate * (batch_size / USUAL) ** 0.5
    schedule = camp.schedules.warmup_cosine(highest, max(2, num_epochs * len(batches)))
    optimizer = paddle.optimizer.Adam(schedule, parameters=model.parameters())
    options = settings.fit_options | {"num_epochs": num_epochs, "seed": seed, "keep": keep, "quiet": True}
    return model, camp.fit(model, optimizer, batches, evaluations={"holdout": sets["holdout"]}, **options)


def try_rate(norm: str, batch_size: int, rate: float, settings: Settings, sets: dict, seed: int) -> float:
    """The loss on held-out pictures of a short training."""
    return train(norm, batch_size, rate, seed, settings.choice_epochs, settings, sets)[1].last("holdout")["loss"]


def train_cell(
    norm: str, batch_size: int, seed: int, settings: Settings, sets: dict, rates: dict, folder: Path, reported: str
) -> dict:
    """Train a net and measure it in both modes; JSON values. The first seed's weights are kept."""
    keep = folder / f"{norm}-{batch_size}" if seed == sets["train"].shuffle_seed else None
    rate = rates[f"{norm}-{batch_size}"]["rate"]
    model, history = train(norm, batch_size, rate, seed, settings.num_epochs, settings, sets, keep)
    found = camp.evaluate(model, sets[reported])
    row = {"accuracy": found.accuracy, "loss": found.loss, "holdout_loss": history.last("holdout")["loss"]}
    row |= {"train_loss": history.last("train")["loss"], "history": history.as_dict()}
    row["modes"] = compare_modes(model, sets[reported].data, found.outputs, batch_size, seed)
    return row | ({"outputs": found.outputs.tolist()} if keep else {})


def train_all(settings: Settings, context: camp.Context, sets: dict, reported: str) -> tuple[dict, Any]:
    """The rates that were chosen, where there are several, and the trainings with them."""
    sizes = tuple(sorted(settings.batch_sizes))
    axes: dict[str, Any] = {"norm": NORMS, "batch_size": sizes}
    common: dict[str, Any] = {"settings": settings, "sets": sets}
    rates = {f"{norm}-{size}": {"rate": settings.rates[0], "edge": None} for norm in NORMS for size in sizes}
    if len(settings.rates) > 1:
        options: dict[str, Any] = {"describe": "held-out loss {:.4f}".format, "prefix": "rate-"}
        tried = context.grid(
            try_rate, axes | {"rate": settings.rates}, common=common | {"seed": context.seed}, **options
        )
        rates = best_rates(tried)
    common |= {"rates": rates, "folder": context.checkpoints, "reported": reported}
    axes |= {"seed": context.seeds(settings.num_seeds)}
    options = {"here": lambda norm, batch_size, seed: seed == context.seed}  # it keeps its weights
    options["describe"] = lambda cell: f"{reported} accuracy {cell['accuracy']:.4f}"
    return rates, context.grid(train_cell, axes, common=common, **options)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    crop = Compose([RandomResizedCrop(settings.image_size, scale=(0.55, 1.0)), RandomHorizontalFlip()])
    loader, augment = (camp.load_mnist, None) if settings.digits else (camp.load_cats_and_dogs, crop)
    data, sets = context.load_parts(loader, settings, augment)
    reported = next(name for name in sets if name not in ("train", "holdout"))
    pictures, sizes = sets[reported].data, sorted(settings.batch_sizes)
    too_large = sizes[-1] > sets["train"].num_samples
    camp.require(not too_large, f"batch_sizes={sizes[-1]}: there are {sets['train'].num_samples} training pictures")

    rates, grid = train_all(settings, context, sets, reported)
    results = judge(grid, len(pictures)) | {"rates": rates, "by_hand": by_hand.check(context.seed)}
    results |= {"scope": {norm: int(by_hand.scope(norm).sum()) for norm in NORMS[1:]}, "claims": examine(context.seed)}
    shape = pictures.images.shape[1:]
    times = time_norms(NORMS, settings.width, pictures, sizes, settings.rounds)
    memory = memory_of(NORMS, settings.width, tuple(shape), settings.memory_batch, context.device)

    norm, size = results["best"]["norm"], results["best"]["batch_size"]
    folder, kind = context.checkpoints / f"{norm}-{size}", pictures.kind
    arguments = camp.model_arguments(NETWORK, len(kind.classes), *shape[:2]) | {"norm": norm, "width": settings.width}
    context.publish(folder, camp.SavedModel(NETWORK, kind.name, arguments, shape[1], kind.classes))
    functions = (by_hand.normalise, by_hand.batch_norm, by_hand.batch_norm_in_evaluation)
    functions += (by_hand.layer_norm, by_hand.instance_norm, by_hand.group_norm)
    values = {"times": times, "memory": memory, "sizes": sizes, "enough": camp.comparisons.ENOUGH}
    values |= {"reported": reported, "shape": list(shape), "code": camp.code_of(*functions), "block": by_hand.BLOCK}
    values |= {"counts": {name: each.num_samples for name, each in sets.items()}}
    outputs = grid.at(norm=norm, batch_size=size, seed=context.seed)["outputs"]
    return camp.Answer(
        title="作业norms:批、层、实例、组归一化",
        results=results,
        values=values,
        figures=draw_all(results, times, memory, sizes),
        histories=grid.histories(),
        predictions=camp.Predictions.of(pictures, np.asarray(outputs), reported),
    )
