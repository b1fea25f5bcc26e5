"""traffic-signs: tracks, leak, mirror and pairs by hand, tiny runs, and what predict makes of their weights."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import paddle_camp as camp
from homework.traffic_signs import baseline, training, verdicts
from homework.traffic_signs import experiment as hw
from homework.traffic_signs.names import CHINESE
from paddle_camp.data.traffic_signs.loading import load_traffic_signs
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.preprocessing import SIGN_NAMES
from tests.helpers import contract
from tests.helpers.predictions import small_run, table

# Two tracks of each sign: 43 x 2 x 5.
TINY = ("train_pictures=430", "test_pictures=86", "width=4", "num_epochs=1", "num_seeds=2", "holdout=0.5")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("traffic-signs", tmp_path_factory.mktemp("runs"), TINY)


def signs(counts=(430, 43)):
    return load_traffic_signs("synthetic", counts=counts)


def test_both_splits_are_as_large_and_only_one_keeps_tracks_apart():
    data = signs()
    splits = hw.split_both_ways(replace(hw.Settings(), holdout=0.5), data, seed=0)
    (rest, held), (other, parted) = splits["track"], splits["picture"]
    assert len(held) == len(parted) == 215 and len(rest) == len(other)
    assert not set(rest.groups) & set(held.groups) and set(other.groups) & set(parted.groups)


def test_a_row_changes_one_setting_and_changes_it_back_where_it_is_changed_already():
    settings = hw.Settings()
    for name, change in training.CHANGES.items():
        there = training.changed(settings, name)
        differing = {key for key in vars(settings) if getattr(settings, key) != getattr(there, key)}
        assert differing == set(change)
    part = signs((43, 43)).test
    assert training.as_scaled(part, "no contrast").kind.scale(part.images).max() <= 1
    assert training.as_scaled(part, training.RECIPE) is part
    assert training.changed(settings, training.RECIPE) == training.changed(settings, training.BY_PICTURE) == settings
    assert not training.changed(replace(settings, transformer=True), "transformer").transformer


def test_nothing_is_mirrored_unless_it_is_asked_for():
    images = np.zeros((8, 3, 32, 32), np.uint8)
    images[..., :8] = 200  # light on the left
    plain = replace(hw.Settings(), warps=False, light=False, erasing=False)
    assert training.augmentation(plain) is None
    changed = training.augmentation(hw.Settings())(images, np.random.default_rng(0))
    assert (changed[..., :4].mean((1, 2, 3)) > changed[..., -4:].mean((1, 2, 3)) + 50).all()
    mirrored = training.augmentation(replace(plain, mirror=True))(images, np.random.default_rng(0))
    assert 0 < (mirrored[..., -8:] == 200).all((1, 2, 3)).sum() < 8


def test_the_baseline_knows_shapes_and_colours():
    data = signs((430, 86))
    found = baseline.measure_baseline({"test": (data.train, data.test)})
    assert 10 / 43 < found["test"] <= 1  # guessing: 1/43
    assert baseline.features_of(data.test.images[:2]).shape == (2, 49 * 36 + 48)
    edge = np.zeros((1, 3, 32, 32))
    edge[..., 16:] = 1  # a gradient from left to right, of direction 0
    cells = baseline.histograms(edge).reshape(7, 7, 4, 9)
    assert (cells[..., 1:] == 0).all() and cells[0, 3, :, 0] == pytest.approx(0.5, abs=1e-3)
    assert (baseline.histograms(edge.transpose(0, 1, 3, 2)).reshape(7, 7, 4, 9)[3, 3].argmax(axis=-1) == 4).all()
    larger = np.kron(data.test.images[:2], np.ones((1, 1, 2, 2), np.uint8))
    np.testing.assert_allclose(baseline.features_of(larger), baseline.features_of(data.test.images[:2]), atol=1e-6)


def test_a_track_counts_once():
    values = np.array([1, 0, 1, 1, 1, 1.0])
    assert verdicts.by_track(values, ("b", "b", "a", "a", "a", "c")).tolist() == [1, 0.5, 1]


def shares_of(said, classes=5, sure=0.8):
    """Probabilities ``[N, K]`` with these most probable classes."""
    shares = np.full((len(said), classes), (1 - sure) / (classes - 1))
    shares[np.arange(len(said)), said] = sure
    return shares


def test_the_hardest_pairs_count_both_directions():
    labels = np.array([0, 0, 1, 1, 2, 2, 3])
    first, second = [0, 1, 0, 1, 4, 2, 3], [1, 1, 1, 1, 2, 2, 3]
    rows = verdicts.hardest_pairs(np.stack([shares_of(first), shares_of(second)]), labels, 3)
    assert rows == [{"labels": [0, 1], "mistakes": 2.0}, {"labels": [2, 4], "mistakes": 0.5}]
    assert verdicts.hardest_pairs(shares_of(labels)[None], labels, 3) == []


def test_what_a_mirror_does_is_what_the_networks_say():
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    cells = [{"mirrored": [0, 0, 2, 2, 1, 4, 0, 1]}, {"mirrored": [0, 0, 2, 2, 1, 1, 2, 4]}]
    found = verdicts.judge_mirror(cells, labels)
    assert found["kept"] == [0] and found["lost"] == [3]
    assert found["turned"] == [{"label": 1, "into": 2, "share": 1.0}, {"label": 2, "into": 1, "share": 0.75}]


@pytest.mark.parametrize(("sign", "verdict"), [(1, "better"), (-1, "worse")])
def test_whether_wrong_pictures_are_small(sign, verdict):
    sizes = np.arange(15, 115)
    right = sign * sizes > sign * (25 if sign > 0 else 105)
    found = verdicts.judge_quarters(sizes, right)
    assert found["verdict"] == verdict and (found["area"] > 0.5) == (sign > 0)
    assert [row["count"] for row in found["rows"]] == [25] * 4
    assert found["rows"][0]["low"] == 15 and found["rows"][-1]["high"] == 114
    assert found["rows"][0 if sign > 0 else -1]["accuracy"] < 1


def test_quarters_of_one_value_and_of_no_mistake():
    found = verdicts.judge_quarters(np.full(8, 30), np.ones(8, bool))
    assert [row["count"] for row in found["rows"]] == [8]
    assert (found["area"], found["interval"], found["verdict"]) == (None, None, "cannot be told apart")


def test_threshold_and_temperature_come_from_held_out_pictures():
    """The test pictures' labels change what is reported, never what is chosen."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    said = np.where(rng.random(400) < 0.9, labels, (labels + 1) % 5)
    held = shares_of(said) * rng.uniform(0.9, 1.0, (400, 1))
    held[:, 0] += 1 - held.sum(axis=1)
    one, other = (verdicts.judge_sure(held, labels, held, each, 0.9) for each in (labels, (labels + 1) % 5))
    assert one["threshold"] == other["threshold"] and one["temperature"] == other["temperature"]
    assert one["held"] == other["held"] and one["test"]["accuracy"] >= 0.9 > other["test"]["accuracy"]
    assert other["reached"] == "worse"
    none = verdicts.judge_sure(held, (labels + 2) % 5, held, labels, 0.9)
    assert none["threshold"] is None and "test" not in none


