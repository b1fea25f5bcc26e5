"""The page of ``--live``: what it shows while a run goes on and at its end, and that the run is the same without it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest

from paddle_camp import live
from paddle_camp.collecting.record import read_record
from paddle_camp.collecting.verifying import verify
from paddle_camp.commands.run import build_parser
from paddle_camp.files import read_json, write_json
from paddle_camp.running import live_page
from paddle_camp.running.context import Context
from paddle_camp.running.options import Options
from paddle_camp.running.runner import run_assignment
from tests.helpers.recorded import train

REFRESHES = '<meta http-equiv="refresh"'
GO_ON = live_page.LivePage._go_on


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch):
    """Every write is due; but the thread that writes the page by itself waits long, so that no test waits for it."""
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "SHARE", 0.0)
    monkeypatch.setattr(live_page.LivePage, "_go_on", lambda page: page.ended.wait())


def with_page(toys, monkeypatch, trains):
    """The course whose small assignment makes its folder and calls ``trains(context)`` first."""
    page = toys.load("1-1")
    usual = page.run

    def run(settings, context):
        assert context.path
        trains(context)
        return usual(settings, context)

    monkeypatch.setattr(page, "run", run)
    return toys


def run(toys, tmp_path, **options) -> Path:
    return run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs"), live=True, **options))[1]


def page_of(tmp_path: Path) -> str:
    return (tmp_path / "runs" / "1-1" / "latest" / live_page.FILE).read_text(encoding="utf-8")


def test_the_page_shows_the_curves_and_refreshes_itself_until_the_run_is_done(toys, tmp_path, monkeypatch, capsys):
    shown = []

    def trains(context):
        def look():
            context.told.__self__.write()
            shown.append(page_of(tmp_path))

        train(keep=context.path / "mine", look=look)

    folder = run(with_page(toys, monkeypatch, trains), tmp_path)
    assert f"live: open {folder / 'live.html'} in a browser\n" in capsys.readouterr().err
    first, middle, last = shown
    assert all(REFRESHES in each and "进行中" in each and "已用" in each for each in shown)
    assert "<polyline" not in first and "第 1 / 2 轮" in first and "还需" not in first
    assert "第 2 / 2 轮" in middle and "还需" in middle
    assert [each.count("<circle") for each in shown] == [0, 3, 0]  # after an epoch: two losses and an accuracy
    assert [each.count("<polyline") for each in shown] == [0, 4, 4]
    done = page_of(tmp_path)
    assert REFRESHES not in done and "已完成" in done and 'href="report.html"' in done
    assert done.count("<polyline") == 4 and "<td>mine</td>" in done and "注意：本次没有使用 Toys 数据集" in done
    assert not re.findall(r'(?:src|href)="(?!report\.html)|<script', done)
    assert (folder / "report.html").exists() and not (folder / "checkpoints" / "live").exists()


def test_a_run_with_its_page_is_verified(toys, tmp_path):
    folder = run(toys, tmp_path)
    assert "没有可以画成曲线的训练" in page_of(tmp_path)  # it trains nothing
    manifest = next(each for each in verify(read_record(folder)) if each.name == "manifest")
    assert manifest.holds and "live.html" in (folder / "manifest.json").read_text("utf-8")
    (folder / "live.html").write_text("edited")
    assert "live.html is not as it was written" in " ".join(each.said for each in verify(read_record(folder)))


@pytest.mark.parametrize(
    ("error", "says"), [(KeyboardInterrupt(), "已中断"), (RuntimeError("<i>so"), "出错，没有完成")]
)
def test_the_page_says_how_a_run_ended_and_a_resumed_one_goes_on_with_it(toys, tmp_path, monkeypatch, error, says):
    errors = [error]

    def look():
        if errors:
            raise errors.pop()

    def trains(context):
        train(1, keep=context.path / "first")
        train(keep=context.path / "second", look=look)

    with_page(toys, monkeypatch, trains)
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        run(toys, tmp_path)
    ended = page_of(tmp_path)
    assert REFRESHES not in ended and f"<b>{says}</b>" in ended and "<i>so" not in ended
    assert "--resume" in ended and ended.count("<td>中断</td>") == ended.count("<td>已结束</td>") == 1
    assert (error.args == ()) == ("&lt;i&gt;so" not in ended)
    run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs"), resume=""))  # as it began
    done = page_of(tmp_path)
    assert "<b>已完成</b>" in done and all(f"</i>{name}</td>" in done for name in ("first", "second"))


def test_the_page_says_that_a_run_failed_before_it_had_a_folder(toys, tmp_path, monkeypatch):
    def run_out(settings, context):
        raise MemoryError("too large")

    monkeypatch.setattr(toys.load("1-1"), "run", run_out)
    with pytest.raises(MemoryError):
        run(toys, tmp_path)
    assert REFRESHES not in page_of(tmp_path) and "<b>出错，没有完成</b>" in page_of(tmp_path)
    assert live_page.FILE not in [thread.name for thread in threading.enumerate()]


def test_a_record_of_a_strangers_ends_no_run(toys, tmp_path, monkeypatch, capsys):
    strange = dict.fromkeys(live_page.KEYS)
    with_page(toys, monkeypatch, lambda context: write_json(context.checkpoints / "live" / "a.json", strange))
    folder = run(toys, tmp_path)
    assert read_json(folder / "metrics.json")["status"] == "done"
    assert "live.html cannot be written" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said_once_and_the_training_goes_on(toys, tmp_path, monkeypatch, capsys):
    def trains(context):
        page = context.path / live_page.FILE
        page.unlink()
        page.mkdir()
        train(look=context.told.__self__.write)

    run(with_page(toys, monkeypatch, trains), tmp_path)
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("--live:")]
    assert len(said) == 1 and "live.html cannot be written (Is a directory); the run goes on" in said[0]


def test_the_page_is_written_by_itself_and_its_thread_ends_with_the_run(toys, tmp_path, monkeypatch):
    monkeypatch.setattr(live_page.LivePage, "_go_on", GO_ON)
    monkeypatch.setattr(live, "PAUSE", 0.02)

    def trains(context):
        before, end = page_of(tmp_path), time.monotonic() + 20
        while page_of(tmp_path) == before and time.monotonic() < end:  # its clock moves on
            time.sleep(0.05)
        assert page_of(tmp_path) != before

    run(with_page(toys, monkeypatch, trains), tmp_path)
    assert live_page.FILE not in [thread.name for thread in threading.enumerate()]


def test_the_thread_ends_with_a_run_that_does_not_say_how_it_ended(tmp_path):
    context = Context("1-1", lambda: tmp_path, Options(live=True), {})
    with pytest.raises(OSError, match="full"), live_page.live_page(context, "Toys"):
        context.open()
        assert live_page.FILE in [thread.name for thread in threading.enumerate()]
        raise OSError("full")
    assert live_page.FILE not in [thread.name for thread in threading.enumerate()]


def record(name: str, step: int = 50, **more) -> dict:
    """Of a training of 100 steps in 10 epochs that began ten seconds ago."""
    now = time.time()
    value = {"name": name, "cell": name, "num_epochs": 10, "num_steps": 100, "first": 0, "step": step, "ended": False}
    value |= {"broken_off": False}
    value |= {"began": now - 10, "written": now, "losses": [[1, 0.5], [step, 0.25]]}
    return value | {"splits": {"holdout": {"loss": [[1.0, 0.5], [2.0, 0.4]]}}} | more


def going(*rows: dict) -> list[live_page.Training]:
    return [live_page.Training(each, True, False, "red") for each in rows]


def test_the_time_left_is_that_of_a_part_which_goes_on_as_it_began():
    assert live_page.time_left([], None) is None
    assert live_page.time_left(going(record("a", 0)), None) is None
    assert live_page.time_left(going(record("a", 20)), None) == pytest.approx(40, rel=1e-3)
    assert live_page.time_left(going(record("a", 50, first=40)), None) == pytest.approx(50, rel=1e-3)  # resumed
    sweep = live.Sweep(cells=8, first=2, done=4, began=time.monotonic() - 30)  # two and two halves in 30 seconds
    assert live_page.shares(going(record("a"), record("b")), sweep) == 5 / 8
    assert live_page.time_left(going(record("a"), record("b")), sweep) == pytest.approx(30, rel=1e-3)
    resumed = live.Sweep(cells=2, first=0, done=0, began=time.monotonic() - 60)  # a hundredth of a cell in a minute
    left = live_page.time_left(going(record("a", 92, first=90), record("b", 0)), resumed)
    assert left == pytest.approx(60 * 108 / 2, rel=1e-3)


def test_who_had_no_more_patience_was_not_broken_off(tmp_path):
    context = Context("1-1", lambda: tmp_path, Options(live=True), {})
    context.open()
    page = live_page.LivePage(context, "Toys")
    page.status = "interrupted"
    rows = [record("patient", ended=True), record("stopped", ended=True, broken_off=True), record("killed")]
    for row in rows:
        write_json(tmp_path / "checkpoints" / "live" / f"{row['name']}.json", row)
    shown, _ = page.trainings()
    assert {each.record["name"]: each.broken_off for each in shown} == {
        "patient": False,
        "stopped": True,
        "killed": True,
    }


def test_trainings_share_charts_and_the_last_ones_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(live_page, "MOST", 2)
    context = Context("1-1", lambda: tmp_path, Options(live=True), {})
    context.open()
    page = live_page.LivePage(context, "Toys")
    now = time.time()
    rows = [record("oldest", began=now - 30), record("killed", written=now - 20, began=now - 25), record("<new>")]
    for number, row in enumerate(rows):
        write_json(tmp_path / "checkpoints" / "live" / f"{number}.json", row)
    write_json(tmp_path / "checkpoints" / "live" / "strange.json", {"began": 1})
    shown, more = page.trainings()
    assert [(each.record["name"], each.goes_on) for each in shown] == [("killed", False), ("<new>", True)] and more == 1
    text = page.render()
    assert text.count("<svg") == 2 and text.count("<polyline") == 4  # the losses of the steps, and those held out
    assert "&lt;new&gt;" in text and "<new>" not in text and "更早的 1 个没有画" in text
    assert (text.count("<td>中断</td>"), text.count("<td>训练中</td>")) == (1, 1)


def test_the_option_is_on_the_command_line():
    assert build_parser().parse_args(["7-1", "--live"]).live is True
    assert build_parser().parse_args(["7-1"]).live is Options().live is False
