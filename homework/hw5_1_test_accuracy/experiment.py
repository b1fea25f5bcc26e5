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

import numpy as np
import paddle
from paddle import nn
from scipy import stats

import paddle_camp as camp
from paddle_camp.data.pictures.own_digit import prepare_digit


@dataclass(frozen=True)
class Settings(camp.FitSettings, camp.DigitSettings):
    """Hyper-parameters."""

    model: camp.ModelName = "two_conv_net"  # the course's network for digits; any name of the zoo that takes 28 x 28
    weights: camp.File | None = None  # a .pdparams file of that network; None: train it
    learning_rate: camp.Rate = 0.001  # Adam
    batch_size: camp.Count = 100  # digits
    num_epochs: camp.Count = 3
    holdout: camp.Share = 1 / 6  # share of the training digits (10,000 of 60,000) held out for the `best` weights
    sample: camp.Count = 100  # the question's: test digits drawn
    draws: camp.Count = 10_000  # how often such a sample is drawn to see the scatter
    image: camp.File | None = None  # a picture of one's own digit (also --image FILE)


QUICK = replace(Settings(), num_epochs=4, batch_size=50, draws=2000, train_pictures=1200, test_pictures=300)


def get_model(settings: Settings, context: camp.Context, sets: dict[str, camp.Batches]) -> tuple[nn.Layer, dict]:
    """The network, trained or with the given weights, and the history of its training."""
    paddle.seed(context.seed)
    model = camp.create_for(settings.model, camp.DIGITS, pretrained=settings.weights)
    camp.check_input(settings.model, sets["test"].data, model)
    if settings.weights is not None:
        return model, {}
    optimizer = paddle.optimizer.Adam(settings.learning_rate, parameters=model.parameters())
    options = {"evaluations": {"holdout": sets["holdout"]}, "name": settings.model}
    keep = camp.CheckpointPolicy(context.checkpoints / "model", best_on="holdout")
    options |= {"keep": keep} | settings.fit_options | context.fit_options
    history = camp.fit(model, optimizer, sets["train"], **options)
    context.publish(keep.folder, camp.SavedModel.usual(settings.model, "digits"))
    return model, {settings.model: history}


def scatter(right: np.ndarray, sample: int, draws: int, seed: int) -> dict:
    """Accuracies of ``draws`` samples without replacement, and the hypergeometric distribution that they follow."""
    total, good, numbers = len(right), int(right.sum()), np.arange(sample + 1)
    rng = np.random.default_rng([seed, 1])
    counts = rng.hypergeometric(good, total - good, sample, size=draws)  # the law of drawing digits without replacement
    chances = stats.hypergeom.pmf(numbers, total, good, sample)
    return {
        "seen": np.bincount(counts, minlength=sample + 1) / draws,
        "chances": chances,
        "std": float(np.std(counts / sample)),
        "expected_std": float(np.sqrt(chances @ (numbers / sample - good / total) ** 2)),
        "range": [int(count) / sample for count in np.quantile(counts, (0.025, 0.975))],
    }


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    steps = prepare_digit(settings.image) if settings.image else {}  # a wrong file is found before any training
    data, sets = context.load_parts(camp.load_mnist, settings)
    sample, total = settings.sample, len(data.test)
    camp.require(sample <= total, f"sample={sample}: there are {total} test digits")
    model, histories = get_model(settings, context, sets)
    test = camp.evaluate(model, sets["test"])
    right, shares = camp.metrics.correct(test.outputs, test.labels), camp.metrics.probabilities(test.outputs)
    drawn = np.sort(np.random.default_rng([context.seed, 0]).choice(total, sample, replace=False))
    spread, accuracy = scatter(right, sample, settings.draws, context.seed), float(right.mean())
    results = {"drawn": drawn.tolist(), "right": int(right[drawn].sum()), "accuracy_all": accuracy}
    results["interval"] = interval = camp.comparisons.share_interval(results["right"], sample)
    results["verdict"] = camp.comparisons.verdict_of(interval, accuracy)
    results |= {key: spread[key] for key in ("std", "expected_std", "range")}
    results["smallest_difference"] = camp.comparisons.smallest_difference(spread["std"])
    figures = draw(data.test, drawn, shares, spread, accuracy)
    if steps:
        own = camp.DIGITS.scale(steps["28 x 28"][None, None]), np.zeros(1, np.int64)
        share = camp.metrics.probabilities(camp.evaluate(model, own).outputs)[0]
        results["own"] = {"digit": int(share.argmax()), "probability": float(share.max()), "all": share.tolist()}
        title = f"Your digit is taken for a {share.argmax()} (probability {share.max():.2f})"
        figures = {"own": ("自己手写的数字：逐步预处理", camp.plots.steps_figure(steps, title=title))} | figures
    return camp.Answer(
        title=f"作业5-1:随机抽取{sample}个测试样本的准确率",
        results=results,
        values={"test": total},
        figures=figures,
        histories=histories,
        predictions=camp.Predictions(data.test.names, data.test.labels, shares),
    )


def draw(test: camp.ImageSet, drawn: np.ndarray, shares: np.ndarray, spread: dict, accuracy: float) -> dict:
    """The figures to post."""
    sample, share, labels = len(drawn), shares[drawn], test.labels[drawn]
    said, wrong = share.argmax(axis=1), share.argmax(axis=1) != labels
    order = np.argsort(~wrong, kind="stable")[:100]  # the mistakes first
    captions = [f"{said[i]}: {share[i].max():.2f}" + (f"\n(is {labels[i]})" if wrong[i] else "") for i in order]
    title = f"The {len(order)} digits drawn: prediction and its probability, mistakes first"
    grid = camp.plots.picture_grid(test.images[drawn[order]], captions, wrong[order], columns=10, title=title)
    seen = np.flatnonzero(spread["seen"])
    span = np.arange(seen[0], seen[-1] + 1)
    words = {"xlabel": f"accuracy on {sample} digits drawn at random", "marks": {"all test digits": accuracy}}
    words["title"] = "How accuracy scatters from draw to draw"
    shown = {"shares": spread["seen"][span], "expected": spread["chances"][span]}
    bars = camp.plots.histogram_figure(span / sample, **shown, **words)
    return {
        "scatter": (f"多次随机抽取{sample}个样本，准确率的分布", bars),
        "digits": ("抽到的样本及其预测（红框为判错）", grid),
    }
