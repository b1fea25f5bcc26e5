"""Tab completion, in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import homework
from paddle_camp.commands import completion, main


def saved_script(tmp_path: Path) -> Path:
    path = tmp_path / "completion.sh"
    path.write_text(completion.script(homework.CATALOGUE, main.COMMANDS), encoding="utf-8")
    return path


def answer(tmp_path: Path, *typed: str) -> list[str]:
    """What bash offers for the last word, which is typed in part."""
    words = " ".join(f'"{word}"' for word in typed)
    ask = f'COMP_WORDS=({words}); COMP_CWORD={len(typed) - 1}; _paddle_camp; echo "${{COMPREPLY[@]}}"'
    command = ["bash", "--norc", "-c", f". {saved_script(tmp_path)}; {ask}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("paddle-camp", "r"), ["run"]),
        (("paddle-camp", "run", "9-"), ["9-1", "9-2"]),
        (("paddle-camp", "run", "9-1", "--vis"), ["--visualdl"]),
        (("paddle-camp", "run", "ke"), ["keras"]),
        (("paddle-camp", "run", "9-1", "--data", ""), ["auto", "real", "synthetic"]),
        (("paddle-camp", "predict", "--tt"), ["--tta"]),
        (("paddle-camp", "predict", "9-"), []),  # a run's folder: the shell's own names of files
        (("paddle-camp", "list", ""), []),
    ],
)
def test_bash_offers_commands_ids_options_and_values(typed, offered, tmp_path):
    assert answer(tmp_path, *typed) == offered


def test_every_command_and_assignment_is_offered(tmp_path):
    assert answer(tmp_path, "paddle-camp", "") == list(main.COMMANDS)
    assert set(homework.CATALOGUE.assignments) <= set(answer(tmp_path, "paddle-camp", "run", ""))


def test_the_command_prints_the_script(capsys):
    assert main.main(homework.CATALOGUE, ["completion"]) == 0
    assert capsys.readouterr().out == completion.script(homework.CATALOGUE, main.COMMANDS)


@pytest.mark.parametrize("shell", [["bash", "--norc", "-i"], ["zsh", "-f", "-i"]], ids=lambda shell: shell[0])
def test_the_tab_key_completes(shell, tmp_path):
    """A terminal, a shell, and the key; what is completed is echoed by a function in the command's place."""
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    script = saved_script(tmp_path)
    process, terminal = pty.fork()
    if process == 0:
        os.environ |= {"HOME": str(tmp_path), "TERM": "dumb"}
        os.execvp(shell[0], shell)
    try:
        os.write(terminal, f". {script}; paddle-camp() {{ echo got:$2:; }}; echo rea''dy\n".encode())
        read_until(terminal, "ready\r")
        os.write(terminal, b"paddle-camp run car-b\t\n")
        assert "got:car-buyers:" in read_until(terminal, "got:")
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def read_until(terminal: int, text: str, seconds: float = 20) -> str:
    """What the terminal shows up to the end of the line with ``text``."""
    said, end = "", time.monotonic() + seconds
    while time.monotonic() < end and "\n" not in said.partition(text)[2]:
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 4096).decode(errors="replace")
    return said
