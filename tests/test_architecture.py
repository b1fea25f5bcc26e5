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
PLACES = ("paddle_camp", "homework", "tools")
FILES = sorted(path.relative_to(ROOT).as_posix() for place in PLACES for path in ROOT.glob(f"{place}/**/*.py"))
MAX_FILE, MAX_FUNCTION = 260, 60  # lines; the usual file stays under 200 and the usual function at about 10

# A room of the library -> the rooms it stands on. All of them stand on the modules at the root, which stand on none.
ROOMS = {
    "data": set(),
    "plots": set(),
    "answers": set(),
    "networks": set(),
    "models": {"networks", "speed"},
    "speed": {"data", "networks"},
    "distributed": set(),
    "training": {"data", "networks", "speed", "distributed"},
    "sweeps": set(),
    "running": {"data", "plots", "answers", "networks", "speed", "distributed", "training", "sweeps"},
    "pretrained": {"data", "networks", "models", "speed", "training", "running"},
    "predicting": {"data", "plots", "networks", "models", "pretrained", "speed", "training", "running"},
    "collecting": {"answers", "running"},
    "commands": {"models", "distributed", "running", "predicting", "collecting"},
}
LIGHT = r"paddle_camp\.running\.(again|catalogue|fit_settings|options|ranges|settings|folder|manifest)"
ROOT_MODULES = "array_pickle|comparisons|derivatives|diagnosis|errors|files|history|machine|metrics|nested|notebook"
ROOT_MODULES += "|pickle_words|preprocessing|svg"
PADDLE_FREE = rf"paddle_camp|paddle_camp\.({ROOT_MODULES}|(data|plots|answers|collecting)(\..*)?)|{LIGHT}"
TORCH_WORKER = r"tools\.benchmarks\.(torch_\w+|timing|op_times)"

# (who, may not import whom, why); the patterns match a module's whole dotted name.
WALLS = [
    (r"paddle_camp(\..*)?", r"(homework|tools)(\..*)?", "the library knows no homework and no tool"),
    (r"homework(\..*)?", r"tools(\..*)?", "a homework knows no tool"),
    (r"paddle_camp\.(training|speed)\..*", r"paddle_camp\.data\.(?!batches\b).*", "the loop works with any batches"),
    (PADDLE_FREE, r"paddle(\..*)?", "works where there is no paddle"),
    (TORCH_WORKER, r"(paddle|paddle_camp)(\..*)?", "PyTorch is measured in a process that has nothing else"),
    (r"tools\.benchmarks\.course", r"paddle_camp(\..*)?", "the course's script is measured without anything of ours"),
]


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


def room_of(name: str) -> str | None:
    """The room of a module of the library; "" for those at its root; None for others."""
    first, _, rest = name.partition(".")
    return rest.split(".")[0] * (rest.split(".")[0] in ROOMS) if first == "paddle_camp" else None


def is_another_homework(me: str, name: str) -> bool:
    """Whether both are parts of assignments, and not of the same one."""
    mine, other = (dotted.split(".")[:2] for dotted in (me, name))
    return mine[0] == other[0] == "homework" and len(mine) == len(other) == 2 and mine != other


def import_faults(path: str, tree: ast.Module) -> Iterator[str]:
    me = module_name(path)
    for node in ast.walk(tree):
        names = set(imported(node, path))
        at = f"{path}:{node.lineno}: imports {min(names)}" if names else ""
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield f"{path}:{node.lineno}: star import"
        for who, whom, why in WALLS:
            if re.fullmatch(who, me) and any(re.fullmatch(whom, name) for name in names):
                yield f"{at}: {why}"
        if any(is_another_homework(me, name) for name in names):
            yield f"{at}: no homework imports another"
        mine = room_of(me)
        rooms = {room_of(name) for name in names} - {None, "", mine} if mine is not None else set()
        for other in rooms - ROOMS.get(mine, set()):
            if me != "paddle_camp":
                yield f"{at}: {mine or 'the root'} does not stand on {other}"


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
    assert {path.split("/")[0] for path in FILES} == set(PLACES)


