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

from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
import paddle
from annotated_types import Ge
from paddle import nn

import paddle_camp as camp
from homework.hw8_activation.figures import draw_all
from homework.hw8_activation.variants import VARIANTS, Variant
from homework.hw8_activation.verdicts import judge_probes, probes_of, sides_of, summarise
from paddle_camp.comparisons import ENOUGH
from paddle_camp.data.scaling import channel_statistics, standardise
from paddle_camp.networks.modes import unchanged

IS_SWEEP = True
LAYERS = ("conv1", "conv2", "conv3", "fc1", "fc2")


@dataclass(frozen=True)
class Settings(camp.FundusSettings):
    """Hyper-parameters; "course" marks those of the camp's published script."""

    learning_rate: camp.Rate = 0.001  # course
    momentum: camp.Fraction = 0.9  # course
    batch_size: camp.Count = 10  # course; pictures
    num_epochs: camp.Count = 5  # course
    image_size: Annotated[int, Ge(28), camp.Hint("LeNet needs at least 28 pixels")] = 224  # course
    num_seeds: camp.Count = 3  # trainings of each variant, from --seed on
    holdout: camp.Share = 0.1  # of the training pictures, held out for the `best` weights of the published network
    probe_pictures: camp.Count = 20  # training pictures that the probe looks at


QUICK = replace(Settings(), image_size=64, num_epochs=6, num_seeds=1, train_pictures=150, valid_pictures=60)


def build(variant: Variant, settings: Settings, seed: int) -> nn.Layer:
    """The course's LeNet: one logit, BGR pictures."""
    paddle.seed(seed)
    model = camp.create_model(
        "lenet_fundus", activation=variant.activation, batch_norm=variant.batch_norm, image_size=settings.image_size
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
        camp.classification_loss(model(paddle.to_tensor(images)), paddle.to_tensor(labels)).backward()
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


def train_cell(variant: str, seed: int, settings: Settings, sets: dict, keep: camp.CheckpointPolicy | None) -> dict:
    """Train one variant from one seed; JSON values. Only the published one is kept."""
    change = VARIANTS[variant]
    if change.standardise:
        scale = standardise(*channel_statistics(sets["train"].data.images))
        sets = {part: replace(batches, scale=scale) for part, batches in sets.items()}
    model = build(change, settings, seed)
    rate = settings.learning_rate * change.rate_factor
    seen = camp.draw(sets["train"].data, settings.probe_pictures)  # both classes, in proportion
    images, labels = next(replace(sets["train"], data=seen, shuffle_seed=None, batch_size=len(seen)).epoch())
    optimizer = paddle.optimizer.Momentum(rate, settings.momentum, parameters=model.parameters())
    train = replace(sets["train"], shuffle_seed=seed)
    options = settings.fit_options | {"seed": seed, "probe": lambda model: look_inside(model, images, labels)}
    options["evaluations"] = {"holdout": sets["holdout"], "validation": sets["validation"]}
    options["keep"] = keep if (variant, seed) == ("relu", sets["train"].shuffle_seed) else None
    history = camp.fit(model, optimizer, train, quiet=True, **options)
    validation = camp.evaluate(model, sets["validation"])
    found = validation.as_dict() | sides_of(validation.outputs)
    return found | {"train_loss": history.last("train")["loss"], "history": history.as_dict()}


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    data, sets = context.load_parts(camp.load_fundus, settings)
    camp.check_input("lenet_fundus", data.train, build(VARIANTS["relu"], settings, 0))
    seeds, folder = context.seeds(settings.num_seeds), context.checkpoints / "relu"
    common = {"settings": settings, "sets": sets, "keep": camp.CheckpointPolicy(folder, best_on="holdout")}
    published = {"variant": "relu", "seed": context.seed}  # its weights are kept in the run's folder
    words = lambda r: f"accuracy/loss: {r['accuracy']:.4f}/{r['loss']:.4f}, training loss {r['train_loss']:.4f}"  # noqa: E731
    options = {"common": common, "describe": words, "here": lambda **point: point == published}
    grid = context.grid(train_cell, {"variant": tuple(VARIANTS), "seed": seeds}, **options)
    relu, outputs = grid.at(**published), np.zeros((len(data.valid), 1))
    if not camp.diverged(relu):
        arguments = {"num_classes": 1, "activation": "relu", "image_size": settings.image_size}
        context.publish(folder, camp.SavedModel("lenet_fundus", "fundus", arguments, settings.image_size))
        outputs = np.asarray(relu["outputs"])
    share, chance = float(np.mean(sets["train"].labels)), camp.metrics.guessing_loss(sets["train"].labels)
    variants = grid.over("seed", lambda cells: summarise(cells, chance)).named()
    histories = grid.histories()
    probes = probes_of(histories, VARIANTS, context.seed)
    results = {"chance_loss": chance, "variants": variants, "probes": probes, "inside": judge_probes(probes)}
    results["as_course"] = data.origin == "real" and replace(settings, num_seeds=3) == Settings()
    values = {"pictures": len(data.valid), "train": sets["train"].num_samples, "majority": max(share, 1 - share)}
    values |= {"table_of": {name: asdict(variant) for name, variant in VARIANTS.items()}, "enough": ENOUGH}
    return camp.Answer(
        title="作业8:把 LeNet 的 Sigmoid 换成 ReLU",
        results=results,
        values=values,
        figures=draw_all(histories, variants, LAYERS, context.seed, chance),
        histories=histories,
        predictions=camp.Predictions.of(data.valid, outputs, "validation"),
    )
