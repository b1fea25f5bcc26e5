"""Labels and targets as people hand them over: the same training, or one line that says what is wrong."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.errors import SettingError
from paddle_camp.training.fit import fit_task
from paddle_camp.training.losses import regression_loss
from paddle_camp.training.tasks import Regression
from tests.helpers.toys import toy_images, without_times
from tests.helpers.trainings import train


def test_labels_in_a_column_give_the_same():
    data = toy_images()
    images = data.images.astype("float32") / 127.5 - 1
    found = []
    for labels in (data.labels, data.labels[:, None]):
        batches = ArrayBatches(images, labels, 5, shuffle_seed=0)
        _, _, history = train(batches=batches, evaluations={"holdout": batches})
        found.append(without_times(history.evaluations))
    assert found[0] == found[1] and found[0][-1]["accuracy"] > 0.5


def test_float_labels_are_named():
    with pytest.raises(SettingError, match="give loss_fn=regression_loss"):
        train(batches=ArrayBatches(np.zeros((4, 3, 8, 8), "float32"), np.zeros(4, "float32"), 2))
    with pytest.raises(SettingError, match=r"outputs of shape \[4, 2\] and targets of shape \[4\]"):
        regression_loss(paddle.zeros([4, 2]), paddle.zeros([4]))


def test_a_column_and_a_row_of_targets_are_not_broadcast():
    outputs, targets = paddle.to_tensor([[1.0], [2.0], [4.0]]), paddle.to_tensor([1.0, 2.0, 3.0])
    assert float(regression_loss(outputs, targets)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_labels_of_any_whole_kind_are_classes(dtype):
    data = toy_images()
    images = data.images.astype("float32") / np.float32(127.5) - np.float32(1)
    found = []
    for labels in (data.labels, data.labels.astype(dtype)):
        _, _, history = train(batches=(images, labels), evaluations=(images, labels), batch_size=5)
        found.append(without_times(history.evaluations))
    assert found[0] == found[1]


@pytest.mark.parametrize("wrong", [7, -1])
def test_a_label_that_is_no_class_is_named(wrong):
    data = toy_images()
    images = data.images.astype("float32")
    labels = data.labels.copy()
    labels[3] = wrong
    with pytest.raises(
        SettingError, match=rf"label {wrong}: the network has 2 outputs, so labels are 0 to 1"
    ) as caught:
        train(batches=(images, labels), evaluations=None)
    assert "\n" not in str(caught.value)


def test_regression_on_whole_numbers_measures_the_error():
    x = np.arange(20, dtype="float32")[:, None]
    model = nn.Linear(1, 1)
    task = Regression(model, paddle.optimizer.SGD(0.0001, parameters=model.parameters()))
    history = fit_task(task, (x, np.arange(20)), num_epochs=1, evaluations=(x, np.arange(20)), quiet=True)
    assert "accuracy" not in history.last("validation") and history.last("validation")["mean_absolute_error"] > 0
