"""``paddle-camp doctor``: what is here, and the line to type for what is not."""

from __future__ import annotations

import pytest

from paddle_camp.commands import doctor
from paddle_camp.data.finding.sources import DATASETS
from paddle_camp.machine import OPTIMISATIONS
from paddle_camp.running import doctor as looked


def test_it_names_everything(capsys):
    assert doctor.main([]) == 0
    said = capsys.readouterr().out
    names = [line.split()[0] for line in said.splitlines() if line.split()[0] != "->"]
    assert {"python", "paddle", "numpy", "processor", "gpu", "threads", "fonts", "cache", "runs"} <= {*names}
    assert {*OPTIMISATIONS, *DATASETS} <= {*names}


def test_where_each_data_set_is_or_comes_from(no_data_places, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_OFFLINE", "0")
    here = no_data_places / "data" / "gtsrb" / "Final_Training"
    here.mkdir(parents=True)
    found = {each.what: each for each in looked.findings()}
    assert found["gtsrb"].found == f"{here.parent} (./data)" and not found["gtsrb"].cure
    assert "downloads it from http" in found["housing"].found
    assert found["ichallenge-pm"].cure == DATASETS["ichallenge-pm"].how_to_get


def test_an_optimisation_that_is_off_says_why(monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads")
    found = {each.what.strip(): each for each in looked.findings()}
    assert found["onednn"].found == "off: PADDLE_CAMP_TUNE=threads" and found["threads"].found


def test_no_paddle_is_exit_2_with_the_line_to_type(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError("No module named 'paddle'")

    monkeypatch.setattr(looked.importlib, "import_module", missing)
    assert doctor.main([]) == 2
    assert "-> pip install -e .[cpu]" in capsys.readouterr().out


@pytest.mark.parametrize("place", ["/dev/null/runs"])
def test_a_place_that_cannot_be_written(monkeypatch, place):
    monkeypatch.setattr(looked, "default_out", lambda: looked.Path(place))
    (runs,) = [each for each in looked.findings() if each.what == "runs"]
    assert runs.fatal and runs.cure == "--out DIR"
