"""Several ways on the same samples: what each comes to over its trainings, and which can be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.metrics import auc, probabilities
from paddle_camp.ways import compare_ways, describe_way, mean_log_odds

LABELS = np.arange(100) % 2


def training(wrong: int, seed: int = 0, held: float = 0.2) -> dict:
    """A training that gets so many samples wrong, other ones with another seed."""
    sign = np.where(LABELS == 1, 1.0, -1.0)
    sign[:wrong] *= -1
    sign = np.roll(sign, 2 * seed) * (1 + 0.01 * np.arange(100))
    logits = np.stack([-sign, sign], 1)
    found = {"accuracy": 1 - wrong / 100, "auc": auc(logits, LABELS), "loss": 0.1, "holdout_loss": held}
    return found | {"outputs": logits.tolist()}


def test_probabilities_are_averaged_as_predict_does():
    trainings = [{"outputs": [[0.0, 4.0]]}, {"outputs": [[0.0, -2.0]]}]
    mean = np.mean([probabilities(np.array(each["outputs"])) for each in trainings], axis=0)
    np.testing.assert_allclose(probabilities(mean_log_odds(trainings)), mean)


def test_a_way_is_the_mean_of_its_trainings():
    found = describe_way([training(4), training(2, 1, held=0.4)], LABELS)
    assert found["accuracy"] == [0.96, 0.98] and found["mean_accuracy"] == pytest.approx(0.97)
    assert found["holdout_loss"] == pytest.approx(0.3) and found["interval"][0] < 0.97 < found["interval"][1]
    assert found["together"]["wrong"] == round(100 * (1 - found["together"]["accuracy"]))
    assert describe_way([training(4)], LABELS)["together"]["wrong"] == 4


def test_ways_are_told_apart_sample_by_sample():
    ways = {"a": [training(3)], "b": [training(3, 1), training(3, 2)], "c": [training(40)]}
    found = compare_ways(ways, LABELS)
    assert list(found) == ["b against a", "c against a", "c against b"]
    assert found["b against a"]["verdict"] == "cannot be told apart"
    assert found["c against a"]["verdict"] == found["c against b"]["verdict"] == "worse"
    assert found["c against a"]["difference"] == pytest.approx(-0.37)
