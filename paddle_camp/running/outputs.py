"""The files that a finished run writes: figures, tables, ``answer.md`` and ``report.html``.

The answer is rendered from what ``answer.json`` keeps and from nothing else, so :func:`render_kept` writes the same
text again, or another one after its template has changed, without any training.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import TemplateError

from paddle_camp import first_batch, plots
from paddle_camp.answers import page as pages
from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import TEMPLATE, render, render_more
from paddle_camp.data.info import DataInfo
from paddle_camp.errors import CampError, one_line
from paddle_camp.files import read_sealed, write_csv, write_sealed
from paddle_camp.history import History, write_histories
from paddle_camp.plots.curves import learning_rate_curves
from paddle_camp.running.catalogue import Catalogue, Page
from paddle_camp.running.context import Context
from paddle_camp.running.folder import read_metrics
from paddle_camp.running.manifest import refresh_manifest
from paddle_camp.running.meanings import meanings
from paddle_camp.running.settings import as_dict, has_type, in_words, names_of, restore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILE = "answer.json"
SCHEDULES, FIRST_BATCH = "learning-rates", "first-batch"
# Figures that only the report shows: name -> caption.
REPORT_ONLY = {
    FIRST_BATCH: "第一批训练图片：随机改变以后、缩放以前的样子，上面是标签；标题中是缩放以后的范围和平均 ± 标准差",
    SCHEDULES: "各次训练每一步的学习率（相同的只画一次）",
}
MOST_SCHEDULES = 8  # lines that a figure can hold
_SHAPE: dict[str, Any] = {"homework": str, "title": str, "settings": dict, "seed": int, "values": dict, "results": dict}
_SHAPE |= {"facts": dict[str, str], "figures": dict[str, str], "note": str | None, "headline": dict | None}


def write_answer_files(context: Context, page: Page, answer: Answer) -> None:
    """Write figures, tables, ``answer.json``, ``answer.md`` and ``report.html``, and fill in the answer's text."""
    for name, (_, figure) in answer.figures.items():
        context.save_figure(name, figure)
    drawn = {
        FIRST_BATCH: draw_first_batch(first_batch.file_in(context.checkpoints)),
        SCHEDULES: draw_schedules(answer.histories),
    }
    for name, figure in drawn.items():
        if figure is not None:
            context.save_figure(name, figure)
    write_histories(context.path, answer.histories)
    if answer.predictions is not None:
        write_csv(context.path / "predictions.csv", answer.predictions.rows())
    kept = {"homework": context.homework, "title": answer.title, "settings": context.settings, "seed": context.seed}
    kept |= {"values": answer.values, "results": answer.results}
    kept["facts"] = facts(context) | {"再做一遍": command(context, page)}
    kept["figures"] = {name: caption for name, (caption, _) in answer.figures.items()}
    answer.note = " ".join(info.stand_in_zh or "" for info in context.stand_ins) or None
    write_sealed(context.path / FILE, kept | {"note": answer.note, "headline": answer.headline})
    answer.text = render_kept(context.path, page)


def read_kept(folder: Path) -> dict[str, Any]:
    """What the answer of the run in ``folder`` is rendered from.

    Raises:
        CampError: it is missing or damaged.
    """
    try:
        kept = read_sealed(folder / FILE)
        for key, kind in _SHAPE.items():
            if key not in kept or not has_type(kept[key], kind):
                raise ValueError(f"its {key} is missing or of another type")
        if strange := [name for name in kept["figures"] if Path(name).name != name]:
            raise ValueError(f"no figure is called {strange[0]!a}")
    except FileNotFoundError:
        raise CampError(f"--render: {folder / FILE}: no such file; the run is not done, or is an older one") from None
    except (OSError, ValueError) as error:
        raise CampError(f"--render: {folder / FILE}: damaged ({one_line(error)}); run the homework again") from None
    return kept


def render_again(catalogue: Catalogue, folder: Path) -> str:
    """:func:`render_kept` for a finished run of any assignment, whoever wrote its files.

    Raises:
        CampError: the run is not done, what it kept is damaged, or this version's template asks for something else.
    """
    kept = read_kept(folder)
    status = read_metrics(folder).get("status")
    if status != "done":
        raise CampError(f"--render: {folder}: the run is not done ({status}); go on with it: --resume {folder}")
    page = catalogue.load(kept["homework"])
    try:
        return render_kept(folder, page)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        template = Path(page.__file__).parent / TEMPLATE
        raise CampError(
            f"--render: {folder / FILE} does not fit {template} ({one_line(error)}); run the homework again"
        ) from None


