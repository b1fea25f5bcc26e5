"""Tables of measurements, as Markdown; and the two files of a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.benchmarks.contest import Results, Spread, error_of, spread, values_of

MIB = 1 / 2**20


@dataclass(frozen=True)
class Column:
    """What a column shows of each row's results.

    Attributes:
        contender: whose measurement.
        key: of the measurement.
        over: the contender that it is divided by, round by round; None: the value itself.
        scale: what the value is multiplied with, for a readable unit.
    """

    title: str
    contender: str
    key: str
    over: str | None = None
    scale: float = 1.0

    def show(self, results: Results) -> str:
        """The cell: "median (min to max)", or "-" where there is no result."""
        values = values_of(results, self.contender, self.key, self.over)
        return "-" if values is None else show_spread(spread([self.scale * value for value in values]))


@dataclass
class Table:
    """Rows of results, shown by columns.

    Attributes:
        text: what is measured, and on what.
        first: the title of the first column, which holds the rows' names.
        rows: (name, its results).
        remarks: lines below the table.
    """

    title: str
    text: str
    first: str
    columns: Sequence[Column]
    rows: list[tuple[str, Results]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The table with its title, text and remarks, and why each "-" that failed is one."""
        head = [self.first, *(column.title for column in self.columns)]
        lines = [head, ["---"] + ["---:"] * len(self.columns)]
        lines += [[name, *(column.show(results) for column in self.columns)] for name, results in self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        remarks = "\n".join(f"- {remark}" for remark in [*self.remarks, *self._failures()])
        return "\n\n".join(part for part in (f"### {self.title}", self.text, table, remarks) if part)

    def _failures(self) -> list[str]:
        """One line for each (contender, reason), with the rows it holds for."""
        rows: dict[tuple[str, str], list[str]] = {}
        shown = {name for column in self.columns for name in (column.contender, column.over)}
        for name, results in self.rows:
            for contender, found in results.items():
                if contender in shown and (reason := error_of(found)):
                    rows.setdefault((contender, reason), []).append(name)
        return [f"{contender} ({', '.join(names)}): {reason}" for (contender, reason), names in rows.items()]


def show_number(value: float) -> str:
    """Three figures, without an exponent: 0.0123, 1.23, 123, 12,346."""
    return f"{value:,.0f}" if abs(value) >= 99.95 else f"{value:#.3g}" if abs(value) >= 1e-4 else f"{value:.2g}"


def show_spread(value: Spread) -> str:
    """ "median (min to max)"; the median alone where they do not differ."""
    low, middle, high = (show_number(number) for number in (value.low, value.median, value.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def against(results: Results, base: str) -> list[tuple[str, Results]]:
    """A row for each contender of one contest: its measurements as "it", those of ``base`` as "base"."""
    return [(name, {"it": found, "base": results[base]}) for name, found in results.items()]


@dataclass
class Report:
    """``benchmark.md`` and ``benchmark.json`` in ``folder``, whole and up to date after every :meth:`put`.

    Attributes:
        facts: what the JSON file says beside the measurements: command, environment.
        measurements: every single one, in the order in which they were made.
    """

    folder: Path
    facts: Mapping[str, Any]
    measurements: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)

    def put(self, group: str, tables: Sequence[Table]) -> str:
        """Replace a group's part by ``tables``, write both files and return the part as Markdown."""
        from paddle_camp.files import write_json, write_text

        self.groups[group] = "\n\n".join([f"## {group}", *(table.markdown() for table in tables)])
        write_text(self.folder / "benchmark.md", "\n\n".join([self.header(), *self.groups.values()]) + "\n")
        write_json(self.folder / "benchmark.json", {**self.facts, "measurements": self.measurements})
        return self.groups[group]

    def header(self) -> str:
        """The machine and the command, and how to read a cell."""
        machine = self.facts["environment"]
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        processor = f"{machine['cpu']}, {machine['physical_cores']} physical cores" + (
            f"; {machine['gpu']}" if machine["gpu"] else ""
        )
        lines = [f"- machine: {processor}; {machine['platform']}", f"- Python {machine['python']}; {versions}"]
        lines.append(f"- command: `{self.facts['command']}`")
        how = "A cell is the median over the rounds (smallest to largest); a ratio is taken within each round."
        return "\n\n".join(["# Benchmark", "\n".join(lines), how])
