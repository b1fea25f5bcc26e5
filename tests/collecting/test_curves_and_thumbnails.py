"""The curves and the small figures of a page on many runs."""

from __future__ import annotations

import os
import re

import pytest
from PIL import Image

from paddle_camp.collecting.curves import charts, read_curves
from paddle_camp.collecting.record import read_record
from paddle_camp.collecting.thumbnails import thumbnails
from tests.helpers.runs import add_figure, make_run


def test_the_curves_of_a_training_share_a_chart_whatever_the_seed(tmp_path):
    records = []
    for seed, name in enumerate(("constant, seed 0", "constant, seed 1", "constant-2")):
        folder = make_run(tmp_path / str(seed), seed=seed)
        text = (folder / "history.csv").read_text("utf-8").replace("net,", f'"{name}",')
        (folder / "history.csv").write_text(text, encoding="utf-8")
        records.append(read_record(folder))
    drawn, left_out = charts([read_curves(each) for each in records], ["a", "b", "c"])
    assert [chart.title for chart in drawn] == ["constant · holdout loss", "constant · holdout accuracy"]
    assert left_out == 0 and all(chart.svg.count("<polyline") == 3 for chart in drawn)


def test_a_training_that_diverged_does_not_flatten_the_others(tmp_path):
    curves = [tuple(1 / (n + e) for e in range(1, 9)) for n in range(4)] + [(1.0, 1e6)]
    records = [read_record(make_run(tmp_path / str(n), curve=curve)) for n, curve in enumerate(curves)]
    (loss, _), _ = charts([read_curves(each) for each in records], list("abcde"))
    heights = [float(point.split(",")[1]) for point in re.search(r'data-run="0" points="([^"]*)"', loss.svg)[1].split()]
    assert max(heights) - min(heights) > 100 and "更高的画在上边线上" in loss.svg
    assert all(12 <= float(y) <= 206 for _, y in re.findall(r"([\d.]+),([-\d.e]+)[ \"]", loss.svg))


def test_epochs_are_written_out(tmp_path):
    folder = make_run(tmp_path / "run")
    rows = "".join(f"net,{epoch},test,{1 / epoch}\n" for epoch in (1, 8200))
    (folder / "history.csv").write_text("run,epoch,split,loss\n" + rows, encoding="utf-8")
    (chart,), _ = charts([read_curves(read_record(folder))], ["a"])
    assert re.findall(r'class="x">([^<]*)<', chart.svg) == ["1", "2,734", "5,467", "8,200", "轮（epoch）"]


@pytest.mark.parametrize("text", ["", "run,epoch\n", "\0\0", "run,epoch,split,loss\na,x,test,1\na,nan,test,inf\n", '"'])
def test_a_history_without_a_curve_draws_none(tmp_path, text):
    folder = make_run(tmp_path / "run")
    (folder / "history.csv").write_text(text, encoding="utf-8")
    assert charts([read_curves(read_record(folder))], ["a"]) == ([], 0)


def test_figures_are_decoded_and_written_anew(tmp_path):
    run = make_run(tmp_path / "run")
    assert thumbnails(run, 6) == []
    for number in range(3):
        add_figure(run, f"f{number}.png")
    found = thumbnails(run, 2)
    assert [name for name, _ in found] == ["f0", "f1"]
    assert all(uri.startswith("data:image/jpeg;base64,") and len(uri) < 30_000 for _, uri in found)


def test_what_is_no_picture_is_left_out(tmp_path):
    run = make_run(tmp_path / "run")
    add_figure(run, "good.png")
    figures = run / "figures"
    (figures / "text.png").write_text("<script>")
    (figures / "cut.png").write_bytes((figures / "good.png").read_bytes()[:60])
    Image.new("RGB", (9, 9)).save(figures / "jpeg.png", "JPEG")
    Image.new("1", (9000, 9000)).save(figures / "bomb.png")
    (figures / "link.png").symlink_to(figures / "good.png")
    os.mkfifo(figures / "pipe.png")
    (figures / "folder.png").mkdir()
    assert [name for name, _ in thumbnails(run, 99)] == ["good"]
    figures.rename(tmp_path / "elsewhere")
    figures.symlink_to(tmp_path / "elsewhere")
    assert thumbnails(run, 99) == []
