"""What Windows and macOS lack or do otherwise, on the system at hand: written for, not tested there.

Windows has no fcntl, no resource, no /proc, often no symbolic links, and renames over no file that somebody has open;
its consoles and its default encoding are cp936 in China. Both start processes afresh instead of forking.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from paddle_camp import files
from paddle_camp.errors import CampError
from paddle_camp.running.folder import alone_in, follow_latest, new_folder
from paddle_camp.running.options import Options
from tests.helpers import contract

WITHOUT = """
import os, pathlib, sys
import paddle_camp
import joblib, paddle, paddle.jit, matplotlib.pyplot, sklearn.metrics, scipy.stats  # these may use what they like
locked = []
class NoLinks(OSError): pass
def refuse(*arguments, **options): raise NoLinks(1, "no links here")
for name in ("fcntl", "resource", "pwd", "grp", "termios"): sys.modules[name] = None
msvcrt = type(sys)("msvcrt"); msvcrt.LK_NBLCK = 2; msvcrt.locking = lambda *arguments: locked.append(arguments)
sys.modules["msvcrt"] = msvcrt
for name in ("sched_getaffinity", "fork", "getuid", "geteuid", "killpg", "statvfs", "getloadavg"): delattr(os, name)
os.symlink = os.link = refuse
read = pathlib.Path.read_text
def read_text(self, *arguments, **options):
    if str(self).startswith(("/proc", "/sys")): raise FileNotFoundError(str(self))
    return read(self, *arguments, **options)
pathlib.Path.read_text = read_text
from homework import main
status = main()
assert locked or "--quick" not in sys.argv
sys.exit(status)
"""


def as_on_windows(*arguments: str, encoding: str = "cp936") -> subprocess.CompletedProcess:
    """A command without what Windows lacks; its output in cp936, and a complaint where a file's encoding is unsaid."""
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONWARNDEFAULTENCODING": "1"}
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, timeout=300)


def test_a_run_and_what_comes_after_it(tmp_path):
    out = ["--device", "cpu", "--out", str(tmp_path)]
    done = as_on_windows("run", "4-1", "--quick", "--data", "synthetic", *out)
    said = done.stderr.decode("cp936")
    assert done.returncode == 0, said
    assert "作业4-1" in done.stdout.decode("cp936")
    complaints = re.findall(r"[\w/]*(?:paddle_camp|homework)/\S+: EncodingWarning", said)
    assert not complaints
    latest = tmp_path / "4-1" / "latest"
    assert latest.is_file() and not latest.is_symlink()
    run = follow_latest(latest)
    assert contract.metrics_of(run)["status"] == "done" and all((run / name).is_file() for name in contract.FILES)
    assert not [name for path in run.rglob("*") if refused(name := path.relative_to(run).as_posix())]
    compare = ["compare", str(tmp_path), "--out", str(tmp_path / "all.html")]
    for command in (["verify", str(latest)], ["run", "--render", str(latest)], compare):
        after = as_on_windows(*command)
        assert after.returncode == 0, after.stderr.decode("cp936")


def test_no_name_that_windows_refuses_is_in_the_repository():
    root = Path(__file__).parents[2]
    names = [path.relative_to(root).as_posix() for path in root.rglob("*") if not hidden(path.relative_to(root))]
    assert len(names) > 300 and not [name for name in names if refused(name)]
    assert len({name.lower() for name in names}) == len(names)


def hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in ("__pycache__", "build", "runs") for part in path.parts)


RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def refused(name: str) -> bool:
    parts = name.split("/")
    return any(re.search(r'[<>:"\\|?*\x00-\x1f]|[. ]$', part) or RESERVED.fullmatch(part) for part in parts)


@pytest.mark.parametrize(("name", "is_refused"), [("a/aux.py", True), ("a:b", True), ("a.", True), ("aux_", False)])
def test_the_rule_itself(name, is_refused):
    assert refused(name) == is_refused


def test_a_file_that_is_open_for_a_moment_is_replaced_all_the_same(tmp_path, monkeypatch):
    replace, tries = os.replace, []

    def busy(source, target):
        tries.append(target)
        if len(tries) < 3:
            raise PermissionError(13, "The process cannot access the file")
        replace(source, target)

    monkeypatch.setattr(files, "WAITS", (0.001,) * 3)
    monkeypatch.setattr(os, "replace", busy)
    files.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new" and len(tries) == 3
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(PermissionError(13, "open for good")))
    with pytest.raises(PermissionError):
        files.write_text(tmp_path / "a.txt", "newer")
    assert os.listdir(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "new"


def test_latest_moves_on_where_no_link_can_be_renamed_over(tmp_path, monkeypatch):
    """Windows with links allowed: MoveFileEx replaces no link to a folder."""
    replace = os.replace

    def refuse(source, target):
        if Path(target).is_symlink():
            raise PermissionError(13, "Access is denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    runs = [new_folder("9-1", Options(out=str(tmp_path))) for _ in range(2)]
    assert (tmp_path / "9-1" / "latest").resolve() == runs[1]
    assert sorted(os.listdir(tmp_path / "9-1")) == sorted([*(run.name for run in runs), "latest"])


def test_a_folder_called_latest_stays(tmp_path):
    (tmp_path / "9-1" / "latest").mkdir(parents=True)
    new_folder("9-1", Options(out=str(tmp_path)))
    assert (tmp_path / "9-1" / "latest").is_dir() and not (tmp_path / "9-1" / "latest").is_symlink()
    assert len(os.listdir(tmp_path / "9-1")) == 2


def test_without_fcntl_a_run_is_locked_by_msvcrt(tmp_path, monkeypatch):
    held: list[int] = []

    def locking(descriptor, mode, count):
        assert (mode, count) == (2, 1)
        if held:
            raise PermissionError(13, "Permission denied")
        held.append(descriptor)

    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(LK_NBLCK=2, locking=locking))
    with alone_in(tmp_path), pytest.raises(CampError, match="still going in another process"), alone_in(tmp_path):
        pass
    assert len(held) == 1
