"""CPU settings before paddle loads: what is set, what is left alone, what is printed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from paddle_camp import machine

VARIABLES = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "PADDLE_CAMP_TUNE")


@pytest.fixture
def bare(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(machine, "_keep_freed_memory", lambda: True)
    return monkeypatch


def test_all_optimisations_on_an_amd_machine(bare):
    bare.setattr(machine, "is_amd", lambda: True)
    bare.setattr(machine, "physical_cores", lambda: 6)
    assert machine.tune_cpu() == ["threads", "blas", "allocator"]
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_DEBUG_CPU_TYPE"]) == ("6", "5")


def test_the_blas_path_is_left_alone_elsewhere(bare):
    bare.setattr(machine, "is_amd", lambda: False)
    assert "blas" not in machine.tune_cpu()
    assert "MKL_DEBUG_CPU_TYPE" not in os.environ


def test_what_the_user_set_stays(bare):
    bare.setattr(machine, "is_amd", lambda: True)
    bare.setenv("OMP_NUM_THREADS", "1")
    bare.setenv("MKL_DEBUG_CPU_TYPE", "4")
    assert machine.tune_cpu() == ["allocator"]
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_DEBUG_CPU_TYPE"]) == ("1", "4")


@pytest.mark.parametrize(
    ("value", "expected"), [("0", []), ("threads", ["threads"]), ("blas,allocator", ["allocator"])]
)
def test_optimisations_can_be_turned_off(bare, value, expected):
    bare.setattr(machine, "is_amd", lambda: False)
    bare.setenv("PADDLE_CAMP_TUNE", value)
    assert machine.tune_cpu() == expected


def test_an_optimisation_that_is_gone_is_ignored_with_one_line(tmp_path):
    environment = os.environ | {"PADDLE_CAMP_TUNE": "threads,bias,pool"}
    script = "import paddle_camp, sys; print(paddle_camp.TUNED)"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if "PADDLE_CAMP_TUNE" in line]
    assert line.startswith("PADDLE_CAMP_TUNE: there is no bias, pool (any more); there are threads, blas, allocator")


def test_malloc_settings_of_the_user_stay(monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert machine._keep_freed_memory() is False


def test_hyper_threads_count_once(monkeypatch, tmp_path):
    real = machine.Path

    def fake(path):
        text = str(path)
        return real(tmp_path / text.removeprefix("/sys/")) if text.startswith("/sys/") else real(path)

    for cpu, core in enumerate((0, 1, 0, 1)):
        folder = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "core_id").write_text(f"{core}\n")
        (folder / "physical_package_id").write_text("0\n")
    monkeypatch.setattr(machine, "Path", fake)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    assert machine.physical_cores() == 2
    quota = tmp_path / "fs/cgroup/cpu.max"
    quota.parent.mkdir(parents=True)
    for text, expected in (("max 100000", 2), ("150000 100000", 1), ("800000 100000", 2), ("50000 100000", 1)):
        quota.write_text(text)
        assert machine.physical_cores() == expected, text
    quota.unlink()  # cgroup version 1
    (tmp_path / "fs/cgroup/cpu").mkdir()
    (tmp_path / "fs/cgroup/cpu/cpu.cfs_period_us").write_text("100000\n")
    for text, expected in (("-1\n", 2), ("150000\n", 1), ("800000\n", 2)):
        (tmp_path / "fs/cgroup/cpu/cpu.cfs_quota_us").write_text(text)
        assert machine.physical_cores() == expected, text


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    bare = {key: value for key, value in os.environ.items() if key not in VARIABLES} | environment
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=bare)


def test_start_up_is_silent_and_tuned():
    """Paddle warns of any thread count but 1; that warning is no news to somebody who set it on purpose."""
    code = "import paddle_camp, paddle, os; print(os.environ['OMP_NUM_THREADS'])"
    done = python(code, PADDLE_CAMP_TUNE="threads")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.strip() == str(machine.physical_cores())


def test_importing_the_package_alone_loads_no_paddle():
    """It sets the environment; Paddle loads with the first room that computes."""
    done = python("import sys, paddle_camp; print('paddle' in sys.modules, bool(paddle_camp.TUNED))")
    assert done.stdout.split() == ["False", "True"], done.stderr


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
    done = python("import paddle_camp, paddle", PYTHONPATH=os.pathsep.join([str(tmp_path), os.getcwd()]))
    assert done.returncode == 0
    assert "OMP_NUM_THREADS" not in done.stderr
    assert "your driver is too old" in done.stderr and "this wheel is broken" in done.stderr


def test_a_notebook_that_imported_paddle_first_gets_one_line():
    done = python("import paddle, sys; sys.stderr.flush(); import paddle_camp")
    hints = [line for line in done.stderr.splitlines() if "import it before paddle" in line]
    assert len(hints) == 1 and "restart the kernel" in hints[0]
