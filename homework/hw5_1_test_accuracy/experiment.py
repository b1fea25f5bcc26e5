"""作业5-1 Test accuracy on 100 digits drawn at random, and one's own handwriting

The camp's question: 随机抽取100个测试样本，测试模型的准确率。 (The source also shows students whose own digit failed.)

A network is trained on the digits (or its weights are given: `-o weights=FILE.pdparams`), 100 test digits are drawn
with a seed that is recorded, and their accuracy is reported with a binomial confidence interval (Wilson, 1927). How
far such an accuracy can be off is shown by drawing again and again: the accuracies of many draws scatter around the
accuracy on all test digits as the hypergeometric distribution says. `--image FILE` puts one's own digit through the
same preprocessing as MNIST's, drawn step by step.

Expect, with the full settings on the real digits (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
import paddle
from paddle import nn

from paddle_camp import plots
from paddle_camp.answers.answer import Answer, Predictions
from paddle_camp.answers.template import render
from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import ImageSet, split_off
from paddle_camp.data.mnist import load_mnist
from paddle_camp.data.pictures.own_digit import prepare_digit
from paddle_camp.data.scaling import scale_to_one
from paddle_camp.errors import require
from paddle_camp.history import History
from paddle_camp.metrics import predict_labels, probabilities
from paddle_camp.models import check_model_name, create_model
from paddle_camp.networks.summary import check_input_shape
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.training.fit import CheckpointPolicy, fit, publish
from paddle_camp.training.loop import evaluate


@dataclass(frozen=True)
class Settings:
    """Hyper-parameters."""

    model: str = "two_conv_net"  # the course's network for digits; any name of the zoo that takes 28 x 28
    weights: str | None = None  # a .pdparams file of that network; None: train it
    learning_rate: float = 0.001  # Adam
    batch_size: int = 100  # digits
    num_epochs: int = 3
    holdout: float = 1 / 6  # share of the training digits (10,000 of 60,000) held out for the `best` weights
    sample: int = 100  # the question's: test digits drawn
    draws: int = 10_000  # how often such a sample is drawn to see the scatter
    image: str | None = None  # a picture of one's own digit (also --image FILE)
    train_pictures: int | None = None  # None: all there are; else a stratified draw
    test_pictures: int | None = None

    def __post_init__(self):
        check_model_name(self.model)
        require(self.learning_rate > 0, f"learning_rate={self.learning_rate}: must be positive")
        require(0 < self.holdout < 1, f"holdout={self.holdout}: give a share between 0 and 1")
        for key in ("batch_size", "num_epochs", "sample", "draws"):
            require(getattr(self, key) > 0, f"{key}={getattr(self, key)}: must be positive")


QUICK = replace(Settings(), num_epochs=4, batch_size=50, draws=2000)
QUICK = replace(QUICK, train_pictures=1200, test_pictures=300)


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval for a share of which ``right`` of ``count`` were seen (Wilson, 1927).

    Unlike share +- z sqrt(share (1 - share) / count) it stays within [0, 1] and does not shrink to nothing where all
    were right.
    """
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    low, high = float(max(0.0, middle - half)), float(min(1.0, middle + half))
    return (0.0 if right == 0 else low), (1.0 if right == count else high)  # exactly, whatever the rounding


def get_model(settings: Settings, context: Context, train: ImageSet) -> tuple[nn.Layer, dict[str, History]]:
    """The network, trained or with the given weights."""
    paddle.seed(context.seed)
    model = create_model(settings.model, pretrained=settings.weights)
    if settings.weights is not None:
        return model, {}
    kept, held = split_off(train, settings.holdout, context.seed)
    folder = context.checkpoints / "model"
    history = fit(
        model,
        paddle.optimizer.Adam(settings.learning_rate, parameters=model.parameters()),
        Batches(kept, settings.batch_size, context.seed, scale=scale_to_one),
        num_epochs=settings.num_epochs,
        evaluations={"holdout": Batches(held, 500, scale=scale_to_one)},
        seed=context.seed,
        amp=context.options.amp,
        keep=CheckpointPolicy(folder, best_on="holdout"),
        name=settings.model,
    )
    SavedModel(settings.model, "digits").write(context.checkpoints, context.data)
    publish(folder, context.checkpoints)
    return model, {settings.model: history}


