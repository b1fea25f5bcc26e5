"""What every test gets: the package before paddle, a cache of its own, and the real data where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread each
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from paddle_camp import runtime  # the package tunes the CPU, which works only before anything imports paddle

runtime.choose_device("cpu")  # the tests that compare bits hold for CPUs: cuDNN may choose another algorithm each time
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Decoded pictures go to a directory of this test session, never to the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_CAMP_CACHE", str(cache))
        patch.setenv("PADDLE_CAMP_OFFLINE", "1")  # no test depends on a mirror
        yield cache


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The directory with one folder per real data set; the test is skipped where there is none."""
    named = os.environ.get("PADDLE_CAMP_DATA")
    place = Path(named) if named else ROOT.parent / "shared" / "data"
    if not place.is_dir() or not any(entry.is_dir() for entry in place.iterdir()):
        pytest.skip(f"no real data in {place}: set PADDLE_CAMP_DATA to a directory with one folder per data set")
    return place.resolve()


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of decoded pictures for one test."""
    monkeypatch.setenv("PADDLE_CAMP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A miniature iChallenge-PM in folders, as the course unpacks it."""
    from tests.helpers.fundus_files import write_folders

    return write_folders(tmp_path / "folders")
