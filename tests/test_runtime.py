"""CPU settings before paddle loads: what is set, what is left alone, what is printed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from paddle_camp import runtime
from paddle_camp.errors import CampError

LEVERS = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "PADDLE_CAMP_TUNE")


@pytest.fixture
def bare(monkeypatch):
    for name in LEVERS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(runtime, "_keep_freed_memory", lambda: True)
    return monkeypatch


def test_all_levers_on_an_amd_machine(bare):
    bare.setattr(runtime, "is_amd", lambda: True)
    bare.setattr(runtime, "physical_cores", lambda: 6)
    assert runtime.tune_cpu() == ["threads", "blas", "allocator"]
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_DEBUG_CPU_TYPE"]) == ("6", "5")


def test_the_blas_path_is_left_alone_elsewhere(bare):
    bare.setattr(runtime, "is_amd", lambda: False)
    assert "blas" not in runtime.tune_cpu()
    assert "MKL_DEBUG_CPU_TYPE" not in os.environ


def test_what_the_user_set_stays(bare):
    bare.setattr(runtime, "is_amd", lambda: True)
    bare.setenv("OMP_NUM_THREADS", "1")
    bare.setenv("MKL_DEBUG_CPU_TYPE", "4")
    assert runtime.tune_cpu() == ["allocator"]
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_DEBUG_CPU_TYPE"]) == ("1", "4")


@pytest.mark.parametrize(
    ("value", "expected"), [("0", []), ("threads", ["threads"]), ("blas,allocator", ["allocator"])]
)
def test_levers_can_be_turned_off(bare, value, expected):
    bare.setattr(runtime, "is_amd", lambda: False)
    bare.setenv("PADDLE_CAMP_TUNE", value)
    assert runtime.tune_cpu() == expected


def test_malloc_settings_of_the_user_stay(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert runtime._keep_freed_memory() is False


def test_hyper_threads_count_once(monkeypatch, tmp_path):
    real = runtime.Path

    def fake(path):
        text = str(path)
        return real(tmp_path / text.removeprefix("/sys/")) if text.startswith("/sys/") else real(path)

    for cpu, core in enumerate((0, 1, 0, 1)):
        folder = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "core_id").write_text(f"{core}\n")
        (folder / "physical_package_id").write_text("0\n")
    monkeypatch.setattr(runtime, "Path", fake)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    assert runtime.physical_cores() == 2
    quota = tmp_path / "fs/cgroup/cpu.max"
    quota.parent.mkdir(parents=True)
    for text, expected in (("max 100000", 2), ("150000 100000", 1), ("800000 100000", 2), ("50000 100000", 1)):
        quota.write_text(text)
        assert runtime.physical_cores() == expected, text
    quota.unlink()  # cgroup version 1
    (tmp_path / "fs/cgroup/cpu").mkdir()
    (tmp_path / "fs/cgroup/cpu/cpu.cfs_period_us").write_text("100000\n")
    for text, expected in (("-1\n", 2), ("150000\n", 1), ("800000\n", 2)):
        (tmp_path / "fs/cgroup/cpu/cpu.cfs_quota_us").write_text(text)
        assert runtime.physical_cores() == expected, text


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    bare = {key: value for key, value in os.environ.items() if key not in LEVERS} | environment
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=bare)


def test_start_up_is_silent_and_tuned():
    """Paddle warns of any thread count but 1; that warning is no news to somebody who set it on purpose."""
    code = "import paddle_camp, paddle, os; print(os.environ['OMP_NUM_THREADS'])"
    done = python(code, PADDLE_CAMP_TUNE="threads")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip() == str(runtime.physical_cores())


def test_what_is_logged_reaches_the_user():
    """Paddle sets up loggers, the root one too, while its warnings at start-up are caught."""
    lines = ["import logging, paddle_camp, paddle", "print(logging.root.handlers, logging.root.level)"]
    lines += [f"logging.getLogger({name!r}).warning('from ' + {name!r})" for name in ("own", "paddle.base.backward")]
    done = python("\n".join(lines))
    assert done.stdout.split() == ["[]", "30"]
    assert "from own" in done.stderr and "from paddle.base.backward" in done.stderr


def test_other_warnings_of_paddle_are_not_silenced(tmp_path):
    package = tmp_path / "paddle"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import sys, warnings\n"
        "print('WARNING: OMP_NUM_THREADS set to 2, not 1. ...', file=sys.stderr)\n"
        "print('your driver is too old', file=sys.stderr)\n"
        "warnings.warn('this wheel is broken')\n"
    )
    done = python("from paddle_camp import TUNED", PYTHONPATH=os.pathsep.join([str(tmp_path), os.getcwd()]))
    assert done.returncode == 0
    assert "OMP_NUM_THREADS" not in done.stderr
    assert "your driver is too old" in done.stderr and "this wheel is broken" in done.stderr


def test_a_notebook_that_imported_paddle_first_gets_one_line():
    done = python("import paddle, sys; sys.stderr.flush(); import paddle_camp")
    hints = [line for line in done.stderr.splitlines() if "import it before paddle" in line]
    assert len(hints) == 1


def test_a_gpu_that_is_not_there_is_one_line():
    import paddle

    if paddle.device.is_compiled_with_cuda():
        pytest.skip("this paddle is a GPU build")
    with pytest.raises(CampError, match="CPU build; for a GPU type: pip install -e"):
        runtime.choose_device("gpu")
    assert runtime.choose_device("auto") == "cpu"


def test_the_environment_record_names_versions_and_processor():
    record = runtime.environment()
    assert record["cpu"] and record["physical_cores"] >= 1
    assert {"numpy", "matplotlib"} <= set(record["versions"])


@pytest.mark.parametrize(
    ("device", "tune", "expected"),
    [("gpu:0", None, True), ("cpu", None, False), ("gpu:0", "threads", False), ("gpu:0", "autotune", True)],
)
def test_cudnn_searches_its_algorithms_on_a_gpu(monkeypatch, device, tune, expected):
    flags = {}
    monkeypatch.setattr("paddle.get_device", lambda: device)
    monkeypatch.setattr("paddle.set_flags", flags.update)
    monkeypatch.setattr("paddle.get_flags", lambda names: dict.fromkeys(names, False))
    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    if tune:
        monkeypatch.setenv("PADDLE_CAMP_TUNE", tune)
    assert runtime.search_algorithms() is expected
    assert flags == ({"FLAGS_cudnn_exhaustive_search": True} if expected else {})
    runtime.stop_searching()
    assert flags == {"FLAGS_cudnn_exhaustive_search": False}


@pytest.mark.parametrize("flag", ["FLAGS_cudnn_exhaustive_search", "FLAGS_cudnn_deterministic"])
@pytest.mark.parametrize("way", ["environment", "set_flags"])
def test_a_choice_of_the_user_stands(monkeypatch, flag, way):
    monkeypatch.setattr("paddle.get_device", lambda: "gpu:0")
    monkeypatch.setattr("paddle.set_flags", lambda flags: pytest.fail(f"{flags} set against the user's choice"))
    monkeypatch.setattr("paddle.get_flags", lambda names: {name: name == flag for name in names})
    if way == "environment":
        monkeypatch.setattr("paddle.get_flags", lambda names: dict.fromkeys(names, False))
        monkeypatch.setenv(flag, "0")
    assert runtime.search_algorithms() is False
