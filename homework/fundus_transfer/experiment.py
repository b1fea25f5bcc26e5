"""iChallenge-PM with a network that has learned from ImageNet

Course: pytorch
The question (reconstructed): the source takes networks that were trained on ImageNet to new pictures.
把在 ImageNet 上训练好的网络用到眼底图片 iChallenge-PM 上：只用冻结的特征、微调整个网络、从头训练，哪种更好？
网络看的是图片的哪里？

Three ways with EfficientNet-Lite0. Frozen: logistic regression on its features, which are computed once, the C chosen
by folds of the training pictures. Fine-tuned: the network with that regression as its last layer (fitted without the
held-out pictures) is trained further as a whole, with small steps; its batch norms keep the statistics and scales of
ImageNet, since batches of a few pictures would spoil them. A head that knows already does not send noise back through
the network in the first steps (Kumar et al., ICLR 2022, arXiv:2202.10054). From scratch: the same network and recipe
with random weights and a larger rate. Rate and way are chosen on held-out training pictures, the 200 validation
pictures only report. Then squares of pictures are covered, and where that changes what the network says is drawn.

Expect, with the full settings on the real pictures: see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

import paddle_camp as camp
from homework.fundus_transfer.figures import draw_all
from homework.fundus_transfer.occlusion import occlusion_map
from homework.fundus_transfer.training import FROZEN, SCRATCH, TUNED, train_cell
from homework.fundus_transfer.verdicts import PUBLISHED_AUC, judge
from paddle_camp.data.pictures.augment import flip_and_rotate
from paddle_camp.metrics import correct, log_odds
from paddle_camp.pretrained.heads import chosen, create_tunable, fit_head, measure_head, set_head
from paddle_camp.sweeps.choosing import choose_rate
from paddle_camp.training import checkpoint
from paddle_camp.ways import mean_log_odds

IS_SWEEP = True
MIXED_PRECISION = True


@dataclass(frozen=True)
class Settings(camp.PretrainedSettings, camp.FundusSettings):
    """The network and the three ways; all of it is ours."""

    # Larger than the network was trained on: of features at 224, 320, 448 the loss on folds is 0.084, 0.075, 0.066.
    image_size: Annotated[int, Ge(32)] = 320  # pixels
    rates: camp.Several[camp.Rate] = (2e-5, 1e-4)  # fine-tuned: candidates for AdamW's highest rate
    scratch_rate: camp.Rate = 1e-3  # from scratch
    weight_decay: camp.NonNegative = 0.01  # AdamW's
    batch_size: camp.Count = 16  # pictures
    num_epochs: camp.Count = 6  # the rate rises for 15 % of them, then falls to 0 along half a cosine
    augment: bool = True  # flips and rotations of up to 15 degrees
    holdout: camp.Share = 0.15  # of the training pictures, to choose rate and way by
    num_seeds: camp.Count = 3  # trainings of each kind, from --seed on
    patch: camp.Count = 64  # side of the square that covers a part of a picture, pixels
    stride: camp.Count = 32  # pixels from one square to the next
    looked_into: camp.Count = 4  # wrong pictures at most, and as many right ones


QUICK = replace(Settings(), image_size=64, costs=(0.001, 0.01, 0.1), folds=3, num_epochs=2, num_seeds=1, holdout=0.2)
QUICK = replace(QUICK, train_pictures=120, valid_pictures=60, patch=16, stride=12, looked_into=2)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings, flip_and_rotate if settings.augment else None)
    weights = camp.find_weights(settings.model, settings.weights)
    context.announce_weights(weights.info)
    camp.require(settings.patch <= settings.image_size, f"patch={settings.patch}: larger than the pictures")
    sets = {name: replace(batches, data=weights.prepare(batches.data)) for name, batches in sets.items()}
    parts, labels = {name: batches.data for name, batches in sets.items()}, data.valid.labels
    extractor = camp.FeatureExtractor.of(weights)
    camp.check_input(settings.model, data.train, extractor.model)
    features = {name: extractor.extract(pictures).values for name, pictures in parts.items()}

    frozen, search, heads = fit_frozen(features, parts, settings, context.seed)
    context.say(f"frozen features: validation accuracy {frozen['accuracy']:.4f}, AUC {frozen['auc']:.4f}")
    rows, scratch = train_all(settings, context, weights, sets, heads["rest"])
    rate = choose_rate(rows)
    ways = {FROZEN: [frozen], TUNED: rows[rate["rate"]], SCRATCH: camp.finished(scratch)}
    results = judge({way: cells for way, cells in ways.items() if cells}, labels)
    results |= {"rate": rate, "logistic": chosen(search), "numbers": features["train"].shape[1]}

    models = publish(settings, context, weights, results["chosen"], rate["rate"], heads["all"], data)
    outputs = mean_log_odds(ways[results["chosen"]])
    shown = look_into(outputs, labels, settings.looked_into)
    odds = partial(log_odds_of, models, parts["validation"])
    maps = [occlusion_map(odds, data.valid.images[i], settings.patch, settings.stride) for i in shown]
    results["looked_into"] = [data.valid.names[i] for i in shown]
    values = {"counts": {name: len(part) for name, part in parts.items()}, "enough": camp.comparisons.ENOUGH}
    values |= {"published": PUBLISHED_AUC, "code": camp.code_of(create_tunable, occlusion_map)}
    curves = {f"{TUNED} {value:g}": camp.finished(cells) for value, cells in rows.items()} | {SCRATCH: ways[SCRATCH]}
    histories = {name: [camp.History.from_dict(c["history"]) for c in cells] for name, cells in curves.items() if cells}
    return camp.Answer(
        title="作业fundus-transfer:用预训练的网络识别病理性近视",
        results=results,
        values=values,
        figures=draw_all(ways, results, histories, data.valid, shown, maps),
        histories={f"{n} {seed}": h for n, row in histories.items() for seed, h in enumerate(row, context.seed)},
        predictions=camp.Predictions.of(data.valid, outputs, "validation"),
    )


def fit_frozen(features: dict, parts: dict, settings: Settings, seed: int) -> tuple[dict, Any, dict[str, tuple]]:
    """Logistic regression on features: how it does, its search, and two heads, from all training pictures and the rest.

    The held-out loss is that of the second, which has not seen them.
    """
    _, rest = fit_head(features["train"], parts["train"].labels, settings, seed)
    values = np.concatenate([features["train"], features["holdout"]])
    labels = np.concatenate([parts["train"].labels, parts["holdout"].labels])
    search, head = fit_head(values, labels, settings, seed)
    held = measure_head(rest, features["holdout"], parts["holdout"].labels)
    found = measure_head(head, features["validation"], parts["validation"].labels).as_dict()
    return found | {"holdout_loss": held.loss}, search, {"all": head, "rest": rest}


def train_all(
    settings: Settings, context: camp.Context, weights: Any, sets: dict, head: tuple
) -> tuple[dict[float, list[dict]], list[dict]]:
    """The trainings of the whole network: those of each rate with pretrained weights, and those from scratch."""
    common = {"head": head, "weights": weights, "sets": sets, "folder": context.checkpoints, "settings": settings}
    common["amp"] = context.options.amp
    said = "held-out loss {0[holdout_loss]:.4f}".format
    options: dict[str, Any] = {"common": common, "describe": said, "here": lambda **point: True}  # they keep weights
    seeds = context.seeds(settings.num_seeds)
    tuned = context.grid(train_cell, {"way": (TUNED,), "rate": settings.rates, "seed": seeds}, **options)
    scratch = context.grid(train_cell, {"way": (SCRATCH,), "rate": (settings.scratch_rate,), "seed": seeds}, **options)
    rows = {rate: [tuned.at(way=TUNED, rate=rate, seed=seed) for seed in seeds] for rate in settings.rates}
    return rows, list(scratch.results.values())


def look_into(outputs: np.ndarray, labels: np.ndarray, most: int) -> list[int]:
    """Validation pictures to look into: wrong ones, the surest first, and the surest right ones of each class."""
    right, sure = correct(outputs, labels), np.abs(log_odds(outputs))
    order = np.argsort(-sure, kind="stable")
    wrong = [int(i) for i in order if not right[i]][:most]
    each = [[int(i) for i in order if right[i] and labels[i] == label] for label in (1, 0)]
    return wrong + each[0][: -(-most // 2)] + each[1][: most // 2]


def log_odds_of(models: list, part: camp.ImageSet, images: np.ndarray) -> np.ndarray:
    """Log-odds of PM ``[N]`` of pictures uint8 ``[N, 3, H, W]``, the mean over several networks."""
    scaled = part.kind.scale(images)
    outputs = [camp.evaluate(model, (scaled, np.zeros(len(images), np.int64))).outputs for model in models]
    return np.mean([log_odds(each) for each in outputs], axis=0)


def publish(
    settings: Settings, context: camp.Context, weights: Any, way: str, rate: float, head: tuple, data: Any
) -> list:
    """Keep the networks of the chosen way for ``predict``, which averages their probabilities; the networks."""
    seeds = context.seeds(settings.num_seeds) if way == TUNED else (context.seed,)
    folders = [context.checkpoints / f"{way}-{rate:g}-{seed}" for seed in seeds]
    if way == FROZEN:
        checkpoint.save_network(folders[0], set_head(weights.create(num_classes=2), *head))
    saved = context.publish_ensemble(folders, camp.SavedModel.transferred(weights, data.train))
    return saved.load(saved.files(context.checkpoints))
