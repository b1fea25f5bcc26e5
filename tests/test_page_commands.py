"""Every command of the pages: run where that is a matter of seconds, else at least parsed by its own parser."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.helpers.page_commands import PAGES, ROOT, SHELLS, Block, blocks, fault_of, inline_commands, unknown_names
from tools import run_homework

BLOCKS = [block for page in PAGES for block in blocks(page)]
COMMANDS = [block for block in BLOCKS if block.language in SHELLS]


def test_every_block_says_what_it_is():
    known = {*SHELLS, "python", "jinja"}
    assert [str(block) for block in BLOCKS if block.language not in known] == []
    assert len([block for block in COMMANDS if not block.skip]) >= 4


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_the_commands_of_a_block_are_those_that_there_are(block: Block):
    assert block.commands
    assert [fault for line in block.commands if (fault := fault_of(line))] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_in_the_text_are_those_that_there_are(page):
    assert [fault for line in inline_commands(page) if (fault := fault_of(line))] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_a_listing_is_python_and_uses_what_there_is(block: Block):
    assert unknown_names(block.text) == []


RUN = {block.text: block for block in COMMANDS if not block.skip}  # what stands on several pages runs once


@pytest.mark.parametrize("block", RUN.values(), ids=str)
def test_a_block_without_a_reason_runs(block: Block, tmp_path, monkeypatch):
    """In a folder that takes the runs: our own scripts in this process, which has loaded Paddle, the rest in bash."""
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "paddle-camp"
    start = "import sys, homework; sys.argv[0] = 'paddle-camp'; sys.exit(homework.main())"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    for line in block.commands:
        words = shlex.split(line, comments=True)
        if words[:2] == ["python", "tools/run_homework.py"]:
            assert run_homework.main(words[2:]) == 0, line
        else:
            done = subprocess.run(["bash", "-e", "-c", line], env=environment, capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, ""), line


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("python tools/run_homework.py 9-1 --quik", "unrecognized arguments: --quik"),
        ("python tools/run_homework.py 9-7 --quick", "no homework '9-7'"),
        ("python tools/run_homework.py 9-1 -o epochs=3", "no setting 'epochs'"),
        ("paddle-camp perdict runs/9-1/latest", "paddle-camp perdict"),
        ("paddle-camp predict runs/9-1/latest --csw x.csv", "unrecognized arguments: --csw"),
        ("python tools/nothing.py", "tools/nothing.py"),
        ("python -m paddle.distributed.launch --devices 0,1 tools/run_homework.py 9-1 --out", "expected one argument"),
        ("make toast", "toast"),
        ("pip install -e .[gpus]", "gpus"),
        ("rm -rf runs", "no program that the tests know"),
    ],
)
def test_a_wrong_command_would_be_found(line, says):
    assert says in fault_of(line)


def test_a_name_that_is_not_there_would_be_found():
    assert unknown_names("import paddle_camp\npaddle_camp.load_mnist(paddle_camp.load_mnits)") == ["load_mnits"]
