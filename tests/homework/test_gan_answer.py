"""GAN: the run's files, the answer's turns, wrong settings."""

from __future__ import annotations

import json

import pytest

from homework.gan import experiment as hw
from homework.gan import one_dimension
from paddle_camp.answers.template import render
from tests.helpers import contract
from tests.helpers.markdown import form_faults

TINY = ("games=minimax,non-saturating", "num_epochs=1", "num_seeds=1", "batch_size=40", "channels=4", "samples=200")
TINY += ("judge_epochs=1", "start_steps=0,3", "number_epochs=0,1", "best_epochs=1", "noise=8")
TINY += ("train_pictures=240", "test_pictures=80")
PARTS = {"train": 60_000, "holdout": 10_000, "test": 10_000}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The folder of a run with tiny settings on the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_dimension, "SAMPLES", 8000)
        asked = [part for each in TINY for part in ("-o", each)]
        return contract.run("gan", tmp_path_factory.mktemp("tiny"), "--data", "synthetic", *asked)[0]


def test_the_files_of_a_run(tiny):
    results = contract.check(tiny, "gan", data=True)
    assert set(results["table"]) == {f"{n}-{g}" for n in hw.NETWORKS for g in ("minimax", "non-saturating")}
    assert (tiny / "checkpoints" / "last.pdparams").is_file() and (tiny / "figures" / "plane.png").is_file()
    assert results["floor"]["test"]["frechet"] == pytest.approx(0, abs=1e-3)
    answer = (tiny / "answer.md").read_text(encoding="utf-8")
    assert form_faults(answer) == [] and "def step(self, batch: Batch) -> Row:" in answer and "None" not in answer


def answer_of(tiny, **turned) -> str:
    kept = json.loads((tiny / "answer.json").read_text(encoding="utf-8"))
    settings = hw.Settings(games=("minimax", "non-saturating"), num_seeds=3)
    return render(hw.__file__, {"settings": settings, "seed": 0} | kept["values"] | kept["results"] | turned)


def rows_of(**changed) -> dict:
    spread = {"mean": 40.0, "all": [39.0, 40.0, 41.0]}
    row = {"seeds": 3, "diverged": 0, "frechet": spread, "sure": spread | {"mean": 0.8}, "entropy": spread}
    row |= {"lost": [[], [], []], "collapsed": 0, "formless": 0}
    found = {f"{n}-{g}": dict(row) for n in hw.NETWORKS for g in ("minimax", "non-saturating")}
    found["dense-minimax"] |= changed
    return found


@pytest.mark.parametrize(
    ("verdict", "says"),
    [("better", "，卷积的更好。"), ("worse", "，卷积的更差。"), ("cannot be told apart", "，分不出高下。")],
)
def test_the_answer_reads_the_verdict_on_the_networks(tiny, verdict, says):
    text = answer_of(tiny, table=rows_of(), networks={"non-saturating": verdict, "minimax": verdict})
    assert says in text.split("## 数学")[0] and "没有发生模式坍塌" in text


def test_the_answer_says_collapse_divergence_and_the_best(tiny):
    text = answer_of(tiny, table=rows_of(lost=[[1, 2], [], []], collapsed=1), networks={})
    assert "发生模式坍塌（有数字几乎不画）的：全连接、极小极大（1/3 个种子）" in text and "| 1 2 |" in text
    unsure = {"mean": 0.0, "all": [0.0, 0.0, 39.0]}
    text = answer_of(tiny, table=rows_of(formless=2, lost=[[1], [2], []], sure=unsure))
    assert "谈不上坍塌）的：全连接、极小极大（2/3 个种子）。其余每次训练十个数字都画。" in text
    assert "没有发生模式坍塌" not in text and "| 无 |" in text and "| 1；2 |" not in text
    text = answer_of(tiny, table=rows_of(formless=3, lost=[[1], [2], []], sure={"mean": 0.0, "all": [0.0] * 3}))
    assert "（3/3 个种子）。其余" in text and "| 0.00% | 40.000 | – |" in text
    text = answer_of(tiny, table=rows_of(diverged=3, frechet=None, sure=None, entropy=None, lost=[]))
    assert "发散的：全连接、极小极大（3/3 个种子）" in text and "| 发散 | – | – |" in text
    blots = {"formless": 3, "sure": {"mean": 0.0, "all": [0.0] * 3}}
    text = answer_of(tiny, table={name: row | blots for name, row in rows_of().items()})
    assert "。每次训练画得都还不成数字：评判有把握的不到真实数字的一半，谈不上坍塌。**" in text
    none = {"diverged": 3, "frechet": None, "sure": None, "entropy": None, "lost": []}
    text = answer_of(tiny, table={name: row | none for name, row in rows_of().items()}, networks={})
    assert "坍塌" not in text.split("## 数学")[0]
    for verdict, says in (("better", "比其余的都小"), ("cannot be told apart", "在种子之间的波动之内")):
        best = {"name": "non-saturating", "against": {"minimax": {"verdict": verdict}}}
        text = answer_of(tiny, games={"dense": best, "convolutional": None})
        assert says in text and "- 卷积：没有发散的损失不到两种，不排名次。" in text


def test_one_seed_ranks_nothing_and_fewer_real_digits_are_further_away(tiny):
    answer = (tiny / "answer.md").read_text(encoding="utf-8")
    assert "- 种子少于 3 个，损失之间、网络之间都不排名次。" in answer and "- 卷积：" not in answer
    assert "样本比 200 张少，估得偏大" in answer and "估得偏大" not in answer_of(tiny, counts=PARTS)


@pytest.mark.parametrize("agrees", [True, False])
def test_the_answer_reads_theory_and_gradients(tiny, agrees):
    theory = {"gap": 0.02, "js_gap": 0.01, "agrees": agrees, "learned": agrees}
    one = {"shrinks": agrees, "agrees": agrees, "last": 90.0}
    text = answer_of(tiny, theory=theory, gradients={"dense": one, "convolutional": one})
    assert ("与理论相符。" in text) == agrees == ("q 靠近了 p" in text) == ("最后不饱和的是它的 90.0 倍" in text)
    assert ("没有完全达到理论的最优" in text) != agrees


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("games=chess", "games=chess: there are minimax, non-saturating, least squares, hinge"),
        ("samples=10", "samples=10: give at least 200"),
        ("beta1=1", "beta1=1"),
        ("noise=0", "noise=0: must be positive"),
        ("learning_rate=1", "D\\(drawn\\) is 0 in float32: give a smaller learning_rate"),
        ("learning_rate=1e30", "learning_rate=1e\\+30: the discriminator diverged; give a smaller one"),
        ("start_steps=-1", "start_steps=-1: must not be negative"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("gan", tmp_path, says, *TINY, override)


@pytest.mark.slow
def test_the_quick_run_on_real_digits(real_data, tmp_path):
    folder = contract.run("gan", tmp_path, "--quick", "--data-dir", str(real_data))[0]
    results = contract.metrics_of(folder)["results"]
    assert results["gradients"]["dense"]["shrinks"] and results["gradients"]["dense"]["agrees"]
    assert results["floor"]["holdout"]["frechet"] < results["table"]["dense-non-saturating"]["frechet"]["mean"]