DOC = '"""A page."""\n'


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("paddle_camp/models/lenet.py", DOC + "from paddle_camp.data import batches", "models does not stand on data"),
        ("paddle_camp/models/lenet.py", DOC + "from ..training import fit", "models does not stand on training"),
        ("paddle_camp/data/mnist.py", DOC + "from paddle_camp import models", "data does not stand on models"),
        ("paddle_camp/training/loop.py", DOC + "from ..models import resnet", "training does not stand on models"),
        ("paddle_camp/training/loop.py", DOC + "def _f():\n    import paddle_camp.data.mnist", "any batches"),
        ("paddle_camp/errors.py", DOC + "from paddle_camp.data import batches", "the root does not stand on data"),
        ("paddle_camp/answers/page.py", DOC + "from paddle_camp.running import options", "does not stand on running"),
        ("paddle_camp/plots/curves.py", DOC + "import paddle.nn as nn", "no paddle"),
        ("paddle_camp/history.py", DOC + "def _f():\n    from paddle import nn", "no paddle"),
        ("paddle_camp/data/fundus/reading.py", DOC + "import paddle", "no paddle"),
        ("paddle_camp/running/catalogue.py", DOC + "import paddle", "no paddle"),
        ("paddle_camp/__init__.py", DOC + "import paddle", "no paddle"),
        ("paddle_camp/metrics.py", DOC + "import homework", "knows no homework"),
        ("homework/hw9_1_a/experiment.py", DOC + "from homework.hw9_2_b.experiment import run", "imports another"),
        ("homework/hw9_1_a/experiment.py", DOC + "from homework import hw9_2_b", "no homework imports another"),
        ("homework/hw9_1_a/experiment.py", DOC + "import tools.run_homework", "knows no tool"),
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
        ("paddle_camp/training/loop.py", DOC + "from paddle_camp import history, metrics"),
        ("paddle_camp/training/loop.py", DOC + "from paddle_camp.data.batches import BatchSource"),
        ("paddle_camp/plots/curves.py", DOC + "from .style import tidy\nfrom paddle_camp.errors import CampError"),
        ("homework/__init__.py", DOC + "def run():\n    from paddle_camp.running import runner"),
        ("homework/hw9_1_a/experiment.py", DOC + "import paddle\nfrom homework.hw9_1_a.figures import draw"),
        ("homework/hw9_1_a/experiment.py", DOC + "from paddle_camp.training.fit import fit\nimport homework"),
        ("tools/predict.py", DOC + "def f():\n" + "    x = 1\n" * 59),
        ("paddle_camp/metrics.py", DOC + "def _mean(): ..."),
    ],
)
def test_what_is_allowed_passes(path: str, source: str):
    assert faults(path, source) == []


def test_the_rooms_are_those_there_are_and_no_arrow_comes_back():
    assert set(ROOMS) == {path.parent.name for path in ROOT.glob("paddle_camp/*/__init__.py")}
    done: set[str] = set()
    while ready := {room for room, below in ROOMS.items() if room not in done and below <= done}:
        done |= ready
    assert done == set(ROOMS)


def test_data_plots_answers_and_the_catalogue_import_where_paddle_cannot_be():
    """What the source promises, seen in a process where `import paddle` fails."""
    modules = [module_name(path) for path in FILES if re.fullmatch(PADDLE_FREE, module_name(path))]
    assert len(modules) > 30 and "paddle_camp.data.fundus.loading" in modules
    code = "import sys, importlib; sys.modules['paddle'] = None\n"
    code += f"for name in {['homework', *modules]}: importlib.import_module(name)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


LISTERS = (
    "homework/__init__.py",
    "tools/run_homework.py",
    "tools/predict.py",
    "tools/compare.py",
    "tools/verify.py",
    "tools/benchmark.py",
)
SLOW_TO_LOAD = {"paddle", "matplotlib", "sklearn", "cv2", "numpy", "joblib", "ray", "jinja2"}


@pytest.mark.parametrize("path", [*LISTERS, "paddle_camp/commands/main.py"])
def test_listing_loads_nothing_slow(path: str):
    """--help and --list answer at once: seen in a fresh interpreter, also what the imports import in their turn."""
    code = f"import runpy; runpy.run_path({path!r}, run_name='loaded')\n"
    code += f"import sys; print(*({SLOW_TO_LOAD} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
