"""The walls of the house, held by reading the source: who imports whom, how long a page is, what is documented."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("paddle_camp", "homework", "tools")
FILES = sorted(path.relative_to(ROOT).as_posix() for room in ROOMS for path in ROOT.glob(f"{room}/**/*.py"))
MAX_FILE, MAX_FUNCTION = 260, 60  # lines; the usual file stays under 200 and the usual function at about 10

LIBRARY, HOMEWORK, ONE_HOMEWORK = r"paddle_camp(\..*)?", r"homework(\..*)?", r"homework\.hw\w+"
LOOP, MODELS, READERS = (rf"paddle_camp\.{name}(\..*)?" for name in ("(training|fitting)", "models", "readers"))
PADDLE_FREE = r"paddle_camp\.(plots\w*|report\w*|history|settings|series|files|errors)"

TORCH_WORKER = r"tools\.benchmarks\.(torch_\w+|timing|op_times)"

# (who, may not import whom, why); the patterns match a module's whole dotted name.
WALLS = [
    (LIBRARY, r"(homework|tools)(\..*)?", "the library knows no homework and no tool"),
    (HOMEWORK, r"tools(\..*)?", "a homework knows no tool"),
    (ONE_HOMEWORK, ONE_HOMEWORK, "no homework imports another"),
    (LOOP, f"{MODELS}|{READERS}", "the loop works with any network and any batches"),
    (MODELS, f"{LOOP}|{READERS}", "a network knows no loop and no data"),
    (READERS, f"{LOOP}|{MODELS}", "a reader knows no loop and no network"),
    (PADDLE_FREE, r"paddle(\..*)?", "works where there is no paddle"),
    (TORCH_WORKER, r"(paddle|paddle_camp)(\..*)?", "PyTorch is measured in a process that has nothing else"),
    (r"tools\.benchmarks\.course", LIBRARY, "the course's script is measured without anything of ours"),
]
# Here only what runs at import counts: a listing or --help must not wait for paddle.
QUICK_MODULES = (
    *("homework", "tools", "tools.run_homework", "tools.predict", "tools.reporting", "tools.benchmark"),
    *(f"tools.benchmarks.{name}" for name in ("bench", "contest", "groups", "groups_course", "groups_speed", "growth")),
    *("tools.benchmarks.tables", "tools.benchmarks.timing"),
)
# Importing anything of paddle_camp runs its __init__, and that loads paddle.
SLOW_IMPORTS = r"(paddle|paddle_camp)(\..*)?"


def module_name(path: str) -> str:
    """``paddle_camp/models/__init__.py`` -> ``paddle_camp.models``."""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imported(node: ast.AST, path: str) -> Iterator[str]:
    """The dotted names that an import statement may load; ``from a import b`` gives ``a`` and ``a.b``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            folder = path.split("/")[: -node.level]
            base = ".".join([*folder, base] if base else folder)
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def top_level(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a module that run when it is imported: everything outside of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from top_level(child)


def import_faults(path: str, tree: ast.Module) -> Iterator[str]:
    me = module_name(path)
    at_import = set(top_level(tree))
    for node in ast.walk(tree):
        names = set(imported(node, path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"{path}:{node.lineno}: star import"
        for who, whom, why in WALLS:
            if re.fullmatch(who, me) and any(re.fullmatch(whom, name) for name in names):
                yield f"{path}:{node.lineno}: imports {min(names)}: {why}"
        if me in QUICK_MODULES and node in at_import and any(re.fullmatch(SLOW_IMPORTS, name) for name in names):
            yield f"{path}:{node.lineno}: imports {min(names)} at the top: --help and --list must not load paddle"


def length_faults(path: str, tree: ast.Module, lines: int) -> Iterator[str]:
    if lines > MAX_FILE:
        yield f"{path}: {lines} lines, {MAX_FILE} at most"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, {MAX_FUNCTION} at most"


def docstring_faults(path: str, tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield f"{path}: no docstring"
    if not path.startswith("paddle_camp/"):
        return
    for node in tree.body:
        public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name} is public and has no docstring"


def faults(path: str, source: str) -> list[str]:
    """Everything that the file at ``path`` (relative to the root, with slashes) does against the rules."""
    tree = ast.parse(source)
    return [
        *import_faults(path, tree),
        *length_faults(path, tree, len(source.splitlines())),
        *docstring_faults(path, tree),
    ]


@pytest.mark.parametrize("path", FILES)
def test_file_keeps_the_rules(path: str):
    assert faults(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_every_room_was_read():
    assert {path.split("/")[0] for path in FILES} == set(ROOMS)


DOC = '"""A page."""\n'


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("paddle_camp/models/lenet.py", DOC + "from paddle_camp.readers import batches", "a network knows"),
        ("paddle_camp/models/lenet.py", DOC + "from ..training import fit", "a network knows"),
        ("paddle_camp/readers/mnist.py", DOC + "from paddle_camp import models", "a reader knows"),
        ("paddle_camp/training.py", DOC + "def _f():\n    import paddle_camp.readers.batches", "the loop works"),
        ("paddle_camp/training.py", DOC + "from .models import resnet", "the loop works"),
        ("paddle_camp/plots.py", DOC + "import paddle.nn as nn", "no paddle"),
        ("paddle_camp/history.py", DOC + "def _f():\n    from paddle import nn", "no paddle"),
        ("paddle_camp/metrics.py", DOC + "import homework", "knows no homework"),
        ("homework/hw9_1_decay.py", DOC + "from homework.hw9_2_other import run", "no homework imports another"),
        ("homework/hw9_1_decay.py", DOC + "from . import hw9_2_other", "no homework imports another"),
        ("homework/hw9_1_decay.py", DOC + "import tools.run_homework", "knows no tool"),
        ("homework/__init__.py", DOC + "if True:\n    import paddle", "must not load paddle"),
        ("homework/__init__.py", DOC + "from paddle_camp.errors import CampError", "must not load paddle"),
        ("tools/run_homework.py", DOC + "import paddle_camp", "must not load paddle"),
        ("tools/benchmarks/torch_steps.py", DOC + "def f():\n    import paddle_camp", "nothing else"),
        ("tools/benchmarks/course.py", DOC + "from paddle_camp.models import lenet", "without anything of ours"),
        ("tools/prepare_data.py", DOC + "from paddle_camp import *", "star import"),
        ("tools/predict.py", DOC + "x = 1\n" * 260, "261 lines"),
        ("tools/predict.py", DOC + "def long():\n" + "    x = 1\n" * 60, "long has 61 lines"),
        ("tools/predict.py", "x = 1", "no docstring"),
        ("paddle_camp/metrics.py", DOC + "def mean(): ...", "mean is public"),
        ("paddle_camp/metrics.py", DOC + "class Mean: ...", "Mean is public"),
    ],
)
def test_a_fault_is_caught(path: str, source: str, fault: str):
    found = faults(path, source)
    assert len(found) == 1 and fault in found[0], found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("paddle_camp/training.py", DOC + "from paddle_camp import checkpoint, history, metrics"),
        ("paddle_camp/plots.py", DOC + "from .series import smooth\nfrom paddle_camp.errors import CampError"),
        ("homework/__init__.py", DOC + "def run():\n    import paddle_camp\n    from . import hw9_1_decay"),
        (
            "homework/hw9_1_decay.py",
            DOC + "import paddle\nfrom paddle_camp.training import fit\nimport homework",
        ),
        ("tools/predict.py", DOC + "def f():\n" + "    x = 1\n" * 59),
        ("paddle_camp/metrics.py", DOC + "def _mean(): ..."),
    ],
)
def test_what_is_allowed_passes(path: str, source: str):
    assert faults(path, source) == []


LISTERS = ("homework/__init__.py", "tools/run_homework.py", "tools/predict.py", "tools/benchmark.py")


@pytest.mark.parametrize("path", LISTERS)
def test_listing_does_not_load_paddle(path: str):
    """What the source promises, seen in a fresh interpreter: also what the imports import in their turn."""
    code = f"import runpy; runpy.run_path({path!r}, run_name='loaded')\n"
    code += "import sys; print(*{'paddle', 'matplotlib', 'sklearn', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
