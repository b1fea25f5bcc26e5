"""作业8 Sigmoid or ReLU in LeNet, on the fundus pictures of iChallenge-PM

The camp's question: 如果将LeNet模型中的中间层的激活函数Sigmoid换成ReLU，在眼底筛查数据集上将会得到什么样的结果？
Loss是否能收敛，ReLU和Sigmoid之间的区别是引起结果不同的原因吗？请发表你的观点。

The first two parts are answered by training the course's LeNet with either function from several seeds, the third by
experiments that change one thing at a time and leave the activation as it is: the initialisation, the learning rate
(ten and a hundred times), standardised inputs, batch norm; and by a Sigmoid stretched to slope 1 and value 0 at 0,
which saturates as the plain one does. Before training and after every epoch a probe notes the gradient norm of each
layer, the share of responses where the activation is flat, and the share of units that are flat on every picture.

Expect, with the full settings on the real pictures (2 cores of an AMD EPYC): see docs/results.md. The course's
published Sigmoid stays at accuracy 0.4675 to 0.5275 and loss 0.691 after five epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import paddle
from paddle import nn

from homework.hw8_activation.figures import draw_all
from homework.hw8_activation.variants import VARIANTS, Variant
from paddle_camp import metrics
from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.answers.template import render
from paddle_camp.data.batches import Batches
from paddle_camp.data.fundus.loading import load_fundus, three_parts
from paddle_camp.data.image_set import draw
from paddle_camp.data.scaling import channel_statistics, standardise
from paddle_camp.errors import DivergedError, require
from paddle_camp.history import History
from paddle_camp.models import create_model
from paddle_camp.networks.modes import unchanged
from paddle_camp.networks.summary import check_input_shape
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.sweeps.sweep import run_cells
from paddle_camp.training.fit import CheckpointPolicy, fit, publish
from paddle_camp.training.loop import evaluate
from paddle_camp.training.losses import classification_loss

IS_SWEEP = True
LAYERS = ("conv1", "conv2", "conv3", "fc1", "fc2")


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters; "course" marks those of the camp's published script."""

    learning_rate: float = 0.001  # course
    momentum: float = 0.9  # course
    batch_size: int = 10  # course; pictures
    num_epochs: int = 5  # course
    image_size: int = 224  # course; pixels
    num_seeds: int = 3  # trainings of each variant, from --seed on
    holdout: float = 0.1  # share of the training pictures held out, for the `best` weights of the published network
    probe_pictures: int = 20  # training pictures that the probe looks at
    train_pictures: int | None = None  # None: all there are (drawn as a stand-in: 400); else a stratified draw
    valid_pictures: int | None = None  # the same for validation (stand-in: 200)

    def __post_init__(self):
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        require(0 <= self.momentum < 1, f"momentum={self.momentum}: give a number from 0 to below 1")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        require(self.image_size >= 28, f"image_size={self.image_size}: LeNet needs at least 28 pixels")
        for key in ("batch_size", "num_epochs", "num_seeds", "probe_pictures"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


QUICK = replace(Settings(), image_size=64, num_epochs=6, num_seeds=1, train_pictures=150, valid_pictures=60)


def build(variant: Variant, settings: Settings, seed: int) -> nn.Layer:
    """The course's LeNet: one logit, BGR pictures."""
    paddle.seed(seed)
    model = create_model(
        "lenet_fundus",
        num_classes=1,
        in_channels=3,
        activation=variant.activation,
        batch_norm=variant.batch_norm,
        image_size=settings.image_size,
    )
    if variant.gain is not None:
        rng = np.random.default_rng(seed)
        for name in LAYERS:
            weight = getattr(model, name).weight
            shape = weight.shape  # convolution [out, in, kh, kw], linear [in, out]
            fans = (shape[0] + shape[1]) * int(np.prod(shape[2:]))  # fan in + fan out
            limit = variant.gain * np.sqrt(6 / fans)
            weight.set_value(rng.uniform(-limit, limit, shape).astype(np.float32))
    return model


def look_inside(model: nn.Layer, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """The probe: gradient norms of the weights, and the fractions of flat responses and of dead units.

    A response is flat where the activation's slope is below a hundredth of its greatest one: a saturated Sigmoid, a
    ReLU that is off. A unit (a channel, or a feature of fc1) is dead if it is flat on all pictures and places.
    """
    activation, before = model.activation, []
    model.activation = lambda x: before.append(x.detach()) or activation(x)
    with unchanged(model):  # a batch norm's running means move
        model.train()
        classification_loss(model(paddle.to_tensor(images)), paddle.to_tensor(labels)).backward()
    model.activation = activation
    row = {f"gradient_{name}": finite(float(getattr(model, name).weight.grad.norm())) for name in LAYERS}
    model.clear_gradients()
    steepest = slope_of(activation, paddle.zeros([1]) + 1e-3).max()
    for name, x in zip(LAYERS, before, strict=False):
        flat = slope_of(activation, x) < 0.01 * steepest
        units = flat.astype("float32").transpose([1, 0, *range(2, x.ndim)]).flatten(1).mean(axis=1).numpy()
        row |= {f"flat_{name}": float(units.mean()), f"dead_{name}": float((units == 1).mean())}
    return row


def finite(value: float) -> float | None:
    """None for NaN or infinity, which are no JSON: a training that is about to diverge has such gradients."""
    return value if np.isfinite(value) else None


def slope_of(activation, x: paddle.Tensor) -> paddle.Tensor:
    """The derivative of an elementwise function at every entry of ``x``."""
    x = x.detach()
    x.stop_gradient = False
    return paddle.grad(activation(x).sum(), x)[0]


def train_cell(
    name: str, seed: int, settings: Settings, sets: dict[str, Batches], keep: CheckpointPolicy | None
) -> dict:
    """Train one variant from one seed; JSON values."""
    variant = VARIANTS[name]
    if variant.standardise:
        scale = standardise(*channel_statistics(sets["train"].data.images))
        sets = {part: replace(batches, scale=scale) for part, batches in sets.items()}
    model = build(variant, settings, seed)
    rate = settings.learning_rate * variant.rate_factor
    optimizer = paddle.optimizer.Momentum(rate, settings.momentum, parameters=model.parameters())
    seen = draw(sets["train"].data, settings.probe_pictures)  # both classes, in proportion
    images, labels = next(replace(sets["train"], data=seen, shuffle_seed=None, batch_size=len(seen)).epoch())
    train = replace(sets["train"], shuffle_seed=seed)
    try:
        history = fit(
            model,
            optimizer,
            train,
            num_epochs=settings.num_epochs,
            evaluations={"holdout": sets["holdout"], "validation": sets["validation"]},
            seed=seed,
            keep=keep,
            probe=lambda model: look_inside(model, images, labels),
            quiet=True,
        )
    except DivergedError as error:
        return {"diverged": str(error)}
    validation = evaluate(model, sets["validation"])
    return {
        "train_loss": history.split("train")[-1]["loss"],
        "loss": validation.loss,
        "accuracy": validation.accuracy,
        "auc": metrics.auc(validation.outputs, validation.labels),
        "outputs": validation.outputs.tolist(),
        "history": history.as_dict(),
    }


def in_words(result: dict) -> str:
    """One cell's result for the log."""
    if "diverged" in result:
        return result["diverged"]
    return f"accuracy/loss: {result['accuracy']:.4f}/{result['loss']:.4f}, training loss {result['train_loss']:.4f}"


def summarise(cells: list[dict], chance: float) -> dict:
    """A variant's numbers over its seeds. It has learned where the last epoch's training loss is clearly below chance.

    Args:
        chance: the loss of always predicting the share of each class; "clearly" is 0.05 below.
    """
    done = [cell for cell in cells if "diverged" not in cell]
    summary = {"seeds": len(cells), "diverged": len(cells) - len(done)}
    for key in ("train_loss", "loss", "accuracy", "auc"):
        values = [cell[key] for cell in done]
        summary[key] = {"mean": float(np.mean(values)), "all": values} if values else None
    return summary | {"learned": sum(cell["train_loss"] < chance - 0.05 for cell in done)}


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    counts = (settings.train_pictures, settings.valid_pictures)
    data = load_fundus(context.options.data, context.options.data_dir, settings.image_size, counts)
    context.announce(data.info, data.how)
    sets = three_parts(data, settings.holdout, settings.batch_size, context.seed)
    check_input_shape(
        build(VARIANTS["relu"], settings, 0), (1, 3, settings.image_size, settings.image_size), "lenet_fundus"
    )
    seeds = range(context.seed, context.seed + settings.num_seeds)
    cells = {}
    for name in VARIANTS:
        for seed in seeds:
            published = (name, seed) == ("relu", context.seed)
            keep = CheckpointPolicy(context.checkpoints / "relu", best_on="holdout") if published else None
            cells[f"{name}-{seed}"] = (name, seed, settings, sets, keep)
    here = [f"relu-{context.seed}"]  # its weights are kept in the run's folder
    found = run_cells(train_cell, cells, context.path / "cells", describe=in_words, here=here, **context.side_by_side)
    if "diverged" not in found[f"relu-{context.seed}"]:
        arguments = {"num_classes": 1, "activation": "relu", "image_size": settings.image_size}
        SavedModel("lenet_fundus", "fundus", arguments, settings.image_size).write(context.checkpoints, data.info)
        publish(context.checkpoints / "relu", context.checkpoints)
    share = float(np.mean(sets["train"].data.labels))
    chance = float(-share * np.log(share) - (1 - share) * np.log(1 - share))
    variants = {name: summarise([found[f"{name}-{seed}"] for seed in seeds], chance) for name in VARIANTS}
    histories = {key: History.from_dict(cell["history"]) for key, cell in found.items() if "diverged" not in cell}
    results = {"chance_loss": chance, "variants": variants, "probes": probes_of(histories, context.seed)}
    results["as_course"] = data.origin == "real" and replace(settings, num_seeds=3) == Settings()
    relu = found[f"relu-{context.seed}"]
    outputs = np.asarray(relu["outputs"]) if "diverged" not in relu else np.zeros((len(data.valid), 1))
    values = {"settings": settings, "pictures": len(data.valid), "train": len(sets["train"].data)}
    return Answer(
        title="作业8:把 LeNet 的 Sigmoid 换成 ReLU",
        text=render(__file__, values | {"table_of": VARIANTS, "majority": max(share, 1 - share)} | results),
        results=results,
        figures=draw_all(histories, variants, LAYERS, context.seed, chance, data.info.stand_in),
        histories=histories,
        predictions=Predictions(data.valid.names, data.valid.labels, metrics.probabilities(outputs)),
    )


def probes_of(histories: dict[str, History], seed: int) -> dict[str, dict[str, list]]:
    """Variant -> column -> the probe's values before training and after each epoch, of the first seed."""
    found = {}
    for name in VARIANTS:
        rows = histories[f"{name}-{seed}"].split("probe") if f"{name}-{seed}" in histories else []
        found[name] = {key: [row[key] for row in rows] for key in (rows[0] if rows else ()) if "_" in key}
    return found
