"""Group growth: how the time grows with the pictures, their size, the batch and the cores; exponents and a figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.benchmarks.bench import Bench
from tools.benchmarks.contest import Results, spread, values_of, worker
from tools.benchmarks.tables import Column, Table, show_spread


@dataclass(frozen=True)
class Curve:
    """Seconds of one thing against another.

    Attributes:
        name: of what varies, with its unit.
        text: what is timed.
        points: its values.
        spec: for :mod:`tools.benchmarks.paddle_steps`, at each point.
        threads: whether the points are numbers of threads.
    """

    name: str
    text: str
    points: Sequence[int]
    spec: dict[int, dict[str, Any]]
    threads: bool = False


def curves(bench: Bench) -> list[Curve]:
    """What is measured."""
    common = {"device": bench.device, "timing": bench.timing, "batch_size": 10}
    epoch = common | {"kind": "epoch", "model": "lenet_fundus", "shape": [3, 64, 64]}
    epoch["arguments"] = {"num_classes": 2, "image_size": 64}
    side = 32 if bench.quick else 224
    step = common | {"kind": "train", "model": "resnet18", "arguments": {"num_classes": 2}, "shape": [3, side, side]}
    counts = (20, 40) if bench.quick else (100, 200, 400, 800, 1600, 3200)
    sizes = (32, 64) if bench.quick else (64, 96, 128, 224, 320, 448)
    batches = (1, 2) if bench.quick else (1, 2, 4, 8, 16, 32)
    cores = sorted({1, bench.cores} | {2**k for k in range(10) if 2**k <= bench.cores})
    what = "a training step of ResNet-18"
    return [
        Curve(
            *("number of pictures", "an epoch of LeNet, 64 x 64, batches of 10", counts),
            {n: epoch | {"pictures": n} for n in counts},
        ),
        Curve(
            *("side of a picture, pixels", f"{what}, batch of 10", sizes),
            {n: step | {"shape": [3, n, n]} for n in sizes},
        ),
        Curve(
            *("batch size", f"{what}, {side} x {side}", batches),
            {n: step | {"batch_size": n} for n in batches},
        ),
        Curve(
            *("cores", f"{what}, {side} x {side}, batch of 10, so many threads", cores),
            dict.fromkeys(cores, step),
            threads=True,
        ),
    ]


def growth(bench: Bench) -> Iterator[list[Table]]:
    """How the time grows with pictures, their size, batch and cores: exponents and growth.png"""
    columns = [Column("s", "it", "seconds"), Column("images/s", "it", "images_per_second")]
    tables, panels = [], {}
    for curve in curves(bench):
        contenders = [
            worker(str(n), "paddle_steps", curve.spec[n], {"OMP_NUM_THREADS": str(n)} if curve.threads else {})
            for n in curve.points
        ]
        results = bench.contest(curve.name, contenders)
        table = Table(f"Growth with the {curve.name}", f"Seconds for {curve.text}.", curve.name, columns)
        table.rows = [(name, {"it": found}) for name, found in results.items()]
        tables.append(table)
        points, rounds = measured(curve, results)
        if len(points) > 1:
            exponents = [exponent(points, seconds) for seconds in rounds]
            table.remarks.append(f"seconds grow as {curve.name.partition(',')[0]} ^ {show_spread(spread(exponents))}")
            medians = [spread(column).median for column in zip(*rounds, strict=True)]
            panels[curve.name] = panel(points, medians)
        yield tables
    if panels:
        draw(panels, bench)


def measured(curve: Curve, results: Results) -> tuple[list[int], list[list[float]]]:
    """The points that have a result, and each round's seconds at them."""
    seconds = {n: values_of(results, str(n), "seconds") for n in curve.points}
    points = [n for n in curve.points if seconds[n] is not None]
    return points, [list(row) for row in zip(*(seconds[n] for n in points), strict=True)]


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """k of the law y = c x^k that fits best, by least squares in the logarithms; x and y are positive."""
    import numpy as np

    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def panel(points: Sequence[int], seconds: Sequence[float]) -> dict[str, tuple]:
    """The curves of one panel: the law fitted to the measurements, a straight line, and on it these themselves."""
    import numpy as np

    k, c = np.polyfit(np.log(points), np.log(seconds), 1)
    ends = np.array([min(points), max(points)], float)
    return {"fitted power law": (ends, np.exp(c) * ends**k), "measured": (points, seconds)}


def draw(panels: dict[str, dict[str, tuple]], bench: Bench) -> None:
    """Write growth.png beside the tables."""
    from matplotlib.ticker import LogLocator

    from paddle_camp import plots

    named = {}
    for name, lines in panels.items():
        named[f"{name}   (exponent {exponent(*lines['measured']):.2f})"] = lines
    title = f"Seconds of an epoch or a training step ({bench.device})"
    figure = plots.line_panels(named, "", "seconds", log="xy", columns=2, share_x=False, title=title)
    for axes, lines in zip(figure.axes, panels.values(), strict=False):  # the points measured, not powers of ten
        axes.set_xticks(lines["measured"][0], [f"{n:g}" for n in lines["measured"][0]])
        axes.set_xticks([], minor=True)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        axes.yaxis.set_minor_formatter("{x:g}")
    plots.save(figure, bench.out / "growth.png")
