"""The catalogue of assignments, read from folder names and page headers; imports neither Paddle nor a page.

``hw9_1_resnet_decay/`` is ``9-1`` of the camp, ``cats_and_dogs/`` is ``cats-and-dogs``. A folder holds the page
``experiment.py``, ``answer.md.j2`` and, where the page gets long, modules such as ``figures.py``. The header is the
page's docstring: its first line is the title, and a page that is not the camp's has a line such as ``Course: keras``.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from paddle_camp.errors import CampError

if TYPE_CHECKING:
    from paddle_camp.answers.answer import Answer
    from paddle_camp.running.context import Context

PAGE = "experiment.py"
COURSES = {
    "camp": "Baidu's deep-learning training camp, winter 2019/20",
    "keras": "a TensorFlow/Keras course",
    "pytorch": "a PyTorch course",
    "summer": "a summer school",
    "book": "a book",
}
DATA_SETS = {  # what a page's loader reads -> its folder below data/; what is not here is called as its loader is
    "fundus": "ichallenge-pm",
    "cats_and_dogs": "dogs-vs-cats",
    "traffic_signs": "gtsrb",
    "people": "built in",
    "iris": "built in",
    "picture": "built in",
}
_LOADER = re.compile(r"\bload_(?!folder|own|parts|network|weights|sample)([a-z_]+)")
_CAMP = re.compile(r"hw(\d+)(?:_(\d+))?_[a-z0-9_]+")
_OTHER = re.compile(r"(?!hw\d)[a-z][a-z0-9]*(_[a-z0-9]+)*")
_HEADER = re.compile(r'\s*r?"""(.*?)"""', re.DOTALL)


class Page(Protocol):
    """The interface of an assignment's ``experiment.py``.

    It may also set ``IS_SWEEP = True`` (many trainings: ``--jobs`` and ``--cluster`` have an effect),
    ``MIXED_PRECISION = True`` (a sweep on which ``--amp`` has one) and ``DATA_PARALLEL = True`` (runs under
    ``paddle.distributed.launch``).

    Attributes:
        Settings: a frozen dataclass of hyper-parameters.
        QUICK: an instance of it with which a run takes a minute or two on two CPU cores.
    """

    __file__: str
    Settings: type[Any]
    QUICK: Any

    def run(self, settings: Any, context: Context) -> Answer:
        """Answer the question."""


@dataclass(frozen=True)
class Assignment:
    """One assignment, as its folder and its header say.

    Attributes:
        id: "9-1", "cats-and-dogs".
        course: a key of :data:`COURSES`.
    """

    id: str
    folder: Path
    title: str
    course: str

    @property
    def short_title(self) -> str:
        """The title without the number that the camp's begin with."""
        return self.title.removeprefix(f"作业{self.id}").strip()

    @property
    def data_sets(self) -> list[str]:
        """The data sets that its files load, by their folders below ``data/``; read from the text, nothing is run."""
        texts = (path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.py")))
        loaders = (name for text in texts for name in _LOADER.findall(text))
        return list(dict.fromkeys(DATA_SETS.get(name, name.replace("_", "-")) for name in loaders))


class Catalogue:
    """The assignments of a package.

    Args:
        package: its dotted name, for imports.
        folder: where it lies.
    """

    def __init__(self, package: str, folder: Path):
        self.package, self.folder = package, folder

    @functools.cached_property
    def _read(self) -> tuple[dict[str, Assignment], list[str]]:
        found: dict[tuple, Assignment] = {}
        faults: list[str] = []
        for folder in sorted(path for path in self.folder.iterdir() if (path / PAGE).is_file()):
            try:
                assignment = read_assignment(folder)
                key = _order(assignment)
                if key in found:
                    raise CampError(f"{folder}: {found[key].folder.name} has the same ID {assignment.id}; rename one")
                found[key] = assignment
            except CampError as error:
                faults.append(str(error))
        return {found[key].id: found[key] for key in sorted(found)}, faults

    @property
    def assignments(self) -> dict[str, Assignment]:
        """ID -> assignment, sorted by course; the camp's by number."""
        return self._read[0]

    @property
    def faults(self) -> list[str]:
        """One line for each folder with a page that is misnamed or has no header."""
        return self._read[1]

    def expand(self, names: Iterable[str]) -> list[str]:
        """IDs from IDs and names of courses; ``all`` is the camp.

        Raises:
            CampError: a course has no assignment.
        """
        ids: list[str] = []
        for name in names:
            course = "camp" if name == "all" else name
            of_course = [each.id for each in self.assignments.values() if each.course == course]
            if course in COURSES and not of_course:
                raise CampError(f"{name}: no assignment of {COURSES[course]} is here yet; see --list")
            ids += of_course or [name]
        return list(dict.fromkeys(ids))

    def load(self, homework: str) -> Page:
        """Import an assignment's page.

        Raises:
            CampError: there is no such ID (the message lists the known ones), or its page is incomplete.
        """
        if homework not in self.assignments:
            known = ", ".join(self.assignments)
            near = get_close_matches(homework.lower().replace("_", "-"), [*self.assignments, *COURSES, "all"], n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            said = f"there is no homework {homework!r}; {hint}there are: {known} (and: all)"
            raise CampError("; ".join([said, *self.faults]))
        name = f"{self.package}.{self.assignments[homework].folder.name}.{PAGE.removesuffix('.py')}"
        page = importlib.import_module(name)
        check_page(page, self.assignments[homework].folder / PAGE)
        return cast(Page, page)


def _order(assignment: Assignment) -> tuple:
    numbers = tuple(int(part) for part in re.findall(r"\d+", assignment.id)) if assignment.course == "camp" else ()
    return list(COURSES).index(assignment.course), numbers, "" if numbers else assignment.id


def read_assignment(folder: Path) -> Assignment:
    """Read an assignment from its folder's name and its page's header.

    Raises:
        CampError: the folder is misnamed, or the header is missing or names no course.
    """
    camp = _CAMP.fullmatch(folder.name)
    if not camp and not _OTHER.fullmatch(folder.name):
        raise CampError(
            f"{folder}: misnamed: an assignment's folder is called hw9_1_resnet_decay (the camp's 9-1) or "
            "cats_and_dogs (lower case, words joined by _)"
        )
    header = _HEADER.match((folder / PAGE).read_text(encoding="utf-8"))
    if not header or not header[1].strip():
        raise CampError(f"{folder / PAGE}: does not begin with a docstring; its first line is the title")
    title = header[1].strip().splitlines()[0]
    if camp:
        return Assignment("-".join(part for part in camp.groups() if part), folder, title, "camp")
    course = re.search(r"^Course: (\w+)", header[1], re.MULTILINE)
    if not course or course[1] not in COURSES:
        raise CampError(f"{folder / PAGE}: its docstring has no line Course: {' | '.join(COURSES)}")
    return Assignment(folder.name.replace("_", "-"), folder, title, course[1])


def check_page(page: Any, path: Path) -> None:
    """Check that a module implements :class:`Page`.

    Raises:
        CampError: an attribute is missing or of the wrong type.
    """
    settings, quick, run = (getattr(page, name, None) for name in ("Settings", "QUICK", "run"))
    params = getattr(settings, "__dataclass_params__", None)
    faults = {
        "Settings, a frozen dataclass": dataclasses.is_dataclass(settings) and params is not None and params.frozen,
        "QUICK, an instance of its Settings": isinstance(settings, type) and isinstance(quick, settings),
        "run(settings, context)": inspect.isfunction(run) and len(inspect.signature(run).parameters) == 2,
    }
    missing = [name for name, there in faults.items() if not there]
    if missing:
        raise CampError(f"{path}: the page has no {missing[0]}; see docs/adding-a-homework.md")
    for flag in ("IS_SWEEP", "MIXED_PRECISION", "DATA_PARALLEL"):
        if not isinstance(getattr(page, flag, False), bool):
            raise CampError(f"{path}: {flag} is True or False")
