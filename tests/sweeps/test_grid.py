"""A grid: every point once, a divergence as a result, summaries along an axis, names and files."""

from __future__ import annotations

import json

import pytest

from paddle_camp.errors import DivergedError, SettingError
from paddle_camp.history import History
from paddle_camp.sweeps.grid import diverged, finished, run_grid

AXES = {"optimizer": ("SGD", "Adam"), "rate": (0.1, 1e-05), "seed": range(2)}


def cell(optimizer, rate, seed, log=None, offset=0):
    """Adam at 0.1 diverges at step 7."""
    if log is not None:
        with open(log, "a") as stream:
            stream.write(f"{optimizer}-{rate:g}-{seed}\n")
    if (optimizer, rate) == ("Adam", 0.1):
        raise DivergedError(7, float("nan"))
    rows = [{"step": 1, "loss": rate}]
    return {"accuracy": offset + rate + seed, "history": History(rows, []).as_dict()}


@pytest.mark.parametrize("jobs", [None, 2])
def test_every_point_once_and_a_divergence_is_a_result(tmp_path, jobs, capsys):
    log = tmp_path / "log"
    grid = run_grid(cell, AXES, tmp_path / "cells", common={"offset": 10, "log": str(log)}, jobs=jobs)
    assert grid.axes == {"optimizer": ("SGD", "Adam"), "rate": (0.1, 1e-05), "seed": (0, 1)}
    names = [
        f"{optimizer}-{rate}-{seed}" for optimizer in ("SGD", "Adam") for rate in ("0.1", "1e-05") for seed in "01"
    ]
    assert list(grid.named()) == names and sorted(log.read_text().split()) == sorted(names)
    assert [point for _, point, _ in grid.items()][2] == {"optimizer": "SGD", "rate": 1e-05, "seed": 0}
    assert grid.at(seed=1, optimizer="SGD", rate=0.1)["accuracy"] == 11.1
    assert grid.at(optimizer="Adam", rate=0.1, seed=0) == {"diverged": 7}
    assert json.loads((tmp_path / "cells" / "Adam-0.1-1.json").read_text())["result"] == {"diverged": 7}
    said = capsys.readouterr().err
    assert "Adam-0.1-0: diverged at step 7" in said and "SGD-0.1-1: accuracy 11.1" in said


def test_a_grid_goes_on_with_the_missing_cells_and_keeps_divergences(tmp_path):
    log, folder = tmp_path / "log", tmp_path / "cells"
    before = run_grid(cell, AXES, folder)
    (folder / "SGD-1e-05-1.json").unlink()
    assert run_grid(cell, AXES, folder, common={"log": str(log)}) == before
    assert log.read_text().split() == ["SGD-1e-05-1"]


def test_summaries_along_an_axis(tmp_path):
    grid = run_grid(cell, AXES, tmp_path)
    counts = grid.over("seed", lambda results: len(finished(results)))
    assert counts.axes == {"optimizer": ("SGD", "Adam"), "rate": (0.1, 1e-05)}
    assert counts.named() == {"SGD-0.1": 2, "SGD-1e-05": 2, "Adam-0.1": 0, "Adam-1e-05": 2}
    assert counts.at(optimizer="Adam", rate=0.1) == 0
    by_seed = grid.over("optimizer", lambda both: [diverged(result) for result in both])
    assert by_seed.named() == {"0.1-0": [False, True], "0.1-1": [False, True]} | dict.fromkeys(
        ("1e-05-0", "1e-05-1"), [False, False]
    )
    assert counts.over("rate", sum).over("optimizer", sum).at() == 6
    with pytest.raises(SettingError, match="epoch: the axes of this grid are optimizer, rate, seed"):
        grid.over("epoch", len)


def test_histories_are_those_of_the_finished_cells(tmp_path):
    histories = run_grid(cell, AXES, tmp_path).histories()
    assert list(histories) == ["SGD-0.1-0", "SGD-0.1-1", "SGD-1e-05-0", "SGD-1e-05-1", "Adam-1e-05-0", "Adam-1e-05-1"]
    assert histories["Adam-1e-05-0"].column("loss") == [1e-05]


def test_what_is_a_divergence():
    assert diverged({"diverged": 3, "parameters": 10}) and not diverged({"accuracy": 1.0})
    assert not diverged([1.0, 2.0]) and not diverged(None) and not diverged("diverged")
    assert finished([{"diverged": 1}, [0.5], {"loss": 2}]) == [[0.5], {"loss": 2}]


