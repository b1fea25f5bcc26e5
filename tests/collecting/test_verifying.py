"""A run that was handed in: whole, edited, cut short, dressed up; and files that are no files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from paddle_camp.collecting.record import read_record
from paddle_camp.collecting.verifying import verify
from paddle_camp.commands import verify as command
from paddle_camp.files import read_sealed, write_json, write_sealed
from paddle_camp.running.manifest import write_manifest
from tests.helpers.runs import make_run, predictions_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", predictions=predictions_of(200, 150))


def checks(folder: Path) -> dict[str, tuple[bool | None, str]]:
    return {check.name: (check.holds, check.said) for check in verify(read_record(folder))}


def broken(folder: Path) -> str:
    """The one check that does not hold: its name and what it says."""
    ((name, said),) = [(name, said) for name, (holds, said) in checks(folder).items() if holds is False]
    return f"{name}: {said}"


def run(catalogue, capsys, *arguments: str) -> tuple[int, str, str]:
    status = command.main(catalogue, list(arguments))
    said = capsys.readouterr()
    return status, said.out, said.err


def edit_rows(folder: Path, change) -> None:
    path = folder / "predictions.csv"
    path.write_text("\n".join(change(path.read_text("utf-8").splitlines())) + "\n", encoding="utf-8")


def test_a_run_as_it_was_written_holds(folder):
    found = checks(folder)
    assert found["manifest"] == (True, "all 7 files are as they were written")
    assert found["rows"] == (True, "200 samples, as many as the data have for test")
    assert found["headline"][0] is True and "accuracy 0.75 from 200 rows" in found["headline"][1]
    assert (
        "1 of the 2 numbers in results come out again (networks[0].accuracy); the other 1 cannot" in found["results"][1]
    )
    assert not [name for name, (holds, _) in found.items() if holds is False]


@pytest.mark.parametrize("vouched", [False, True], ids=["the manifest as it was", "a manifest written anew"])
@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows[:-1],
        lambda rows: [rows[0], *rows[2:]],
        lambda rows: [*rows, rows[-1]],
        lambda rows: [rows[0], rows[1].replace(",0,", ",1,", 1).replace(",2,", ",0,", 1), *rows[2:]],
    ],
    ids=["last row missing", "first row missing", "a row twice", "a label edited"],
)
def test_an_edited_or_missing_row_is_found(folder, change, vouched):
    """Also where the manifest was written anew: the accuracy is another one."""
    edit_rows(folder, change)
    if vouched:
        write_manifest(folder, True)
        assert broken(folder).startswith("headline: accuracy 0.7")
    else:
        assert checks(folder)["manifest"] == (False, "predictions.csv is not as it was written")


def test_a_prettier_headline_is_found_by_three_of_the_checks(folder):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    metrics["headline"]["value"] = 0.99
    write_json(folder / "metrics.json", metrics)
    found = checks(folder)
    assert [found[name][0] for name in ("manifest", "records", "headline")] == [False] * 3
    write_manifest(folder, True)
    write_sealed(folder / "answer.json", read_sealed(folder / "answer.json") | {"headline": metrics["headline"]})
    write_manifest(folder, True)
    assert broken(folder).startswith("headline: accuracy 0.75 from 200 rows of predictions.csv, but metrics.json says")


@pytest.mark.parametrize("name", ["answer.json", "config.json"])
def test_a_record_whose_checksum_does_not_fit_is_found(folder, name):
    text = (folder / name).read_text("utf-8")
    (folder / name).write_text(text.replace('"rate": 0.1', '"rate": 0.2'), encoding="utf-8")
    write_manifest(folder, True)
    assert broken(folder) == f"records: {name}: its checksum does not fit: it is not as it was written"


@pytest.mark.parametrize(
    ("key", "value"), [("seed", 9), ("homework", "9-9"), ("results", {"other": 5}), ("data", {"origin": "real"})]
)
def test_records_that_contradict_each_other_are_found(folder, key, value):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    write_json(folder / "metrics.json", metrics | {key: value})
    write_manifest(folder, True)
    assert checks(folder)["records"][0] is False and key in checks(folder)["records"][1]


def test_a_stand_in_dressed_up_as_real_data_is_found(folder):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    metrics["data"]["origin"] = "synthetic"
    write_json(folder / "metrics.json", metrics)
    write_manifest(folder, True)
    assert broken(folder) == "records: data of metrics.json are not those of config.json"


def test_files_that_are_missing_or_of_somebody_else(folder):
    (folder / "history.csv").unlink()
    (folder / "notes.txt").write_text("mine")
    found = checks(folder)
    assert found["manifest"] == (False, "history.csv: no such file")
    assert found["other files"] == (None, "not written by the run: notes.txt")


def test_an_accuracy_of_several_trainings_is_said_not_to_be_computed_again(tmp_path):
    folder = make_run(tmp_path / "run", predictions=predictions_of(200, 150))
    for name, read, write in (("metrics.json", lambda p: json.loads(p.read_text("utf-8")), write_json),):
        value = read(folder / name)
        value["headline"] |= {"value": 0.8, "interval": None}
        write(folder / name, value)
    answer = read_sealed(folder / "answer.json") | {"headline": value["headline"]}
    write_sealed(folder / "answer.json", answer)
    write_manifest(folder, False)
    holds, said = checks(folder)["headline"]
    assert holds is None and said.startswith("not computed again: accuracy 0.8 is a number that is not")
    assert all(holds is not False for holds, _ in checks(folder).values())


def test_two_classes_have_an_area_and_any_a_loss_and_a_confusion(tmp_path):
    predictions = predictions_of(100, 80, classes=2)
    folder = make_run(tmp_path / "run", predictions=predictions)
    right = float(np.mean(predictions.probabilities.argmax(1) == predictions.labels))
    loss = -0.8 * np.log(0.9) - 0.2 * np.log(0.1)  # 80 said with 0.9, 20 given 0.1
    twos = int(predictions.labels.sum())
    for name in ("metrics.json", "answer.json"):
        value = json.loads((folder / name).read_text("utf-8"))
        value["results"] = {"validation_loss": loss, "test_accuracy": right, "loss": loss + 1, "count": twos}
        value.pop("checksum", None)
        (write_json if name == "metrics.json" else write_sealed)(folder / name, value)
    write_manifest(folder, True)
    said = checks(folder)["results"][1]
    assert said.startswith("2 of the 4 numbers in results come out again (validation_loss; test_accuracy)")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a,0,nan,0.5,0.5", "row 2: its probabilities are not from 0 to 1"),
        ("a,0,0.9,0.9,0.1", "row 2: its probabilities are not from 0 to 1 with the sum 1"),
        ("a,3,0.2,0.4,0.4", "row 2: its label is no class from 0 to 2"),
        ("a,-1,0.2,0.4,0.4", "row 2: its label is no class"),
        ("a,0,0.2,0.4", "row 2: 4 cells, not 5"),
        ("a,0,x,0.4,0.6", "row 2: could not convert"),
        ('"a,0,0.2,0.4,0.4', "row 2: unexpected end of data"),
    ],
)
def test_a_row_that_is_none_is_named(folder, row, says):
    edit_rows(folder, lambda rows: [rows[0], row])
    write_manifest(folder, True)
    assert says in broken(folder)


def test_an_unfinished_run_does_not_hold_and_says_so(folder):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8")) | {"status": "interrupted", "error": "Ctrl-C"}
    write_json(folder / "metrics.json", metrics)
    assert checks(folder)["finished"] == (False, "not finished (interrupted): Ctrl-C")


@pytest.mark.parametrize("name", ["metrics.json", "config.json", "answer.json", "manifest.json", "predictions.csv"])
def test_links_and_pipes_in_the_place_of_files_are_not_followed(folder, name, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes((folder / name).read_bytes())
    for make in (lambda path: path.symlink_to(secret), os.mkfifo, os.mkdir):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)
        assert [said for holds, said in checks(folder).values() if holds is False]
        (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()


def test_a_manifest_leads_nowhere_else(folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("x")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    for name in ("../elsewhere/file", "/etc/hostname", "linked/file", "", "a\0b", "\ud800"):
        files = read_sealed(folder / "manifest.json")["files"] | {name: {"bytes": 1, "sha256": "0"}}
        write_sealed(folder / "manifest.json", {"files": files})
        holds, said = checks(folder)["manifest"]
        assert holds is False and "not as it was written" not in said, name
        write_manifest(folder, True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"results": NaN}', "[" * 100_000, '"\\ud800"', "\xff", "1" * 10_000])
@pytest.mark.parametrize("name", ["metrics.json", "config.json", "answer.json", "manifest.json"])
def test_a_damaged_file_is_a_line_and_never_a_traceback(folder, name, text):
    (folder / name).write_bytes(text.encode("latin-1"))
    assert [said for holds, said in checks(folder).values() if holds is False and name in said]


def test_a_number_that_no_float_can_hold_is_none(folder):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    claimed = metrics["headline"]
    metrics["results"] = {"accuracy": 10**400}
    for headline in (claimed | {"value": 10**400}, claimed | {"interval": [0, 10**400]}):
        write_json(folder / "metrics.json", metrics | {"headline": headline})
        found = checks(folder)
        assert found["headline"][0] is False and "1 numbers in results cannot" in found["results"][1]


def test_a_sparse_file_of_a_terabyte_is_not_read(folder):
    with (folder / "history.csv").open("wb") as stream:
        stream.truncate(1 << 40)
    manifest = read_sealed(folder / "manifest.json")
    manifest["files"]["history.csv"] = {"bytes": 1 << 40, "sha256": "0"}
    write_sealed(folder / "manifest.json", manifest)
    assert broken(folder) == "manifest: history.csv: larger than 8 GiB"


@pytest.mark.parametrize("name", ["metrics.json", "config.json", "answer.json"])
def test_what_is_nested_very_deep_is_damaged(folder, toys, capsys, name):
    deep = json.loads("[" * 900 + "]" * 900)
    value = {key: each for key, each in json.loads((folder / name).read_text("utf-8")).items() if key != "checksum"}
    write_sealed(folder / name, value | {"settings": {"rate": deep}, "results": {"deep": deep}})
    write_manifest(folder, True)
    assert run(toys, capsys, str(folder))[0] == 1
    assert [said for holds, said in checks(folder).values() if holds is False and "nested more than 50 deep" in said]


def test_the_command_says_everything_and_its_status(folder, toys, capsys):
    status, said, error = run(toys, capsys, str(folder))
    assert (status, error) == (0, "")
    assert (
        "homework 1-1, done, seed 0\nreal data: Toys; train 9, test 200\nsettings: the assignment's defaults\n" in said
    )
    assert "holds          headline: accuracy 0.75" in said
    assert "it does not protect against one who writes the manifest" in said
    edit_rows(folder, lambda rows: rows[:-1])
    status, said, _ = run(toys, capsys, str(folder))
    assert status == 1 and "DOES NOT HOLD  manifest: predictions.csv is not as it was written" in said
    status, said, error = run(toys, capsys, str(folder.parent))
    assert status == 2 and said == ""
    assert "no run (neither metrics.json nor config.json in it, or it may not be read)" in error


def test_the_json_has_the_settings_that_differ_and_the_stand_in(tmp_path, toys, capsys):
    settings = {"rate": 0.5, "count": 3, "layers": [1, 2], "new": 1}
    folder = make_run(tmp_path / "run", settings=settings, origin="synthetic")
    status, said, _ = run(toys, capsys, str(folder), "--json")
    found = json.loads(said)
    differ = {"rate": {"value": 0.5, "default": 0.1}, "new": {"value": 1, "default": None}}
    assert found["settings"] == {"quick": False, "differ": differ}
    assert (status, found["holds"], found["data"], found["stand_in"]) == (0, True, "synthetic", True)
    assert {check["name"] for check in found["checks"]} == {"finished", "manifest", "records", "headline"}
    status, said, _ = run(toys, capsys, str(folder))
    assert "STAND-IN DATA, no result on real ones: Toys" in said and "rate=0.5 (0.1), new=1 (null)" in said


def test_a_foreign_assignment_is_verified_all_the_same(tmp_path, toys, capsys):
    folder = make_run(tmp_path / "run", homework="../../9-9", settings={"a\x1b[31m": "b\x1b[0m"})
    status, said, _ = run(toys, capsys, str(folder))
    assert status == 0 and "settings: not compared, no homework ../../9-9 can be loaded here" in said
    assert "\x1b" not in said