def cell(wrong, held, seconds=60.0):
    """A training that gets these held-out pictures wrong."""
    said = np.array(held.labels)
    said[list(wrong)] = (said[list(wrong)] + 1) % 43
    return {"held": {"plain": shares_of(said, 43), "averaged": shares_of(said, 43)}, "seconds": seconds}


def test_changes_are_compared_track_by_track():
    held = signs().split_by_track(0.5, 0)[1]
    recipe = [cell([], held), cell([], held)]
    whole_track = [i for i, track in enumerate(held.groups) if track == held.groups[0]]
    changes = {"one": [cell(whole_track, held)], "many": [cell(range(0, 120), held)], "burst": [{"diverged": 3}]}
    found = verdicts.judge_changes(recipe, changes, held)
    assert found["burst"] is None and found["one"]["verdict"] == "cannot be told apart"  # five pictures, one track
    assert found["many"]["verdict"] == "worse" and found["many"]["recipe"] == 1.0
    assert found["one"]["accuracies"] == [1 - len(whole_track) / len(held)]


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "traffic-signs", data=True, classifier=True)
    assert [len(results["splits"][name]["plain"]) for name in ("track", "picture")] == [2, 2]
    assert list(results["changes"]) == list(training.CHANGES) and len(results["final"]["plain"]["accuracies"]) == 2
    assert results["splits"]["track"]["pictures"] == 215


def test_predict_serves_it_with_the_names_of_the_signs(run, tmp_path):
    saved, files = find_saved_model(run)
    assert (saved.model, saved.reader, saved.classes) == ("sign_net", "traffic-signs", SIGN_NAMES) and len(files) == 2
    test = signs((430, 86)).test
    (tmp_path / "signs").mkdir()
    for name, image in list(zip(test.names, test.images, strict=True))[:6]:
        assert cv2.imwrite(str(tmp_path / "signs" / f"{name.replace('/', '-')}.ppm"), image.transpose(1, 2, 0))
    found = table(tmp_path, run, tmp_path / "signs", "--tta")
    listed = {row["sample"]: row for row in contract.rows_of(run / "predictions.csv")}
    assert len(found) == 6
    for name in test.names[:6]:
        said, shares = found[f"{name.replace('/', '-')}.ppm"]
        expected = [float(listed[name][f"probability_{k}"]) for k in range(43)]
        np.testing.assert_allclose(shares, expected, atol=1e-5)
        assert said == SIGN_NAMES[int(np.argmax(expected))]


def test_every_sign_has_its_name_in_chinese():
    assert len(CHINESE) == len(set(CHINESE)) == len(SIGN_NAMES)


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("traffic-signs", tmp_path, "--quick", "--data", "synthetic")
    results = contract.check(folder, "traffic-signs", data=True, classifier=True)
    assert results["final"]["averaged"]["together"] > 0.2  # guessing: 1/43


def test_the_transformer_is_trained_with_the_rest():
    settings = replace(hw.Settings(), transformer=True, width=4, num_epochs=1)
    model, history = training.train(settings, 0, signs((86, 43)).train, quiet=True)
    assert np.isfinite(history.last("train")["loss"]) and np.abs(model.look.change[2].bias.numpy()).sum() > 0


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("traffic-signs", tmp_path, "change_seeds=3: compared with as many of", *TINY, "change_seeds=3")
    few = "every class has a single group of pictures"
    contract.refused("traffic-signs", tmp_path, few, *TINY, "train_pictures=43")
    wrong = "image_size=20: the spatial transformer takes multiples of 8"
    contract.refused("traffic-signs", tmp_path, wrong, *TINY, "image_size=20", "transformer=true")
    assert camp.SettingError
