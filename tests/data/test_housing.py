"""The housing table: its rows, its normalisation, and what is said of a damaged file."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from paddle_camp.data import housing
from paddle_camp.data.finding import downloads, sources
from paddle_camp.data.housing_regression import baselines, errors, least_squares, shift_of
from paddle_camp.errors import DataError
from tests.helpers.mirror import serving


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("housing") / "housing.data"
    path.write_text(housing.housing_standin())
    return path


def damaged(table, tmp_path, change):
    lines = table.read_text().splitlines()
    (tmp_path / "housing.data").write_text("\n".join(change(lines)) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[:300], "ends after row 300 where 506 rows belong"),
        (lambda lines: lines[:7] + [lines[7] + " 1"] + lines[8:], "row 8: 15 columns where 14 belong"),
        (lambda lines: lines[:7] + [lines[7].rsplit(" ", 1)[0]] + lines[8:], "row 8: 13 columns"),
        (lambda lines: ["CRIM " + lines[0].split(" ", 1)[1]] + lines[1:], "row 1: CRIM is 'CRIM', not a number"),
        (lambda lines: lines[:-1] + [lines[-1].rsplit(" ", 1)[0] + " nan"], "row 506: MEDV is 'nan'"),
        (lambda lines: [], "ends after row 0"),
        (lambda lines: ["0 " + line.split(" ", 1)[1] for line in lines], "column CRIM is the same in all"),
    ],
)
def test_a_damaged_file_is_one_clear_line(table, tmp_path, change, says):
    with pytest.raises(DataError, match=says) as caught:
        housing.load_housing(data_dir=str(damaged(table, tmp_path, change)))
    assert "\n" not in str(caught.value) and "housing.data" in str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "housing.data").write_bytes(bytes(range(256)) * 10)
    with pytest.raises(DataError, match=r"housing.data, line 2: is not GB18030 text"):
        housing.load_housing(data_dir=str(tmp_path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_the_encodings_that_editors_save_are_read(table, tmp_path, encoding):
    (tmp_path / "housing.data").write_text(table.read_text(), encoding=encoding)
    data = housing.load_housing(data_dir=str(tmp_path))
    assert np.array_equal(data.train.inputs, housing.load_housing(data_dir=str(table.parent)).train.inputs)


NAMES = [",".join(housing.COLUMNS)]
ELSEWHERE = {
    "commas": lambda lines: [line.replace(" ", ",") for line in lines],
    "commas and a row of names": lambda lines: NAMES + [line.replace(" ", ", ") for line in lines],
    "semicolons": lambda lines: [line.replace(" ", ";") for line in lines],
    "tabs, empty lines": lambda lines: [line.replace(" ", "\t") + "\n" for line in lines],
    "StatLib": lambda lines: (
        [
            " The Boston house-price data of Harrison, D. and Rubinfeld, D.L. 1978.",
            " Variables in order:",
            " CRIM 1 2",
            "",
        ]
        + [f" {' '.join(line.split()[:11])} \n  {' '.join(line.split()[11:])} " for line in lines]
    ),
}


@pytest.mark.parametrize("form", ELSEWHERE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_forms_that_the_table_is_found_in(table, tmp_path, form, encoding):
    text = "\n".join(ELSEWHERE[form](table.read_text().splitlines()))
    (tmp_path / "housing.data").write_text(text, encoding=encoding)
    data = housing.load_housing(data_dir=str(tmp_path))
    assert data.fingerprint == housing.load_housing(data_dir=str(table.parent)).fingerprint


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_statlibs_rows_that_do_not_fit_together(table, tmp_path, cut):
    """A line that is missing: every later row would be made of the halves of two."""
    lines = "\n".join(ELSEWHERE["StatLib"](table.read_text().splitlines())).splitlines()
    (tmp_path / "housing.data").write_text("\n".join(lines[: 200 + cut] + lines[201 + cut :]))
    with pytest.raises(DataError, match=r"housing\.data, row [0-9]+: (3|11) columns where 14 belong"):
        housing.load_housing(data_dir=str(tmp_path))


@pytest.mark.parametrize(
    "cell", ["3_6.20", "٣٦", "１２", "0x10", "1e5000", "inf", "1,5", "--1", "1e30", "1e308", "-1e308"]
)
def test_what_only_python_takes_for_a_number_and_what_no_house_has(table, tmp_path, cell):
    folder = damaged(table, tmp_path, lambda lines: lines[:7] + [f"{cell} {lines[7].split(' ', 1)[1]}"] + lines[8:])
    with pytest.raises(DataError, match=r"housing\.data, row 8: (CRIM is|15 columns)"):
        housing.load_housing(data_dir=str(folder))


def test_the_normalisation_is_the_courses_and_of_the_training_rows_alone(table):
    data = housing.load_housing(data_dir=str(table.parent))
    raw = np.loadtxt(table)
    train = raw[:404]
    expected = (raw - train.mean(axis=0)) / (train.max(axis=0) - train.min(axis=0))
    assert (len(data.train), len(data.test)) == (404, 102)
    np.testing.assert_allclose(data.train.inputs, expected[:404, :13], atol=1e-12)
    np.testing.assert_allclose(data.test.prices, expected[404:, 13], atol=1e-12)
    np.testing.assert_allclose(data.to_dollars(data.test.prices), raw[404:, 13])
    np.testing.assert_allclose(data.normalise(raw[404:, :13]), data.test.inputs, atol=1e-12)


def test_a_shuffled_split_is_another_one_and_seeded(table):
    plain, one, same = (housing.load_housing(data_dir=str(table.parent), shuffle_seed=s) for s in (None, 3, 3))
    assert np.array_equal(one.test.inputs, same.test.inputs)
    dollars = [np.sort(np.concatenate([d.to_dollars(part.prices) for part in (d.train, d.test)])) for d in (plain, one)]
    np.testing.assert_allclose(*dollars)
    assert one.fingerprint != plain.fingerprint


def test_errors_and_baselines(table):
    data = housing.load_housing(data_dir=str(table.parent))
    off_by_one = data.test.prices + 1 / data.span[13]  # a thousand dollars too much
    found = errors(off_by_one[:, None], data.test.prices, data)
    assert found["rmse_dollars"] == pytest.approx(1) and found["mae_dollars"] == pytest.approx(1)
    assert found["mse"] == pytest.approx(1 / data.span[13] ** 2)
    weights, bias = least_squares(data.train.inputs, data.train.prices)
    residual = data.train.inputs @ weights + bias - data.train.prices
    assert np.abs(data.train.inputs.T @ residual).max() < 1e-9 and abs(residual.sum()) < 1e-9  # the normal equations
    both = baselines(data)
    assert both["least squares"]["rmse_dollars"] < 0.5 * both["mean"]["rmse_dollars"]


def test_the_feature_whose_mean_moved_farthest_is_named(table):
    data = housing.load_housing(data_dir=str(table.parent))
    moved = data.train.inputs.copy()
    moved[:, 5] -= 2 * moved[:, 5].std()
    moved[:, 7] += 1.5 * moved[:, 7].std()
    found = shift_of(replace(data, test=housing.Table(moved, data.train.prices)))
    assert found == {"deviations": pytest.approx(2), "feature": housing.COLUMNS[5]}


def test_a_resumed_run_finds_its_data_where_it_noted_them(table):
    first = housing.load_housing("real", str(table.parent))
    again = housing.load_housing(first.info.origin, first.info.path)  # as running/resuming.py asks for them
    assert again.info == first.info and again.path == first.path


def test_the_real_table(real_data):
    data = housing.load_housing("real", str(real_data))
    assert data.origin == "real" and (len(data.train), len(data.test)) == (404, 102)
    assert data.to_dollars(data.train.prices[:2]).round(6).tolist() == [24.0, 21.6]
    assert data.mean[13] == pytest.approx(24.1757, abs=1e-4) and data.span[13] == 45
    assert sources.DATASETS["housing"].files[0].size == (data.path).stat().st_size


def test_without_data_and_network_the_stand_in_or_one_line(monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_CACHE", "/proc/none")  # nothing is written
    monkeypatch.setattr(downloads, "find", lambda *arguments: None)
    assert housing.load_housing().origin == "synthetic"
    assert "Boston housing" in housing.load_housing().info.stand_in
    with pytest.raises(DataError, match="housing.data was not found; get housing.data"):
        housing.load_housing("real")


@pytest.fixture
def mirror(tmp_path_factory, monkeypatch, tmp_path):
    """A local server, with a set of one file on it that is not on this machine."""
    folder = tmp_path_factory.mktemp("mirror")
    (folder / "right.data").write_text("the rows")
    (folder / "page.html").write_text("<html>please log in</html>")
    digest = hashlib.sha256(b"the rows").hexdigest()

    def offer(*names):
        urls = tuple(f"{address}/{name}" for name in names)
        files = (sources.Remote("set.data", digest, 8, urls),)
        known = sources.Dataset("a set", ("set",), ("set.data",), (), "get it", files)
        monkeypatch.setitem(sources.DATASETS, "set", known)

    monkeypatch.setenv("PADDLE_CAMP_CACHE", str(tmp_path))
    monkeypatch.delenv("PADDLE_CAMP_OFFLINE")
    with serving(folder) as address:
        yield offer


def test_a_download_takes_the_first_mirror_that_has_the_right_file(mirror, tmp_path, capsys):
    mirror("missing.data", "page.html", "right.data")
    found = downloads.find_or_download("set")
    assert (found.path / "set.data").read_text() == "the rows" and found.how == "downloaded"
    said = capsys.readouterr().err
    assert said.count("downloading") == 3 and said.count("not from there") == 2 and "404" in said
    assert [path.name for path in found.path.iterdir()] == ["set.data"]  # no half files
    assert downloads.find_or_download("set").path == found.path  # from the disk
    assert "downloading" not in capsys.readouterr().err


def test_no_mirror_has_it_or_no_network(mirror, tmp_path, monkeypatch):
    mirror("missing.data", "page.html")
    assert downloads.find_or_download("set") is None
    assert not (tmp_path / "set" / "set.data").exists()
    monkeypatch.setenv("PADDLE_CAMP_OFFLINE", "1")
    mirror("right.data")
    assert downloads.find_or_download("set") is None
