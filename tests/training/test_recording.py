"""The records that trainings keep of themselves for the page of ``--live``."""

from __future__ import annotations

import pytest

import paddle_camp as camp
from paddle_camp import live
from paddle_camp.files import read_json, write_json
from paddle_camp.training.recording import MOST, Recorder
from tests.helpers.recorded import records, train
from tests.helpers.toys import without_times


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    """Every write is due."""
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "SHARE", 0.0)


def test_a_record_grows_with_its_training_which_is_the_same_without_it(tmp_path):
    plain, seen = train(), []
    with live.recorded(live.Recording(lambda: tmp_path)):
        history = train(look=lambda: seen.append(records(tmp_path)["train"]["step"]))
    assert seen == [0, 4, 8]
    assert without_times(history.steps) == without_times(plain.steps)
    assert without_times(history.evaluations) == without_times(plain.evaluations)
    (record,) = records(tmp_path).values()
    assert record["losses"] == [[row["step"], row["loss"]] for row in history.steps]
    assert record["splits"]["holdout"]["loss"] == [[row["epoch"], row["loss"]] for row in history.split("holdout")]
    assert (record["ended"], record["num_steps"], live.current()) == (True, 8, None)


def test_of_a_long_training_the_means_of_parts_are_kept(tmp_path):
    history = camp.History([{"step": step, "loss": float(step)} for step in range(1, 10 * MOST - 3)])
    losses = Recorder(live.Recording(lambda: tmp_path), "a", history, 1, 2000).losses()
    assert len(losses) == MOST and losses[:2] == [[10, 5.5], [20, 15.5]] and losses[-1] == [1996, 1993.5]
    assert Recorder(live.Recording(lambda: tmp_path), "a", camp.History(), 1, 2000).losses() == []


def test_a_slow_disk_is_written_to_less_often(monkeypatch):
    monkeypatch.setattr(live, "SHARE", 250)
    now = iter([0.0, 10.0, 10.1, 40.0, 42.0])
    monkeypatch.setattr(live.time, "monotonic", lambda: next(now))
    pace = live.Pace()
    with pace.writing():
        pass
    assert pace.due == pytest.approx(10.1 + 0.1 * 250)
    with pace.writing():
        pass
    assert pace.due == 42.0 + 60  # after a minute anyway


def test_what_a_full_disk_does_not_take_is_written_later(tmp_path, monkeypatch):
    writes = []

    def write(path, value):
        writes.append(path)
        if len(writes) == 1:
            raise OSError(28, "No space left on device")
        write_json(path, value)

    monkeypatch.setattr(live, "write_json", write)
    recording = live.Recording(lambda: tmp_path)
    recording.note(tmp_path / "a.json", lambda: {"ended": True})
    assert not (tmp_path / "a.json").exists()
    recording.note(tmp_path / "b.json", lambda: {})
    assert read_json(tmp_path / "a.json") == {"ended": True} and len(writes) == 3


def test_what_is_no_number_is_left_out_of_a_record(tmp_path):
    history = camp.History([{"step": 1, "loss": 0.5}, {"step": 2, "loss": float("nan")}])
    history.evaluations.append({"split": "test", "epoch": 1, "loss": 0.5, "accuracy": float("nan")})
    recorder = Recorder(live.Recording(lambda: tmp_path), "a", history, 1, 2)
    assert recorder.losses() == [[1, 0.5]] and recorder.splits() == {"test": {"loss": [[1, 0.5]]}}


def test_trainings_of_one_name_and_those_within_a_cell_are_told_apart(tmp_path):
    with live.recorded(live.Recording(lambda: tmp_path)):
        train()
        train()
        with live.in_cell("relu-0"):
            train()
            train(name="relu-0")
            train(keep=tmp_path / "with/weights")
    assert set(records(tmp_path)) == {"train", "train (2)", "relu-0", "relu-0 (2)", "relu-0 · weights"}
