"""The first batch of a run: what is kept is what the network was given, and keeping it changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp import first_batch
from paddle_camp.data.pictures.augment import RandomHorizontalFlip
from paddle_camp.preprocessing import DIGITS
from paddle_camp.running.outputs import draw_first_batch, label_in_words
from paddle_camp.sweeps.sweep import run_cells


def digits(count: int = 24) -> camp.ImageSet:
    images = np.random.default_rng(0).integers(0, 256, (count, 1, 28, 28), np.uint8)
    return camp.ImageSet(images, np.arange(count) % 10, tuple(map(str, range(count))), kind=DIGITS)


def train(seed: int = 3) -> list[float]:
    paddle.seed(seed)
    model = camp.create_model("mlp_relu")
    optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    batches = camp.Batches(digits(), 12, seed, augment=RandomHorizontalFlip())
    return camp.fit(model, optimizer, batches, num_epochs=2, quiet=True).column("loss")


def cell(seed: int) -> list[float]:
    return train(seed)


def test_what_is_kept_is_what_the_network_was_given(tmp_path):
    place = tmp_path / "made" / "pictures.npz"
    plain = train()
    with first_batch.kept_at(lambda: place):
        assert train() == plain  # nothing random was drawn
        before = place.read_bytes()
        train(4)
    assert place.read_bytes() == before  # the first training's stays
    assert first_batch.current_place() is None
    kept = first_batch.read(place)
    batches = camp.Batches(digits(), 12, 3, augment=RandomHorizontalFlip())
    images, labels = next(batches.epoch())
    assert len(kept["images"]) == first_batch.MOST == 10
    np.testing.assert_array_equal(batches.scaled(kept["images"]), images[:10])
    np.testing.assert_array_equal(kept["labels"], labels[:10])
    seen = images[:10]
    np.testing.assert_allclose(kept["range"], [seen.min(), seen.max(), seen.mean(), seen.std()], rtol=1e-6)
    figure = draw_first_batch(place)
    assert [axes.get_title() for axes in figure.axes] == [str(label) for label in labels[:10]]


def test_a_process_of_a_sweep_keeps_it_for_the_run(tmp_path):
    place = tmp_path / "pictures.npz"
    with first_batch.kept_at(lambda: place):
        run_cells(cell, {"a": (0,), "b": (1,)}, tmp_path / "cells", jobs=2)
    assert first_batch.read(place)["images"].shape == (10, 1, 28, 28)


def test_tables_leave_none_and_a_full_disk_ends_no_training(tmp_path, monkeypatch):
    place = tmp_path / "pictures.npz"
    with first_batch.kept_at(lambda: place):
        first_batch.keep(camp.ArrayBatches(np.zeros((4, 2), np.float32), np.zeros(4, np.int64), 2))
        assert not place.exists()

        def full(path: Path, write: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(first_batch, "replace_file", full)
        assert train() and not place.exists()


def test_a_damaged_file_is_no_figure(tmp_path):
    place = tmp_path / "pictures.npz"
    assert draw_first_batch(place) is None
    place.write_bytes(b"PK\3\4 cut")
    assert draw_first_batch(place) is None
    np.savez(place, images=np.zeros(3))
    assert draw_first_batch(place) is None


def test_labels_in_words():
    names = np.array(["cat", "dog"])
    assert label_in_words(np.int64(1), names) == "dog" and label_in_words(np.int64(7), names) == "7"
    assert label_in_words(np.array([0.25, -1.0], np.float32), names) == "0.25, -1"
