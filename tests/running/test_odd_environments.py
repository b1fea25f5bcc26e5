"""Homes that cannot be written, numbers and names that nothing takes, and configurations of other types."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

import pytest

from paddle_camp.data.finding import cache
from paddle_camp.errors import CampError
from paddle_camp.files import write_sealed
from paddle_camp.running import again
from paddle_camp.running.options import Options
from paddle_camp.running.ranges import HyperParameters
from paddle_camp.running.resuming import find_resumable, read_config


@pytest.mark.parametrize("home", ["/dev/null/home", "file"])
def test_a_home_that_cannot_be_written(tmp_path, monkeypatch, caplog, home):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PADDLE_CAMP_CACHE")
    monkeypatch.setenv("HOME", home if home[0] == "/" else str(tmp_path / home))
    folder = cache.default_cache_dir()
    (folder / "x").write_text("can be written")
    assert cache.default_cache_dir() == folder  # all of a run's files in one place
    assert caplog.text.count("set $PADDLE_CAMP_CACHE") == 1


def test_a_seed_of_thirty_digits():
    with pytest.raises(CampError, match="--seed 123456789012...: give 2,147,483,647 at most"):
        Options(seed=int("123456789012345678901234567890"))
    assert Options(seed=2**31 - 1).seed == 2**31 - 1


@pytest.mark.parametrize("name", ["out", "resume", "config", "data_dir"])
@pytest.mark.parametrize("path", ["x" * 300, "runs/" + "字" * 100, "a\0b"])
def test_a_name_that_no_file_system_takes(name, path):
    with pytest.raises(CampError, match="longer than 255 bytes, or has a zero byte") as caught:
        Options(**{name: path})
    assert f"--{name.replace('_', '-')}" in str(caught.value) and len(str(caught.value)) < 600


@dataclass(frozen=True)
class Settings(HyperParameters):
    rate: float = 0.1
    layers: tuple[int, ...] = (4, 5)
    word: str | None = None


ODD = [None, True, -1, 1e308, 10**400, "", "x", [], [[]], {}, {"a": None}, float("nan"), "\ud800", "a\0b", "y" * 5000]
CONFIG = {
    "homework": "1-1",
    "settings": {"rate": 0.2, "layers": [3], "word": "a"},
    "options": {"seed": 3, "amp": False, "data": "auto", "data_dir": None, "device": "cpu", "overrides": [], "jobs": 1},
    "data": {"name": "x", "origin": "real", "path": "/x", "counts": {"train": 1}, "fingerprint": "f"},
    "weights": {},
}


def mutant(rng: random.Random) -> dict:
    value = json.loads(json.dumps(CONFIG))
    for _ in range(rng.randint(1, 3)):
        place = value
        while True:
            key = rng.choice(list(place))
            if isinstance(place[key], dict) and place[key] and rng.random() < 0.8:
                place = place[key]
                continue
            break
        if rng.random() < 0.2:
            del place[key]
        else:
            place[key] = rng.choice(ODD)
        if not place or not value:
            break
    return value


@pytest.mark.parametrize("seed", range(4))
def test_configurations_of_other_types_are_taken_or_one_error(tmp_path, seed, capsys):
    rng, taken = random.Random(seed), 0
    for number in range(200):
        value = mutant(rng)
        folder = tmp_path / str(number)
        folder.mkdir()
        file = folder / "config.json"
        file.write_text(json.dumps(value), encoding="utf-8")
        try:
            again.homework_of(str(file), [])
            settings = again.settings_of(str(file), Settings)
            again.options_of(str(file), Options())
            again.fingerprint_of(str(file))
        except CampError as error:
            assert "\n" not in str(error)
        else:
            taken += 1
            assert type(settings.rate) is float and all(type(each) is int for each in settings.layers)
        try:
            write_sealed(file, value)
        except ValueError:  # NaN, which no run writes
            continue
        try:
            read_config(find_resumable("1-1", Options(resume=str(folder))), Options())
        except CampError as error:
            assert "\n" not in str(error)
    assert 0 < taken < 200
