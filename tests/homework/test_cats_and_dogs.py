"""cats-and-dogs: recipes, sizes, schedules, the three mistakes by hand, crops, a tiny run, one's own pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.cats_and_dogs import experiment as hw
from homework.cats_and_dogs import looking_inside, mistakes, training
from homework.cats_and_dogs.pictures import mirrored
from homework.cats_and_dogs.recipes import mended_augment, plan
from paddle_camp.errors import DataError
from paddle_camp.metrics import probabilities
from paddle_camp.predicting.saved_model import find_saved_model
from tests.helpers import contract
from tests.helpers.class_folders import write_picture
from tests.helpers.predictions import small_run, table
from tests.homework.test_cats_and_dogs_answer import PLAIN_IS_WORSE, compared_grid, schedule_grid

TINY = ("train_pictures=60", "valid_pictures=20", "holdout=0.2", "image_size=32", "crop_size=32", "source_size=40")
TINY += (
    "course_size=32",
    "num_epochs=1",
    "lenet_course_epochs=2",
    "lenet_epochs=1",
    "cnn_course_epochs=1",
    "cnn_epochs=1",
    "course_epochs=1",
)
TINY += (
    "num_seeds=1",
    "compared_pictures=12",
    "compared_epochs=1",
    "probed=2",
    "probe_seeds=1",
    "crop_draws=2",
    "schedule_epochs=4",
)
TINY += ("batch_size=24", "course_batch=24")


def pets(count: int, side: int = 32) -> camp.ImageSet:
    return camp.load_cats_and_dogs("synthetic", image_size=side, counts=(count, 10)).train


def test_every_network_has_its_recipes():
    plans = plan(hw.Settings())
    networks = ("lenet", "simple_cnn", "resnet18")
    assert list(plans) == [f"{name}-{kind}" for name in networks for kind in ("course", "mended")]
    assert plans["lenet-course"].num_epochs == 100 and plans["lenet-course"].crop == 28
    ours, theirs = plans["resnet18-mended"], plans["resnet18-course"]
    assert (ours.size, ours.crop, ours.source, ours.seeds) == (128, 112, 160, 3)
    assert (theirs.size, theirs.crop, theirs.source, theirs.seeds) == (224, 224, 224, 1)
    assert plans["lenet-mended"].create(3)(paddle.randn([2, 3, 28, 28])).shape == [2, 3]
    assert mended_augment(24, hw.Settings())(pets(10).images, np.random.default_rng(0)).shape == (10, 3, 24, 24)


def test_the_schedules_by_hand():
    rates = {n: camp.schedules.simulate(training.build_schedule(n, 1.0, 25), 25) for n in training.SCHEDULES[:4]}
    assert set(rates["constant"]) == {1.0}
    assert rates["step"] == pytest.approx([1.0] * 7 + [0.1] * 7 + [0.01] * 7 + [0.001] * 4)
    assert rates["multistep"] == pytest.approx([1.0] * 15 + [0.1] * 6 + [0.01] * 4)
    assert rates["exponential"][1] == pytest.approx(0.01 ** (1 / 25)) and rates["exponential"][-1] < 0.013
    plateau = training.build_schedule("plateau", 1.0, 25)
    seen = []
    for loss in (0.5, 0.4, 0.4, 0.4, 0.4):
        plateau.step(loss)
        seen.append(float(plateau.last_lr))
    assert seen == pytest.approx([1.0, 1.0, 1.0, 0.1, 0.1])  # the second epoch without a new lowest loss


def test_a_state_without_a_copy_follows_the_network():
    found = mistakes.keep_state(pets(40), pets(60).take(np.arange(40, 60)), 10, 0)
    assert found["shared"] == found["tensors"] > 20
    assert found["moved"]["copy"] == 0 < found["moved"]["reference"]
    assert found["copy"] == pytest.approx(found["losses"][str(found["best"])], abs=1e-6)
    assert found["reference"] == pytest.approx(found["losses"][str(found["last"])], abs=1e-6)
    assert found["best"] <= mistakes.STEPS / 2


def test_a_best_that_is_reset_is_the_last():
    losses = [0.7, 0.4, 0.5, 0.6]
    assert (mistakes.keep_best(losses, False), mistakes.keep_best(losses, True)) == (2, 4)
    found = mistakes.compare_resets({"a": losses})["a"]
    assert found == {"epochs": 4, "best": 2, "kept": 4, "best_loss": 0.4, "kept_loss": 0.6}


def test_a_scheduler_in_front_of_the_optimizer_skips_the_first_rate():
    rates = mistakes.scheduler_first(1.0)
    assert rates["behind"][:8] == pytest.approx([1.0] * 7 + [0.1])
    assert rates["in front"][:8] == pytest.approx([1.0] * 6 + [0.1] * 2)
    judged = mistakes.judge_scheduler(rates)
    assert judged["epochs"] == {"behind": 7, "in front": 6} and judged["differ"]


class Brightness(paddle.nn.Layer):
    """Says dog of pictures whose first pixel is bright."""

    def forward(self, images):
        first = images[:, 0, 0, 0]
        return paddle.stack([-first, first], axis=1)


def test_crops_are_drawn_anew_and_counted_by_picture():
    data = pets(20)
    even = np.where(data.labels[:, None, None, None] == 1, 255, 0) + np.zeros((20, 3, 32, 32), int)
    batches = camp.Batches(replace(data, images=even.astype(np.uint8)), 8)
    found = training.crop_draws(Brightness(), batches, 16, 3, 0, False)
    assert found == {"accuracies": [1.0] * 3, "right": [3] * 20, "changing": 0.0}
    halves = even.copy()
    halves[:, :, :, 16:] = 255 - halves[:, :, :, 16:]  # what is on the left decides, and the right is the opposite
    batches = replace(batches, data=replace(data, images=halves.astype(np.uint8)))
    found = training.crop_draws(Brightness(), batches, 16, 5, 0, False)
    assert found["changing"] > 0.3 and 0 < min(found["right"]) < 5 or min(found["accuracies"]) < 1
    assert found == training.crop_draws(Brightness(), batches, 16, 5, 0, False)
    np.testing.assert_array_equal(mirrored(batches).data.images[..., ::-1], batches.data.images)


def test_a_gradient_arrives_at_every_block():
    part = pets(8)
    inputs, labels = paddle.to_tensor(part.kind.scale(part.images)), paddle.to_tensor(part.labels)
    paddle.seed(0)
    model = camp.create_for("resnet18", part, residual=False)
    found = looking_inside.probe(model, inputs, labels)
    assert len(found) == 9 and all(norm > 0 for norm in found)
    with camp.paddle_operators():
        outputs = model(inputs).numpy()
    at_outputs = (probabilities(outputs) - np.eye(2)[part.labels]) / 8
    assert found[-1] == pytest.approx(np.linalg.norm(at_outputs @ model.fc.weight.numpy().T), rel=1e-3)  # of 1 x 1


def test_what_is_compared_has_its_cost():
    costs = looking_inside.costs_of(pets(10, 128))
    assert abs(costs["resnext"]["multiply_adds"] / costs["residual 18"]["multiply_adds"] - 1) < 0.005


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("cats-and-dogs", tmp_path_factory.mktemp("runs"), TINY)


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "cats-and-dogs", data=True, classifier=True)
    assert len(results["table"]) == 6
    assert set(results["gradients"]) == {f"{kind} {depth}" for kind in ("plain", "residual") for depth in (18, 34)}
    assert len(results["schedules"]["table"]) == 5 and set(results["cost"]) == {"minutes", "goals", "epoch_seconds"}


def test_what_it_publishes_says_what_its_predictions_say(run):
    saved, files = find_saved_model(run)
    valid = camp.load_cats_and_dogs("synthetic", image_size=saved.image_size, counts=(60, 20)).valid
    found = [probabilities(camp.evaluate(each, camp.Batches(valid, 50)).outputs) for each in saved.load(files)]
    rows = contract.rows_of(run / "predictions.csv")
    listed = [[float(row["probability_0"]), float(row["probability_1"])] for row in rows]
    np.testing.assert_allclose(np.mean(found, axis=0), listed, atol=1e-5)
    assert saved.classes == ("cat", "dog") and saved.reader == "pictures"


def folders(root: Path, **counts: int) -> Path:
    """Class folders with so many drawn pictures."""
    for seed, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True)
        for number in range(count):
            write_picture(root / name / f"{number}.png", 100 * seed + number)
    return root


def test_pictures_of_ones_own_and_predict_names_their_classes(tmp_path, monkeypatch):
    """Only LeNet is trained; what is compared stands in the tiny run."""
    own = folders(tmp_path / "own", bus=16, car=16, tram=16)
    whole, nets = hw.plan, (compared_grid(PLAIN_IS_WORSE, {}, 1), schedule_grid({}, 2))
    monkeypatch.setattr(hw, "plan", lambda settings: {n: p for n, p in whole(settings).items() if p.model == "lenet"})
    monkeypatch.setattr(hw, "compare", lambda *arguments: nets)
    settings = (*TINY[2:], "num_seeds=2", f"folder={own}")
    folder = small_run("cats-and-dogs", tmp_path / "runs", settings)
    text = (folder / "answer.md").read_text(encoding="utf-8")
    assert "自己的图片（类别：bus、car、tram）" in text and "与目标比" not in text
    saved, files = find_saved_model(folder)
    assert saved.classes == ("bus", "car", "tram") and len(files) == 2
    rows = table(tmp_path, folder, own / "car")
    assert len(rows) == 16 and all(said in saved.classes and len(p) == 3 for said, p in rows.values())


def test_bad_pictures_of_ones_own_are_one_line(tmp_path):
    def refused(says: str, root: Path) -> None:
        contract.refused("cats-and-dogs", tmp_path, says, *TINY, f"folder={root}", kind=DataError)

    refused("nowhere", tmp_path / "nowhere")
    refused("1 class folders where 2 or more belong", folders(tmp_path / "one", bus=4))
    refused("car", folders(tmp_path / "empty", bus=4, car=0))
    broken = folders(tmp_path / "broken", bus=4, car=4)
    (broken / "car" / "1.png").write_bytes(b"no picture")
    refused("1.png", broken)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("image_size=16", "image_size=16: the networks need at least 32 pixels"),
        ("lenet_size=20", "lenet_size=20: LeNet needs at least 28 pixels"),
        ("holdout=1.5", "holdout=1.5: give a share between 0 and 1"),
        ("schedule_model=nothing", "there is no model 'nothing'"),
        ("train_pictures=4", "leaves one part empty"),
    ],
)
def test_wrong_settings_are_one_line(override, says, tmp_path):
    contract.refused("cats-and-dogs", tmp_path, says, override)


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("cats-and-dogs", tmp_path, "--quick", "--data", "synthetic")
    contract.check(folder, "cats-and-dogs", data=True, classifier=True)
