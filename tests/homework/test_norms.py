"""norms: the four by hand, who is averaged with whom, the counts, both modes, the answer turned around, tiny runs."""

from __future__ import annotations

import paddle
import pytest

import paddle_camp as camp
from homework.norms import by_hand, claims, measuring, verdicts
from homework.norms import experiment as hw
from paddle_camp.comparisons import ENOUGH
from paddle_camp.data.mnist import load_mnist
from paddle_camp.models.small import NORMS
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import check_kept_weights, small_run
from tests.helpers.toys import same_bits, weights


def test_the_norms_by_hand_are_paddles():
    found = by_hand.check(0)
    assert set(found) == {"batch", "layer", "instance", "group", "evaluation", "moments", "one group"}
    assert max(found.values()) < 1e-5


def test_four_numbers_by_hand():
    x = paddle.to_tensor([[1.0, 3.0], [5.0, 15.0]]).reshape([2, 2, 1, 1])
    assert by_hand.batch_norm(x).flatten().numpy() == pytest.approx([-1, -1, 1, 1], abs=1e-4)
    assert by_hand.layer_norm(x).flatten().numpy() == pytest.approx([-1, 1, -1, 1], abs=1e-4)
    assert by_hand.instance_norm(x).flatten().tolist() == [0, 0, 0, 0]  # a single pixel is its own mean


def test_who_is_averaged_with_whom():
    seen = {norm: by_hand.scope(norm) for norm in NORMS[1:]}
    assert {norm: each.shape for norm, each in seen.items()} == dict.fromkeys(seen, (4, 6, 4))
    assert {norm: int(each.sum()) for norm, each in seen.items()} == {
        "batch": 16,
        "layer": 24,
        "instance": 4,
        "group": 8,
    }
    assert seen["batch"][:, 0].all() and seen["layer"][0].all()
    assert seen["instance"][0, 0].all() and seen["group"][0, :2].all()


