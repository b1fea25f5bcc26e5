"""作业5-1 Test accuracy on 100 digits drawn at random, and one's own handwriting

The camp's question: 随机抽取100个测试样本，测试模型的准确率。 (The source also shows students whose own digit failed.)

A network is trained on the digits (or its weights are given: `-o weights=FILE.pdparams`), 100 test digits are drawn
with a seed that is recorded, and their accuracy is reported with a binomial confidence interval (Wilson, 1927). How
far such an accuracy can be off is shown by drawing again and again: the accuracies of many draws scatter around the
accuracy on all test digits as the hypergeometric distribution says. Two networks on the same digits are paired: what
tells them apart are the digits that one alone gets right (McNemar's test), not two intervals. `--image FILE` puts
one's own digit through the same preprocessing as MNIST's, drawn step by step.

Expect, with the full settings on the real digits (2 cores of an AMD EPYC): see docs/results.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import paddle
from paddle import nn
from scipy import stats

import paddle_camp as camp
from homework.hw5_1_test_accuracy.figures import draw, draw_own
from paddle_camp.data.pictures.own_digit import prepare_digit
from paddle_camp.noise import smallest_difference


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


def measure_sample(
    model: nn.Layer, batches: camp.Batches, sample: int, seed: int
) -> tuple[dict, np.ndarray, np.ndarray]:
    """Draw ``sample`` of the N test digits: (results, whether each of the N is right, their probabilities [N, 10])."""
    test = camp.evaluate(model, batches)
    right, shares = camp.metrics.correct(test.outputs, test.labels), camp.metrics.probabilities(test.outputs)
    drawn = np.sort(np.random.default_rng([seed, 0]).choice(len(right), sample, replace=False))
    results = {"drawn": drawn.tolist(), "right": int(right[drawn].sum()), "accuracy_all": float(right.mean())}
    results["interval"] = camp.comparisons.share_interval(results["right"], sample)
    results["verdict"] = camp.comparisons.verdict_of(results["interval"], results["accuracy_all"])
    return results, right, shares


def classify_own(model: nn.Layer, steps: dict[str, np.ndarray]) -> dict:
    """What the network takes one's own digit for; ``steps`` are those of ``prepare_digit``, the last one is 28 x 28."""
    picture = camp.DIGITS.scale(steps["28 x 28"].reshape(1, 1, 28, 28))  # in the range of the training digits
    share = camp.metrics.probabilities(camp.evaluate(model, (picture, np.zeros(1, np.int64))).outputs)[0]
    found = {"digit": int(share.argmax()), "probability": float(share.max()), "all": share.tolist()}
    return found | {"sure": bool(share.max() >= 0.9), "steps": list(steps)}


def fewest_one_sided(sample: int) -> int | None:
    """How many of ``sample`` digits one network alone must get right to be the better one, if the other has none."""
    mcnemar = camp.comparisons.mcnemar
    return next((n for n in range(sample + 1) if mcnemar(n, 0)["verdict"] == "better"), None)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    steps = prepare_digit(settings.image) if settings.image else {}  # a wrong file is found before any training
    data, sets = context.load_parts(camp.load_mnist, settings)
    sample, total = settings.sample, len(data.test)
    camp.require(sample <= total, f"sample={sample}: there are {total} test digits")
    model, histories = get_model(settings, context, sets)
    results, right, shares = measure_sample(model, sets["test"], sample, context.seed)
    spread = scatter(right, sample, settings.draws, context.seed)
    results |= {key: spread[key] for key in ("std", "expected_std", "range")}
    results["smallest_difference"] = smallest_difference(spread["expected_std"])
    results["fewest_one_sided"] = fewest_one_sided(sample)
    figures = draw(data.test, np.array(results["drawn"]), shares, spread, results["accuracy_all"])
    if steps:
        results["own"] = own = classify_own(model, steps)
        figures = {"own": ("自己手写的数字：逐步预处理", draw_own(steps, own))} | figures
    epochs = sum(len(history.split("train")) for history in histories.values())  # fewer than asked for with patience
    return camp.Answer(
        title=f"作业5-1:随机抽取{sample}个测试样本的准确率",
        results=results,
        values={"test": total, "epochs": epochs, "code": camp.code_of(measure_sample, classify_own)},
        figures=figures,
        histories=histories,
        predictions=camp.Predictions.of_shares(data.test, shares),
    )