def render_kept(folder: Path, page: Page) -> str:
    """Write ``answer.md`` and ``report.html`` of the run in ``folder`` from what it kept; returns the text.

    Raises:
        CampError: what it kept is damaged.
    """
    kept = read_kept(folder)
    settings = restore(page.Settings, kept["settings"])
    values = {"settings": settings, "seed": kept["seed"]} | kept["values"] | kept["results"]
    text = "\n\n".join([render(str(page.__file__), values), *render_more(kept["results"])])
    numbered = enumerate(kept["figures"].items(), start=1)
    figures = [(f"图 {number}：{caption}", folder / "figures" / f"{name}.png") for number, (name, caption) in numbered]
    # A forum shows the text of a picture only where the picture is missing: the caption stands above it as well.
    shown = [f"{caption}\n\n![{caption}](figures/{path.name})" for caption, path in figures]
    whole = "\n\n".join([text.strip(), *(["## 图"] if shown else []), *shown])
    pages.write_answer(folder / "answer.md", kept["title"], whole, kept["note"])
    for name, caption in REPORT_ONLY.items():
        if (path := folder / "figures" / f"{name}.png").is_file():
            figures.append((f"图 {len(figures) + 1}：{caption}", path))
    pages.write_report(
        folder / "report.html",
        title=kept["title"],
        body_markdown=text,
        figures=figures,
        tables=[settings_table(settings)] if dataclasses.fields(settings) else [],
        facts=kept["facts"],
        stand_in_note=kept["note"],
    )
    refresh_manifest(folder, ("answer.md", "report.html"))
    return text


def draw_first_batch(path: Path) -> Figure | None:
    """The pictures that the first training began with, each under its label; None where none were kept."""
    kept = first_batch.read(path)
    if kept is None:
        return None
    low, high, mean, deviation = kept["range"]
    values = f"{low:.2f} … {high:.2f}, {mean:.2f} ± {deviation:.2f}"
    english, chinese = f"The first batch, scaled to {values}", f"网络得到的第一批图片，缩放到 {values}"
    return plots.picture_grid(
        kept["images"],
        [label_in_words(label, kept["classes"]) for label in kept["labels"]],
        [False] * len(kept["images"]),
        title=plots.words(english, chinese),
    )


def label_in_words(label: np.ndarray, classes: np.ndarray) -> str:
    """A class by its name; numbers that are predicted, and classes without names, as they are."""
    if label.ndim == 0 and label.dtype.kind in "iu" and 0 <= label < len(classes):
        return str(classes[label])
    return ", ".join(f"{number:.4g}" for number in np.ravel(label)[:4])


def draw_schedules(histories: Mapping[str, History]) -> Figure | None:
    """The learning rates of trainings that change them, the same course of rates once; None where all are constant."""
    found: dict[tuple, tuple[str, list]] = {}
    for name, history in histories.items():
        rates = tuple(row.get("learning_rate") for row in history.steps)
        if None not in rates and len(set(rates)) > 1:
            found.setdefault(rates, (name, history.steps))
    return learning_rate_curves(dict(list(found.values())[:MOST_SCHEDULES])) if found else None


def settings_table(settings: Any) -> tuple[str, list[str], list[list[str]]]:
    """Caption, headers and rows of the settings: value, the default where it differs, and what the code says of it."""
    values, usual = ({name: text for name, _, text in _split(each)} for each in (settings, type(settings)()))
    said = meanings(type(settings))
    names = names_of(type(settings))
    rows = [[n, values[n], usual[n] if usual[n] != values[n] else "", said[n]] for n in names]
    return "设置", ["名称", "值", "默认值（不同时）", "含义（代码中的注释）"], rows


def command(context: Context, page: Page) -> str:
    """The line that does the same again: settings that differ from those of the page, and what else changes results."""
    options = context.options
    start = page.QUICK if options.quick else page.Settings()
    words = ["python", "tools/run_homework.py", context.homework, "--seed", str(context.seed)]
    words += ["--quick"] * options.quick + ["--amp"] * options.amp
    words += ["--data", options.data] * (options.data != "auto")
    usual = as_dict(start)
    for text in in_words({name: value for name, value in context.settings.items() if value != usual.get(name)}):
        words += ["-o", text]
    return shlex.join(words)


def _split(settings: Any) -> list[list[str]]:
    return [list(text.partition("=")) for text in in_words(as_dict(settings))]


def facts(context: Context) -> dict[str, str]:
    """The facts of the report, in Chinese: data, seed, device, time, memory, versions."""
    environment = context.environment
    where = "GPU " + environment["gpu"] if context.device.startswith("gpu") else environment["cpu"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return ({} if context.data is None else {"数据": _data_in_words(context.data)}) | {
        "作业": context.homework,
        "随机种子": str(context.seed),
        "设备": f"{context.device}：{where}，{environment['physical_cores']} 个核心",
        "用时": f"{context.seconds / 60:.1f} 分钟",
        "内存": _memory_in_words(environment["peak_memory"]),
        "软件": f"Python {environment['python']}, {versions}",
    }


PARTS = {"train": "训练", "valid": "验证", "test": "测试"}


def _data_in_words(data: DataInfo) -> str:
    counts = "，".join(f"{PARTS.get(part, part)} {count:,}" for part, count in data.counts.items())
    return f"{data.name}（{'真实数据' if data.origin == 'real' else '程序生成的替代数据'}）：{counts}"


def _memory_in_words(peak_memory: int | None) -> str:
    if peak_memory is None:
        return "没有测量：这个系统不提供"
    return f"本进程最多常驻 {peak_memory / 2**30:.1f} GiB"
