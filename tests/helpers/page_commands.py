"""The fenced blocks of the Markdown pages, and the commands in them held against the programs that they call."""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.util
import io
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import homework
import paddle_camp
from paddle_camp.commands import main
from paddle_camp.commands.completion import module_of
from paddle_camp.running.settings import override

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "data/README.md")
PAGES += tuple(sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
SHELLS = ("bash", "console")
NOT_OURS = ("visualdl", "apt", "git", "cd", "export", ".", "python -m venv", "pre-commit")  # only named, never run here
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`!?((?:python tools/|paddle-camp |python -m paddle|pip install |make )[^`]*)`")
_SKIP = re.compile(r'(\w+) skip="([^"]+)"')


class Block(NamedTuple):
    """A fenced block: ``skip`` is the reason why it cannot run in a test, from ```` ```bash skip="..." ````."""

    page: str
    line: int
    language: str
    skip: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its commands, without prompts, comments and what a console shows of the output."""
        lines = self.text.splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.startswith("#")]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        marked = _SKIP.fullmatch(match[1])
        language, skip = marked.groups() if marked else (match[1], "")
        found.append(Block(page, text[: match.start()].count("\n") + 1, language, skip, match[2]))
    return found


def inline_commands(page: str) -> list[str]:
    """The whole commands between backticks outside of blocks; one with a placeholder such as RUN or ... is none."""
    text = _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return [found for found in _INLINE.findall(text) if not re.search(r"…|\.\.\.|\b[A-Z]{2,}\b(?!=)|\|", found)]


def fault_of(line: str) -> str:
    """What is wrong with a command by the parser of its program; empty if nothing is."""
    for command in re.split(r"\s+&&\s+", line):
        words = shlex.split(command, comments=True)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                _check(words)
            except SystemExit as error:
                if error.code:
                    return f"{command}: {said.getvalue().strip().splitlines()[-1:] or error.code}"
            except Exception as error:
                return f"{command}: {error}"
    return ""


def _check(words: list[str]) -> None:
    """Raise if a command names a program, target, option, ID or setting that is not there."""
    text = " ".join(words)
    if "paddle.distributed.launch" in words:
        words = ["python", *words[next(i for i, word in enumerate(words) if word.endswith(".py")) :]]
    if text.startswith(NOT_OURS):
        return
    if words[0] == "make":
        target = next(word for word in words[1:] if "=" not in word)
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE), target
    elif words[:2] == ["pip", "install"] or words[:2] == ["pip", "uninstall"]:
        extras = re.findall(r"\.\[([\w,-]+)\]", text)
        known = re.findall(r"^([\w-]+) =$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE)
        assert {name for each in extras for name in each.split(",")} <= set(known), extras
    elif words[0] == "eval":
        _check(shlex.split(re.fullmatch(r"\$\((.*)\)", words[1])[1]))
    elif words[0] == "paddle-camp":
        _check_ours(words[1], words[2:])
    elif words[0] == "python" and words[1] in ("tools/run_homework.py", "tools/predict.py"):
        _check_ours({"run_homework": "run", "predict": "predict"}[Path(words[1]).stem], words[2:])
    elif words[0] == "python" and words[1].startswith("tools/"):
        assert (ROOT / words[1]).is_file(), words[1]
    else:
        raise AssertionError("no program that the tests know")


def _check_ours(command: str, arguments: list[str]) -> None:
    assert command in main.COMMANDS, f"paddle-camp {command}"
    name = module_of(command)
    if importlib.util.find_spec(name) is None or not hasattr(importlib.import_module(name), "build_parser"):
        assert arguments == []
        return
    parser = importlib.import_module(name).build_parser()
    if arguments:  # the bare command in a sentence stands for itself
        _check_settings(parser.parse_args(arguments))


def _check_settings(parsed: argparse.Namespace) -> None:
    """The IDs are assignments, and the settings theirs; ``coin-flips`` is that of the guide."""
    for name in homework.CATALOGUE.expand([each for each in getattr(parsed, "ids", []) if each != "coin-flips"]):
        page = homework.CATALOGUE.load(name)
        if not parsed.imports:
            override(page.Settings(), parsed.overrides)


def unknown_names(source: str) -> list[str]:
    """Names of ``paddle_camp`` that a listing of Python uses and that are not there; raises if it is no Python."""
    tree = ast.parse(source)
    ours = {"paddle_camp", "camp"}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return [node.attr for node in used if node.value.id in ours and not hasattr(paddle_camp, node.attr)]
