"""steering: target, split, errors and trips by hand, a tiny run, and what predict makes of its weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.steering import baseline, closed_loop, seeing, training, verdicts
from homework.steering import experiment as hw
from paddle_camp.data.drives.loading import load_driving
from paddle_camp.data.drives.road import HALF, SPEED, TICK
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.preprocessing import ROADS
from tests.helpers import contract
from tests.helpers.drive_files import write_udacity
from tests.helpers.predictions import small_run

TINY = ("train_pictures=48", "valid_pictures=22", "test_pictures=22", "num_epochs=1", "num_seeds=1", "final_seeds=2")
TINY += ("road_pictures=16", "road_epochs=1", "road_seeds=1", "roads=2", "road_ticks=4", "batch_size=32")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("steering", tmp_path_factory.mktemp("runs"), TINY)


def made(angles, blocks=None, smooth=None):
    """Pictures that say their angle by their brightness."""
    angles = np.array(angles, np.float32)
    images = np.broadcast_to((100 + 100 * angles[:, None, None, None]).astype(np.uint8), (len(angles), *ROADS.shape))
    pairs = np.stack([angles, angles / 2 if smooth is None else smooth], axis=1)
    names = tuple(map(str, range(len(angles))))
    return camp.ImageSet(images.copy(), pairs, names, tuple(blocks or ["a"] * len(angles)), ROADS)


def test_the_target_is_a_mixture_of_both_angles():
    part = made([1.0, -0.5])
    for share, expected in ((0.0, [1, -0.5]), (1.0, [0.5, -0.25]), (0.5, [0.75, -0.375])):
        np.testing.assert_allclose(training.with_target(part, share).labels, expected)


def test_a_change_changes_settings_that_there_are_and_nothing_else():
    for name, change in training.CHANGES.items():
        there = replace(hw.Settings(), **change)
        differing = {key for key in vars(there) if getattr(there, key) != getattr(hw.Settings(), key)}
        assert differing == set(change), name


def test_half_of_the_held_out_pictures_are_trained_on_and_the_others_asked():
    train, valid = made(np.linspace(-1, 1, 30)), made(np.linspace(0, 1, 10))
    valid = replace(valid, names=tuple(f"v{i}" for i in range(10)))
    leaky, asked = training.seen_and_asked(train, valid, 0)
    assert len(leaky) == len(train) and asked.tolist() == [False, True] * 5
    seen = [name for name in leaky.names if name.startswith("v")]
    assert seen == ["v0", "v2", "v4", "v6", "v8"] and len(set(leaky.names)) == 30


def test_joined_sets_leave_out_what_is_not_there():
    one, other = made([0.1]), made([0.2, 0.3], ["b", "b"])
    both = training.joined(one, None, other)
    assert both.groups == ("a", "b", "b") and len(both.images) == 3
    np.testing.assert_allclose(both.labels[:, 0], [0.1, 0.2, 0.3])


def test_ridge_regression_reads_brightness():
    part = made(np.linspace(-1, 1, 60))
    found = baseline.ridge_angles(part, part, {"test": part})
    assert np.abs(found["test"] - part.labels).max() < 0.02 and found["penalty"] == 1.0
    assert baseline.features_of(part.images).shape == (60, 880)


def test_a_piece_of_a_drive_counts_once():
    values = np.arange(50.0)
    pieces = verdicts.pieces(values, ["a"] * 25 + ["b"] * 25)
    assert pieces.tolist() == [9.5, 22.0, 34.5, 47.0]
    part = made([0.0] * 40)
    assert verdicts.errors([0.5] * 40, part) == {"raw": 0.25, "smooth": 0.25}
    both = np.stack([np.full(40, 0.5), np.zeros(40)], axis=1)
    assert verdicts.errors(both, part) == {"raw": 0.25, "smooth": 0.0}


def test_the_test_pictures_are_said_beside_the_baselines():
    rng = np.random.default_rng(0)
    truth = np.clip(rng.normal(0, 0.5, 120), -1, 1)
    part = made(truth, smooth=truth)
    final = [{"test": (truth + shift).tolist()} for shift in (0.1, -0.1)]
    noisy = np.stack([truth + rng.normal(0, 0.5, 120)] * 2, axis=1)
    found = verdicts.judge_test(final, {"constant": np.zeros((120, 2)), "ridge": noisy}, part)
    assert found["together"]["raw"] == pytest.approx(0, abs=1e-12)
    assert found["each"]["raw"] == pytest.approx([0.01, 0.01])
    assert found["against"]["smooth"]["verdict"] == "better" and found["jitter"] == 0
    assert found["correlation"] == pytest.approx(1)
    worse = verdicts.judge_test([{"test": noisy[:, 0].tolist()}], {"constant": noisy, "ridge": noisy * 0}, part)
    assert worse["constant"] == worse["together"]


def test_a_leak_is_what_neighbours_gain_on_the_same_pictures():
    truth = np.tile(np.linspace(-1, 1, 20), 8)
    valid = made(truth, smooth=truth)
    far, near = (truth + 0.4 * np.sign(np.sin(np.arange(160))), truth + 0.05)
    ridge = {"recipe": np.stack([far] * 2, 1), "neighbours seen": np.stack([near] * 2, 1)}
    cells = {
        "recipe": [{"valid": far.tolist(), "test": truth.tolist()}],
        "neighbours seen": [{"valid": near.tolist(), "test": truth.tolist()}],
    }
    asked = np.arange(160) % 2 == 1
    parts = {"valid": valid, "test": valid}
    found = verdicts.judge_leak(cells, ridge, parts, asked)
    assert found["pictures"] == 80 and found["against"]["verdict"] == "better"
    assert found["picture"]["mean"] == pytest.approx(0.0025) and found["block"]["mean"] == pytest.approx(0.16, abs=1e-6)
    assert found["block"]["ridge"] == pytest.approx(0.16, abs=1e-6)
    assert found["block"]["test"] == pytest.approx(0, abs=1e-9)
    back = {"recipe": cells["neighbours seen"], "neighbours seen": cells["recipe"]}
    assert verdicts.judge_leak(back, ridge, parts, asked)["against"]["verdict"] == "worse"


def test_changes_are_compared_with_the_same_seeds():
    truth = np.tile(np.linspace(-1, 1, 20), 8)
    valid = made(truth, smooth=truth)
    recipe = [{"valid": truth.tolist()}, {"valid": (truth + 9).tolist()}]  # the second seed is not compared with
    off = truth + 0.3 + 0.1 * np.repeat(np.arange(8), 20)
    changes = {"worse": [{"valid": off.tolist()}], "same": [{"valid": truth.tolist()}], "burst": [{"diverged": 3}]}
    found = verdicts.judge_changes(recipe, changes, valid)
    assert found["burst"] is None and found["worse"]["verdict"] == "worse"
    assert found["same"]["verdict"] == "cannot be told apart" and found["same"]["own"]["smooth"] < 1e-9


def test_errors_by_angle():
    part = made([-1.0, -0.9, 0.0, 0.0, 0.3, 1.0])
    rows = verdicts.judge_by_angle(np.zeros(6), part)
    assert [(row["low"], row["count"]) for row in rows] == [(-1.0, 2), (-0.02, 2), (0.2, 1), (0.6, 1)]
    assert rows[-1]["error"] == 1.0 and rows[0]["driver"] == pytest.approx(-0.95) and rows[0]["network"] == 0


class Brightness(paddle.nn.Layer):
    """It looks at the left upper corner, and at nothing else."""

    def __init__(self):
        super().__init__()
        self.features = paddle.nn.Sequential(paddle.nn.MaxPool2D(2), paddle.nn.MaxPool2D(2))

    def forward(self, images):
        return images[:, :1, :20, :40].mean(axis=[2, 3])


def test_what_takes_part_lights_up_and_counts():
    images = np.full((4, *ROADS.shape), 40, np.uint8)
    images[:2, :, :20, :40] = 220  # two pictures with a light corner, two with a light middle
    images[2:, :, 30:50, 100:140] = 220
    part = camp.ImageSet(images, np.zeros((4, 2), np.float32), ("a", "b", "c", "d"), kind=ROADS)
    heat = seeing.visual_backprop(Brightness(), ROADS.scale(images))
    assert heat.shape == (4, 66, 200) and heat.max() == 1 and heat.min() == 0
    assert heat[0, 5:15, 5:35].mean() > 0.9 > 0.1 > heat[0, 40:, 100:].mean()
    found = seeing.judge_seeing(Brightness(), part)
    assert found["own"] > found["other"] * 0.5 and found["pictures"] == 4
    blurred = seeing.erased(images, heat)
    assert (blurred[0, :, 60:] == images[0, :, 60:]).all() and (blurred[0] != images[0]).any()


def test_the_ideal_driver_comes_home_and_a_blind_one_does_not():
    settings = replace(hw.Settings(), roads=2, road_ticks=120, road_noise=0.0)
    home = closed_loop.trips(closed_loop.ideal, settings)
    assert [trip["left"] for trip in home] == [False, False]
    assert [trip["metres"] for trip in home] == pytest.approx([120 * SPEED * TICK] * 2)
    blind = closed_loop.trips(lambda seen, cars, roads: np.zeros(len(cars)), settings)
    assert all(trip["left"] and abs(trip["deviations"][-1]) > HALF for trip in blind)
    assert all(len(trip["places"]) == len(trip["deviations"]) < 120 for trip in blind)
    assert closed_loop.ask(closed_loop.ideal)[0] > 0.2 and closed_loop.ask(closed_loop.ideal)[-1] < -0.2


def test_trips_are_counted_over_roads_and_networks():
    far = {"metres": 320.0, "left": False, "deviations": [0.1, -0.1], "places": []}
    near = {"metres": 40.0, "left": True, "deviations": [1.0, 2.2], "places": []}

    def network(trips, slope, error):
        return {"trips": trips, "asked": (slope * closed_loop.OFFSETS).tolist(), "error": error}

    steady = [network([far, far | {"metres": 300.0}], -0.3 + 0.01 * k, 0.002) for k in (-1, 0, 1)]
    lost = [network([near, near | {"metres": 60.0 + k}], 0.0, 0.001) for k in range(3)]
    found = verdicts.judge_road({"centre": lost, "three": steady}, steady[0], 400)
    assert found["metres"]["verdict"] == found["nearer"]["verdict"] == "better"
    assert found["three"]["slope"] == pytest.approx(-0.3) and found["centre"]["slope"] == pytest.approx(0, abs=1e-9)
    assert (found["centre"]["left"], found["centre"]["trips"], found["centre"]["first"]) == (6, 6, 40.0)
    assert found["three"]["first"] is None and found["centre"]["deviation"] == pytest.approx(1.6)
    back = verdicts.judge_road({"centre": steady, "three": lost}, steady[0], 400)
    assert back["metres"]["verdict"] == "worse" and back["answers"]["verdict"] == "worse"


def test_both_networks_of_the_road_take_as_many_steps():
    settings = replace(hw.Settings(), road_pictures=8)
    drives = closed_loop.recordings(settings)
    assert len(drives["three"]) == 3 * len(drives["centre"]) == 24 and len(drives["measured"]) == 4
    left = drives["three"].labels[8:16]
    np.testing.assert_allclose(left, np.clip(drives["centre"].labels + settings.road_correction, -1, 1), atol=1e-6)


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "steering", data=True)
    assert list(results["changes"]) == list(training.CHANGES) and len(results["test"]["each"]["raw"]) == 2
    assert results["road"]["three"]["trips"] == 2 and results["leak"]["pictures"] == 11
    rows = contract.rows_of(run / "angles.csv")
    test = load_driving("synthetic", counts=(48, 22, 22)).test
    assert [row["sample"] for row in rows] == list(test.names)
    said = np.array([float(row["prediction"]) for row in rows])
    assert results["test"]["together"]["raw"] == pytest.approx(np.mean((said - test.labels[:, 0]) ** 2))
    headline = contract.metrics_of(run)["headline"]
    assert headline["name"] == "mse" and headline["interval"][0] <= headline["value"] <= headline["interval"][1]


def test_predict_says_what_the_run_said(run):
    saved, files = find_saved_model(run)
    assert (saved.model, saved.reader, saved.crop) == ("pilot_net", "roads", (0.0, 0.0)) and len(files) == 2
    test = load_driving("synthetic", counts=(48, 22, 22)).test
    said = np.mean([training.angles_of(network, test) for network in saved.load(files)], axis=0)
    rows = contract.rows_of(run / "angles.csv")
    np.testing.assert_allclose(said, [float(row["prediction"]) for row in rows], atol=1e-6)


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("steering", tmp_path, "--quick", "--data", "synthetic")
    results = contract.check(folder, "steering", data=True)
    assert results["test"]["together"]["smooth"] < results["test"]["constant"]["smooth"]


@pytest.mark.slow
def test_a_drive_of_the_simulator(tmp_path):
    write_udacity(tmp_path / "drive", 40, header=False)
    small = [argument for setting in TINY for argument in ("-o", setting)]
    folder, _ = contract.run("steering", tmp_path / "runs", "--data-dir", str(tmp_path / "drive"), *small)
    contract.check(folder, "steering")
    assert find_saved_model(folder)[0].crop == (0.375, 0.15625)


def test_wrong_settings_are_one_line(tmp_path):
    for wrong, says in (
        ("change_seeds=3", "change_seeds=3: compared with as many of"),
        ("crop_top=0.2", "crop_top and crop_bottom go together"),
        ("class_weights=balanced", "an angle is no class"),
        ("smooth_share=2", "smooth_share=2"),
        ("source=tesla", "source=tesla: there are donkey, udacity"),
    ):
        contract.refused("steering", tmp_path, says, *TINY, wrong)