def word(text):
    return text


def test_a_prefix_and_a_space_change_the_file_and_not_the_name(tmp_path, capsys):
    grid = run_grid(word, {"text": ("no warps", "recipe")}, tmp_path, prefix="final-", describe=str.upper)
    assert grid.named() == {"no warps": "no warps", "recipe": "recipe"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["final-no_warps.json", "final-recipe.json"]
    assert "final-no_warps: NO WARPS" in capsys.readouterr().err


def place(kind, seed):
    return [kind, seed]


@pytest.mark.parametrize(
    ("point", "says"),
    [
        ({"optimizer": "SGD", "rate": 0.1}, "a point of this grid needs optimizer, rate, seed"),
        ({"optimizer": "SGD", "rate": 0.1, "seed": 0, "epoch": 1}, "a point of this grid needs optimizer, rate, seed"),
        ({"optimizer": "SGD", "rate": 0.2, "seed": 0}, "rate=0.2: the grid has 0.1, 1e-05"),
    ],
)
def test_a_point_that_is_not_there(tmp_path, point, says):
    with pytest.raises(SettingError, match=says):
        run_grid(cell, AXES, tmp_path).at(**point)


@pytest.mark.parametrize(
    ("axes", "options", "says"),
    [
        ({"kind": (), "seed": (0,)}, {}, "kind: the axis of a grid needs at least one value"),
        ({"kind": ("a", "a"), "seed": (0,)}, {}, "two cells of a grid would be called a-0: give each value once"),
        ({"kind": (0.1, 0.10000001), "seed": (0,)}, {}, "would be called 0.1-0"),
        ({"kind": ("a b", "a_b"), "seed": (0,)}, {}, "would be called a_b-0"),
        ({"kind": ("a", "a-1"), "seed": ("1-2", "2")}, {}, "would be called a-1-2"),
        ({"kind": ("../a",), "seed": (0,)}, {}, "../a-0 is no name of one"),
        ({"kind": ("a",), "seed": (0,)}, {"common": {"seed": 1}}, "seed: is an axis of the grid and also common"),
        ({"kind": ("a",), "seed": (0,)}, {"here": ["b-0"]}, "here=b-0: the grid has no such cell"),
    ],
)
def test_a_grid_that_would_lose_a_cell_is_refused(tmp_path, axes, options, says):
    with pytest.raises(SettingError, match=says):
        run_grid(place, axes, tmp_path / "cells", **options)
    assert not (tmp_path / "cells").exists()


@pytest.mark.parametrize("here", [["a b-1"], lambda kind, seed: (kind, seed) == ("a b", 1)])
def test_the_cells_that_stay_here_are_named_or_chosen_by_their_point(tmp_path, monkeypatch, here):
    asked, data = {}, [1.0]

    def run_cells(function, cells, folder, **options):
        # The cluster is sent an object once if the cells hold the very same one.
        assert all(arguments[2] is data for arguments in cells.values())
        return asked.update(options) or cells

    monkeypatch.setattr("paddle_camp.sweeps.grid.run_cells", run_cells)
    options = {"here": here, "prefix": "x-", "cluster": "auto", "jobs": 3, "common": {"data": data}}
    run_grid(place, {"kind": ("a b", "c"), "seed": (0, 1)}, tmp_path, **options)
    assert (asked["here"], asked["cluster"], asked["jobs"]) == (["x-a_b-1"], "auto", 3)


def other_error(seed):
    raise ValueError(f"cell {seed} fails")


def test_another_error_is_not_a_result(tmp_path):
    with pytest.raises(ValueError, match="cell 4 fails"):
        run_grid(other_error, {"seed": (4,)}, tmp_path)
    assert not list(tmp_path.iterdir())


def nan(seed):
    return {"loss": float("nan")} if seed else {"found": {1, 2}}


@pytest.mark.parametrize(("seed", "says"), [(0, "set is not JSON"), (1, "not JSON compliant")])
def test_a_result_that_cannot_be_kept_is_one_line(tmp_path, seed, says):
    with pytest.raises(SettingError, match=f"^{seed}: its result cannot be kept as JSON: .*{says}"):
        run_grid(nan, {"seed": (seed,)}, tmp_path)
