"""The files that a finished run writes: figures, tables, ``answer.md`` and ``report.html``."""

from __future__ import annotations

from paddle_camp import plots
from paddle_camp.answers import page
from paddle_camp.answers.answer import Answer
from paddle_camp.files import write_csv
from paddle_camp.history import write_histories
from paddle_camp.running.context import Context


def write_answer_files(context: Context, answer: Answer) -> None:
    """Write figures, tables, ``answer.md`` and ``report.html``."""
    figures = []
    for number, (name, (caption, figure)) in enumerate(answer.figures.items(), start=1):
        path = context.path / "figures" / f"{name}.png"
        plots.save(figure, path)
        figures.append((f"图 {number}：{caption}", path))
    write_histories(context.path, answer.histories)
    if answer.predictions is not None:
        write_csv(context.path / "predictions.csv", answer.predictions.rows())
    note = context.data.stand_in_zh if context.data else None
    # A forum shows the text of a picture only where the picture is missing: the caption stands above it as well.
    shown = [f"{caption}\n\n![{caption}](figures/{path.name})" for caption, path in figures]
    text = "\n\n".join([answer.text.strip(), *(["## 图"] if shown else []), *shown])
    page.write_answer(context.path / "answer.md", answer.title, text, note)
    page.write_report(
        context.path / "report.html",
        title=answer.title,
        body_markdown=answer.text,
        figures=figures,
        facts=facts(context),
        stand_in_note=note,
    )


def facts(context: Context) -> dict[str, str]:
    """The facts at the top of the report: data, seed, device, time, memory, versions."""
    data, environment = context.data, context.environment
    where = "GPU " + environment["gpu"] if context.device.startswith("gpu") else environment["cpu"]
    listed = {} if data is None else {"data": f"{data.name} ({data.origin}), {data.counts}"}
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return listed | {
        "homework": context.homework,
        "seed": str(context.seed),
        "device": f"{context.device}: {where}, {environment['physical_cores']} core(s)",
        "time": f"{context.seconds / 60:.1f} min",
        "memory": _in_words(environment["peak_memory"]),
        "software": f"Python {environment['python']}, {versions}",
    }


def _in_words(peak_memory: int | None) -> str:
    if peak_memory is None:
        return "not measured: this system does not tell"
    return f"{peak_memory / 2**30:.1f} GiB resident at most, in this process since its start"
