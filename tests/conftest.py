"""What every test gets: the package before paddle, a cache of its own, and the real data where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread each
    os.environ["OMP_NUM_THREADS"] = "1"  # whatever the first process has set for itself

from paddle_camp import runtime  # the package tunes the CPU, which works only before anything imports paddle

runtime.choose_device("cpu")  # the tests that compare bits hold for CPUs: cuDNN may choose another algorithm each time
TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
# The folders and files of the unit tests: nothing that starts runs in other processes or trains for long.
UNIT = (
    *("answers/", "collecting/test_verifying.py", "data/", "networks/", "plots/", "running/", "training/"),
    *("models/test_layers.py", "models/test_registry.py", "predicting/test_predict_errors.py"),
    "pretrained/test_finding.py",
    *("speed/test_cudnn.py", "speed/test_feeding.py", "speed/onednn/"),
    *("homework/test_1", "homework/test_2_1", "homework/test_3", "homework/test_7"),
    *(
        "test_architecture.py",
        "test_calibration.py",
        "test_history.py",
        "test_metrics.py",
        "test_notebook.py",
        "test_packaging.py",
    ),
    "test_pages.py",
    *("test_runtime.py", "tools/test_benchmark_groups.py"),
)


@pytest.hookimpl(tryfirst=True)  # before -m chooses among the tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the unit tests."""
    for item in items:
        path = item.path.relative_to(TESTS).as_posix()
        if path.startswith(UNIT) and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.unit)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Decoded pictures go to a directory of this test session, never to the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_CAMP_CACHE", str(cache))
        patch.setenv("PADDLE_CAMP_OFFLINE", "1")  # no test depends on a mirror
        patch.setenv("PADDLE_CAMP_FIGURES", "en")  # nor on the fonts of the machine
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
def no_data_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data but where a test puts them: not in the environment, the current directory, or the usual places."""
    from dataclasses import replace

    from paddle_camp.data.finding import sources

    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("PADDLE_CAMP_DATA", raising=False)
    monkeypatch.setattr(sources, "PROJECT_DATA", tmp_path / "project" / "data")
    for name, known in sources.DATASETS.items():
        monkeypatch.setitem(sources.DATASETS, name, replace(known, places=()))
    return here


@pytest.fixture(scope="module")
def toy_in_the_zoo() -> Iterator[None]:
    """One more network, ``toy``, for runs whose network does not matter."""
    from paddle_camp.models import registry
    from paddle_camp.preprocessing import PICTURES
    from tests.helpers.toys import toy

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._ENTRIES, "toy", registry.Entry(toy, PICTURES, takes_image_size=False))
        yield


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A miniature iChallenge-PM in folders, as the course unpacks it."""
    from tests.helpers.fundus_files import write_folders

    return write_folders(tmp_path / "folders")