def scatter(right: np.ndarray, sample: int, draws: int, seed: int) -> dict:
    """Accuracies of ``draws`` samples without replacement, and the hypergeometric distribution that they follow."""
    total, good = len(right), int(right.sum())
    rng = np.random.default_rng([seed, 1])
    counts = rng.hypergeometric(good, total - good, sample, size=draws)  # the law of drawing digits without replacement
    share = good / total
    expected = np.sqrt(share * (1 - share) / sample * (total - sample) / max(1, total - 1))
    seen = np.bincount(counts, minlength=sample + 1) / draws
    chances = [comb(good, k) * comb(total - good, sample - k) / comb(total, sample) for k in range(sample + 1)]
    return {
        "counts": counts,
        "seen": seen,
        "chances": np.array(chances),
        "std": float(np.std(counts / sample)),
        "expected_std": float(expected),
    }


def run(settings: Settings, context: Context) -> Answer:
    """Answer the question; see the module's docstring."""
    steps = prepare_digit(settings.image) if settings.image else {}  # a wrong file is found before any training
    counts = (settings.train_pictures, settings.test_pictures)
    data = load_mnist(context.options.data, context.options.data_dir, counts)
    context.announce(data.info, data.how)
    require(settings.sample <= len(data.test), f"sample={settings.sample}: there are {len(data.test)} test digits")
    check_input_shape(create_model(settings.model), (1, 1, 28, 28), settings.model)
    model, histories = get_model(settings, context, data.train)
    test = evaluate(model, Batches(data.test, 500, scale=scale_to_one))
    predicted = predict_labels(test.outputs)
    right = predicted == test.labels
    drawn = np.sort(np.random.default_rng([context.seed, 0]).choice(len(right), settings.sample, replace=False))
    spread = scatter(right, settings.sample, settings.draws, context.seed)
    low, high = wilson(int(right[drawn].sum()), settings.sample)
    results = {"drawn": drawn.tolist(), "right": int(right[drawn].sum()), "interval": [low, high]}
    results |= {"accuracy_all": float(right.mean()), "std": spread["std"], "expected_std": spread["expected_std"]}
    results["range"] = [int(np.quantile(spread["counts"], q)) / settings.sample for q in (0.025, 0.975)]
    figures = draw(data, drawn, test.outputs, spread, settings.sample)
    if steps:
        share = probabilities(evaluate(model, own_batches(steps)).outputs)[0]
        results["own"] = {"digit": int(share.argmax()), "probability": float(share.max()), "all": share.tolist()}
        title = f"Your digit is taken for a {share.argmax()} (probability {share.max():.2f})"
        pictures = plots.steps_figure(steps, title=title, subtitle=data.info.stand_in)
        figures = {"own": ("自己手写的数字：逐步预处理", pictures)} | figures
    return Answer(
        title=f"作业5-1:随机抽取{settings.sample}个测试样本的准确率",
        text=render(__file__, {"settings": settings, "seed": context.seed, "test": len(right)} | results),
        results=results,
        figures=figures,
        histories=histories,
        predictions=Predictions(data.test.names, data.test.labels, probabilities(test.outputs)),
    )


def own_batches(steps: dict[str, np.ndarray]) -> Batches:
    """One's own digit as a data set of one."""
    image = steps["28 x 28"][None, None]
    return Batches(ImageSet(image, np.zeros(1, np.int64), ("own",)), 1, scale=scale_to_one)


def draw(data, drawn: np.ndarray, outputs: np.ndarray, spread: dict, sample: int) -> dict:
    """The figures to post."""
    note = data.info.stand_in
    share = probabilities(outputs)[drawn]
    labels, said = data.test.labels[drawn], share.argmax(axis=1)
    order = np.argsort(said == labels, kind="stable")[:100]  # the mistakes first
    captions = [
        f"{said[i]}: {share[i].max():.2f}" + (f"\n(is {labels[i]})" if said[i] != labels[i] else "") for i in order
    ]
    title = f"The {len(order)} digits drawn: prediction and its probability, mistakes first"
    images = data.test.images[drawn[order]]
    grid = plots.picture_grid(images, captions, (said != labels)[order], columns=10, title=title, subtitle=note)
    counts = np.flatnonzero(spread["seen"])
    span = np.arange(counts[0], counts[-1] + 1)
    bars = plots.histogram_figure(
        span / sample,
        spread["seen"][span],
        f"accuracy on {sample} digits drawn at random",
        expected=spread["chances"][span],
        marks={"all test digits": float((predict_labels(outputs) == data.test.labels).mean())},
        title="How accuracy scatters from draw to draw",
        subtitle=note,
    )
    return {
        "scatter": (f"多次随机抽取{sample}个样本，准确率的分布", bars),
        "digits": ("抽到的样本及其预测（红框为判错）", grid),
    }