def test_the_counts_of_the_claims():
    found = claims.examine(0)
    norms, kernels = found["norms"], found["kernels"]
    assert norms["batch"] == {"trained": 128, "statistics": 128} and norms["convolution"]["trained"] == 36_864
    assert norms["instance"] == norms["group"] == norms["layer, by channel"] == {"trained": 128, "statistics": 0}
    assert norms["instance, plain"] == norms["group, plain"] == {"trained": 0, "statistics": 0}
    assert norms["layer"] == {"trained": 2 * 64 * 16 * 16, "statistics": 0}
    assert (kernels["ordinary"]["slices"], kernels["ordinary"]["touched"]) == (128, 16)
    assert (kernels["grouped"]["parameters"], kernels["grouped"]["touched"]) == (1152 // 4, 4)
    assert (kernels["depthwise"]["slices"], kernels["depthwise"]["touched"]) == (8, 1)
    assert found["split"] < 1e-5 and not any(found["holds"].values())


@pytest.fixture(scope="module")
def digits():
    return load_mnist("synthetic", counts=(60, 21)).test


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_only_batch_norm_has_two_modes_and_needs_company(digits, norm):
    paddle.seed(0)
    model = camp.create_for(measuring.NETWORK, digits, norm=norm, width=4)
    before, evaluated = weights(model), camp.evaluate(model, camp.Batches(digits, 500)).outputs
    found = measuring.compare_modes(model, digits, evaluated, 4, 0)  # 21 digits: the last batch is filled up
    assert same_bits(before, weights(model)) and model.training
    if norm == "batch":
        assert found["gap"] > 0.1 and found["company"] > 0.1
    else:
        assert found["gap"] < verdicts.SAME and found["company"] < verdicts.SAME and found["recast"] == 0


def test_the_memory_is_measured_of_steps():
    measuring.take_steps("group", 4, (1, 16, 16), 6)


def test_the_rate_with_the_lowest_loss_is_chosen():
    losses = {("batch", 2, 0.1): 0.5, ("batch", 2, 0.2): 0.4, ("batch", 2, 0.3): {"diverged": 3}}
    found = verdicts.best_rates(Grid({"norm": ("batch",), "batch_size": (2,), "rate": (0.1, 0.2, 0.3)}, losses))
    assert found == {"batch-2": {"rate": 0.2, "edge": None}}


def cell(accuracy, training, gap):
    modes = {"accuracy": training, "gap": gap, "changed": gap / 2, "company": gap, "recast": gap / 4}
    return {"accuracy": accuracy, "train_loss": 0.4, "holdout_loss": 1 - accuracy, "modes": modes}


def answer(accuracy, gap=0.2, loss=0.1, seeds=3, sizes=(2, 8, 64), **changes):
    """The text where ``accuracy(norm, size)`` is reached, and batch norm's modes differ by ``gap``."""
    noise, results = (0.0, 0.004, -0.003), {}
    for number, norm in enumerate(NORMS):
        for size in sizes:
            for seed in range(seeds):
                found = accuracy(norm, size) + noise[(seed + number + (size == 64)) % 3] * (1 + number / 9)
                own = gap if norm == "batch" else 0.0
                results[norm, size, seed] = cell(found, found - (loss * (1 + seed / 10) if own else 0), own)
    grid = Grid({"norm": NORMS, "batch_size": sizes, "seed": tuple(range(seeds))}, results)
    names = [f"{norm}-{size}" for norm in NORMS for size in sizes]
    values = {"settings": hw.replace(hw.Settings(), batch_sizes=sizes, num_seeds=seeds), "sizes": list(sizes)}
    values |= {"reported": "validation", "shape": [3, 64, 64], "enough": ENOUGH, "block": by_hand.BLOCK, "code": "…"}
    values |= {"counts": {"train": 2700, "holdout": 300, "validation": 200}, "memory": dict.fromkeys(NORMS, 500.0)}
    values |= {"times": {str(s): {n: {"milliseconds": 1.0, "by_paddle": 2.0} for n in NORMS} for s in sizes}}
    values |= {"rates": {name: {"rate": 0.01, "edge": None} for name in names} | changes.pop("rates", {})}
    values |= {"by_hand": by_hand.check(0), "claims": claims.examine(0)}
    values |= {"scope": {"batch": 16, "layer": 24, "instance": 4, "group": 8}}
    return rendered(hw.__file__, verdicts.judge(grid, 200) | values | changes)


def test_the_answer_says_that_batch_norm_needs_large_batches():
    text = answer(lambda norm, size: 0.6 if (norm, size) == ("batch", 2) else 0.5 if norm == "none" else 0.75)
    first = text.splitlines()[0]
    assert "**结论：batch 从 64 减到 2（看过的图片一样多），准确率更低的有批归一化；分不出高下的有" in first
    assert "比批归一化高的有层归一化、实例归一化、组归一化，比批归一化低的有不归一化。" in first
    assert "batch 为 2 时 10.00% 的图片换了类别，准确率 60.04% 对 49.04%；不归一化、层归一化、" in first
    assert "原讲义的四个说法有 4 个与计数不符。**" in first
    assert (
        "- 批归一化，batch 为 8：训练模式的准确率更低，一张图片的答案取决于和谁在一起（5.00% 会因此换类别）。" in text
    )
    assert "不对，正相反" in text and "即 128 片 3×3" in text and "参数从 1,152 减到 288" in text


def test_the_answer_turns_around():
    text = answer(lambda norm, size: 0.8 if size == 2 else 0.7, gap=0.0, sizes=(2, 64))
    first = text.splitlines()[0]
    assert "更高的有不归一化、批归一化、层归一化、实例归一化、组归一化。" in first
    assert "没有一种与批归一化分得出高下。" in first and "两种模式的差别没有测出来。" in first
    assert "两种模式的准确率分不出高下，同伴对输出没有影响。" in text


def test_one_batch_size_one_seed_and_an_edge_are_said():
    text = answer(lambda norm, size: 0.7, seeds=1, sizes=(8,), rates={"group-8": {"rate": 0.01, "edge": "largest"}})
    assert text.startswith("**结论：batch 为 8 时，没有一种") and "种子少于 3 个" in text
    assert "选中的学习率在所试范围的边上，更大或更小的可能更好：组归一化 8。" in text and "各种子的" not in text


def test_a_claim_that_holds_is_said_to():
    found = claims.examine(0)
    found["holds"] |= {"own kernel": True}
    text = answer(lambda norm, size: 0.7, claims=found)
    assert "四个说法有 3 个与计数不符" in text and "“普通卷积每个通道有自己的卷积核”：对。" in text


TINY = ("digits=true", "train_pictures=110", "valid_pictures=40", "width=4", "batch_sizes=2,20", "num_epochs=1")
TINY = (*TINY, "choice_epochs=1", "num_seeds=1", "rounds=3", "rates=0.01", "holdout=0.2", "memory_batch=4")


@pytest.fixture
def no_other_process(monkeypatch):
    """Paddle takes seconds to load in each of the five processes whose memory is measured."""
    monkeypatch.setattr(measuring, "peak_memory", lambda function, *arguments, device: 400 * 2**20)


def test_a_tiny_run_keeps_the_contract_and_its_model_predicts(tmp_path, no_other_process):
    run = small_run("norms", tmp_path, TINY)
    results = contract.check(run, "norms", data=True, classifier=True)
    assert list(results["table"]) == list(NORMS) and list(results["table"]["batch"]) == ["2", "20"]
    assert results["table"]["group"]["2"]["alone"] and not results["table"]["batch"]["2"]["alone"]
    saved, _ = check_kept_weights(run, load_mnist("synthetic", counts=(110, 40)).test)
    assert (saved.model, saved.arguments["norm"]) == ("small_conv_net", results["best"]["norm"])


def test_a_tiny_run_on_photographs_chooses_rates(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "peak_memory", lambda function, *arguments, device: None)  # could not be measured
    settings = ("width=4", "batch_sizes=8", "num_epochs=1", "choice_epochs=1", "num_seeds=1", "rounds=3")
    settings = (*settings, "rates=0.01,0.02", "train_pictures=40", "valid_pictures=10", "image_size=16")
    run = small_run("norms", tmp_path, settings)
    assert contract.metrics_of(run)["headline"]["split"] == "validation"
    assert not (run / "figures" / "memory.png").exists() and (run / "figures" / "blocks.png").exists()
    assert {row["rate"] for row in contract.metrics_of(run)["results"]["rates"].values()} <= {0.01, 0.02}


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("batch_sizes=1", "batch_sizes=1: a batch norm needs 2 pictures"),
        ("batch_sizes=2,2", "batch_sizes=2,2: each one once"),
        ("image_size=8", "image_size=8: give at least 16"),
        ("rates=0", "rates=0.0: must be positive"),
        ("batch_sizes=5000", "batch_sizes=5000: there are 900 training pictures"),
    ],
)
def test_wrong_settings_are_one_line(override, says, tmp_path):
    overrides = (override, "image_size=16") if "image_size" not in override else (override,)
    contract.refused("norms", tmp_path, says, *overrides)


@pytest.mark.slow
def test_quick(tmp_path):
    run, _ = contract.run("norms", tmp_path, "--quick", "--data", "synthetic")
    contract.check(run, "norms", data=True, classifier=True)
