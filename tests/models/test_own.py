"""Networks of one's own from files: imported, seen by worker processes, and what is wrong with a file in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import joblib
import pytest

from paddle_camp.errors import SettingError
from paddle_camp.models import create_model, import_networks, list_models, own, registry

NETWORK = """
from paddle import nn
from paddle_camp import register_model

@register_model
def {name}(num_classes=2, in_channels=3):
    return nn.Linear(in_channels, num_classes)
"""


@pytest.fixture(autouse=True)
def forgotten_afterwards(monkeypatch):
    monkeypatch.setattr(registry, "_ENTRIES", registry.entries())
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv(own.VARIABLE, "")
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith(("own_", "beside_")):
            del sys.modules[name]


def write(folder, text, name="my_net.py"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_file_adds_its_networks(tmp_path, monkeypatch):
    write(tmp_path, NETWORK.format(name="mine") + NETWORK.format(name="mine_too"))
    monkeypatch.chdir(tmp_path)
    assert import_networks(["my_net.py"]) == ["mine", "mine_too"]
    assert {"mine", "mine_too"} < set(list_models())
    assert create_model("mine", num_classes=5).weight.shape == [3, 5]
    assert os.environ[own.VARIABLE] == str(tmp_path / "my_net.py")


def test_a_changed_file_is_imported_again(tmp_path):
    file = write(tmp_path, NETWORK.format(name="mine"))
    import_networks([file])
    file.write_text(NETWORK.format(name="mine").replace("nn.Linear(", "nn.Linear(1 + "), encoding="utf-8")
    assert import_networks([str(file)]) == ["mine"]
    assert create_model("mine").weight.shape == [4, 2]
    assert os.environ[own.VARIABLE] == str(file)


def test_files_of_one_name_are_two_modules_and_a_network_is_not_taken_over(tmp_path):
    one = write(tmp_path / "one", NETWORK.format(name="mine"))
    two = write(tmp_path / "two", NETWORK.format(name="yours"))
    assert import_networks([one, two]) == ["mine", "yours"]
    assert os.environ[own.VARIABLE] == f"{one}{os.pathsep}{two}"
    assert own.module_name(one) != own.module_name(two) and sys.modules[own.module_name(two)].yours is not None
    thief = write(tmp_path / "three", NETWORK.format(name="mine"))
    with pytest.raises(SettingError, match=rf"--import {thief}, line 5: a model named 'mine' is registered already"):
        import_networks([thief])


def test_a_file_may_import_what_lies_beside_it(tmp_path):
    write(tmp_path, NETWORK.format(name="mine"), "beside_my_net.py")
    file = write(tmp_path, "import beside_my_net")
    assert import_networks([file]) == ["mine"]
    assert import_networks([file]) == []  # the other one is not run again, and nothing is lost
    assert "mine" in list_models()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1\nx = = 2", "my_net.py, line 2: invalid syntax (SyntaxError)"),
        ("x = 1\n\ndef f():\n    return 1 / 0\n\nf()", "my_net.py, line 4: division by zero (ZeroDivisionError)"),
        ("import no_such_package", "my_net.py, line 1: No module named 'no_such_package' (ModuleNotFoundError)"),
        ("import sys\nsys.exit('usage: ...')", "my_net.py, line 2: usage: ... (SystemExit)"),
        ("raise ValueError", "my_net.py, line 1: ValueError"),
        ("raise ValueError('one\\ntwo')", "my_net.py, line 1: one (ValueError)"),
        ("def mine(num_classes=2):\n    pass", "my_net.py: registers no network: write @register_model above"),
        ("x\0", "my_net.py: source code string cannot contain null bytes"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, text, says):
    file = write(tmp_path, text)
    with pytest.raises(SettingError) as caught:
        import_networks([file])
    assert str(caught.value).startswith(f"--import {file}") and says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert os.environ[own.VARIABLE] == ""


def test_a_path_that_is_no_python_file_is_one_line(tmp_path):
    for path, says in (
        (tmp_path / "none.py", "no such file"),
        (tmp_path, "give a Python file"),
        (write(tmp_path, "", "my_net.txt"), "give a Python file"),
        (write(tmp_path / f"a{os.pathsep}b", ""), "move it to a path without"),
    ):
        with pytest.raises(SettingError) as caught:
            import_networks([path])
        assert str(caught.value).startswith(f"--import {path}: {says}")


def test_a_new_process_imports_what_the_environment_names(tmp_path):
    code = "import paddle_camp; print('mine' in paddle_camp.list_models())"
    for files, seen in ((str(write(tmp_path, NETWORK.format(name="mine"))), "True"), ("", "False")):
        options = {"env": os.environ | {own.VARIABLE: files}, "capture_output": True, "text": True, "timeout": 120}
        done = subprocess.run([sys.executable, "-c", code], **options)
        assert (done.returncode, done.stdout.strip()) == (0, seen), done.stderr


def test_the_workers_of_jobs_see_them(tmp_path):
    from joblib.externals.loky import get_reusable_executor

    import_networks([write(tmp_path, NETWORK.format(name="mine"))])
    get_reusable_executor().shutdown(wait=True)  # workers of another test were started before
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        shapes = joblib.Parallel(2)(joblib.delayed(shape_of_mine)(n) for n in (2, 3))
    get_reusable_executor().shutdown(wait=True)
    assert shapes == [[3, 2], [3, 3]]


def shape_of_mine(num_classes):
    return create_model("mine", num_classes=num_classes).weight.shape
