"""The sentences of the table of results: they follow the numbers and the verdicts."""

from __future__ import annotations

import pytest

from tools import results
from tools.results_in_words import SENTENCES, faster


def test_what_several_seeds_have_found_is_their_mean():
    found = {"single": {"plain": [30, 34, 41], "averaged": [26, 27, 31]}, "ensemble": {"averaged": 24}}
    said = SENTENCES["6-2"](found | {"data": {"test": 10_000}})
    assert "one network 0.9965 (0.9959 to 0.9970)" in said
    assert "0.9972 (0.9969 to 0.9974); all 3 together 0.9976" in said


def test_the_sentences_turn_around_with_the_numbers():
    assert faster(1.0, 11.0, "better") == "numpy is faster (11 times)"
    assert faster(3.0, 2.0, "worse") == "Paddle is faster (1.5 times)"
    assert faster(3.0, 2.0, "cannot be told apart") == "the two cannot be told apart"


@pytest.mark.parametrize(
    ("for_all", "verdict", "says"),
    [
        (["0.1"], "better", "Adam (0.1) 0.900 (0.900); 0.1 cannot be told from the best rate for any of them"),
        ([], "better", "Adam (0.1) 0.900 (0.900); no rate is as good as the best for all of them"),
        ([], "cannot be told apart", "; Adam cannot be told from SGD; no rate is as good as the best for all of them"),
    ],
)
def test_the_sentence_on_optimizers_reads_the_verdicts(for_all, verdict, says):
    row = {"test_accuracy": 0.9, "test_accuracies": [0.9], "rate": 0.1, "edge": None}
    found = {"best": {"SGD": row | {"edge": "largest"}, "Adam": row}, "order": ["SGD", "Adam"]}
    said = SENTENCES["5-3"](found | {"for_all": for_all, "against_first": {"Adam": {"verdict": verdict}}})
    assert "SGD (0.1, the largest tried) 0.900" in said and said.endswith(says)


@pytest.mark.parametrize(("verdict", "even"), [("better", ""), ("cannot be told apart", "; {} cannot be told from {}")])
def test_the_sentence_on_losses_and_weights_reads_the_verdicts(verdict, even):
    against = {"verdict": verdict}
    found = {
        "losses": {"smoothed": [0.9, 0.92], "squared": [0.8, 0.8]},
        "ranking": {"name": "smoothed", "against": {"squared": against}},
        "l2": {"0": {"test": 0.2}, "0.1": None, "0.01": {"test": 0.1}},
        "l2_verdicts": {"best": {"name": "0.01", "against": {"0": against}}},
    }
    losses = "label smoothing 0.910, squared error 0.800" + even.format("squared error", "label smoothing")
    weights = "0.200 with L2 weight 0, 0.100 with L2 weight 0.01" + even.format("0", "weight 0.01")
    assert SENTENCES["6-1"](found) == (
        f"test accuracy by loss: {losses}; on few digits the test loss ends at {weights}"
    )
    bare = found | {"ranking": None, "l2_verdicts": {"best": None}}
    assert "cannot be told" not in SENTENCES["6-1"](bare)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, "the loss stops falling at step 80 (95 % interval 62 to 102; 36 steps an epoch); validation accuracy"),
        ({"plateau": {"step": 80, "found": False, "interval": [62, 102]}}, "no plateau yet, the loss bends most at"),
        ({"against": {"constant": {"verdict": "cannot be told apart"}}}, "(decayed: not told apart)"),
        ({}, "seeds: decayed there 0.950"),
        ({"plateau": {"step": 60, "found": False, "interval": [50, 70]}}, "seeds: decayed at step 80 0.950"),
        ({"learned": False}, "nothing was learned, so no step is named: validation accuracy 0.950 (0.940 to 0.960)"),
    ],
)
def test_the_sentence_on_the_decay_reads_the_verdicts(change, says):
    row = {"validation_accuracy": 0.95, "validation_auc": 0.99, "last_epoch_range": 0.02}
    row["seeds"] = [{"validation_accuracy": 0.94}, {"validation_accuracy": 0.96}]
    found = {"learned": True, "steps_per_epoch": 36, "runs": {"constant": row, "decayed": row | {"boundary": 80}}}
    found |= {"plateau": {"step": 80, "found": True, "interval": [62, 102]}}
    found |= {"against": {"constant": {"verdict": "better"}}}
    assert says in SENTENCES["9-1"](found | change)


@pytest.mark.parametrize(
    ("learned", "says"), [(2, "learns"), (1, "learns with 1 of 2 seeds"), (0, "does not learn in these epochs")]
)
def test_whether_a_network_learns_is_read_from_its_seeds(learned, says):
    shown = {"accuracy": {"all": [0.5, 0.6]}, "loss": {"all": [0.7, 0.7]}, "seeds": 2}
    variants = {"sigmoid": shown | {"learned": learned}, "relu": shown | {"learned": 2}}
    variants["sigmoid-init"] = shown | {"learned": learned}
    said = SENTENCES["8"]({"variants": variants})
    assert f"Sigmoid {says} (0.500 to 0.600, loss 0.700)" in said
    assert said.endswith("init (0.500 to 0.600, loss 0.700)" if learned == 2 else "nothing")


@pytest.mark.parametrize(("verdict", "says"), [("better", "(better)"), ("cannot be told apart", "(not told apart)")])
def test_the_sentence_on_networks_has_both_recipes(verdict, says):
    row = {"accuracy": 0.9, "auc": 0.95, "mended": {"accuracy": 0.93, "auc": 0.97}}
    found = {"networks": {"lenet": {"diverged": 3}, "alexnet": row}, "order": ["alexnet"]}
    said = SENTENCES["9-2"](found | {"changes": {"mended": {"difference": 0.03, "verdict": verdict}}})
    assert "alexnet 0.900, 0.950 / 0.930, 0.970; diverged: lenet; mended on the mean +3.0 points" in said
    assert said.endswith(says)
    assert SENTENCES["9-2"](found | {"changes": {}}).endswith("AUC: alexnet 0.900, 0.950; diverged: lenet")


def test_the_sentences_on_other_courses_turn_around_with_the_numbers():
    ways = {"standardised": {"arrived": 178}, "plain": {"arrived": None, "gap": 0.93}, "newton": {"arrived": 6}}
    found = {"ways": ways, "odds": [5.0, 12.5], "exact": [1.0, 2.0, 3.0], "probability": [0.85, 0.93]}
    said = results.SENTENCES["car-buyers"](found)
    assert (
        "after 178 steps, on columns that are not scaled never (0.93 away at the end)" in said and "by 2.5000" in said
    )
    rows = {"squared error": {"seeds": [0.8, 0.8], "mean": 0.8}}
    found = {"short": rows, "long": rows, "reported": 0.97, "interval": [0.9, 0.98]}
    assert "2 seeds, after 20 / 200 epochs: squared error 80.0 % / 80.0 %" in results.SENTENCES["iris"](found)
    assert results.SENTENCES["iris"](found).endswith("97.0 % is within the 95 % interval")
    assert results.SENTENCES["iris"](found | {"interval": [0.7, 0.9]}).endswith("97.0 % is outside the 95 % interval")


def test_the_sentence_on_groups_turns_around_with_the_numbers():
    table = {name: {"accuracy": 0.8} for name in ("1", "2", "8", "8 wide", "depthwise", "separable")}
    found = {"table": table, "trends": {"plain": "falls", "wide": "neither"}}
    found["shuffle"] = {"shuffled": {"difference": -0.021, "verdict": "worse"}}
    said = results.SENTENCES["groups"](found)
    assert "equal width 8 groups 80.0 % (falling), at equal cost 8 groups 80.0 % (no trend)" in said
    assert "a shuffle changes it by -2.1 points at equal width (worse)" in said
    found |= {"trends": {"plain": "rises", "wide": "rises"}}
    assert results.SENTENCES["groups"](found).count("(rising)") == 2


def test_the_sentence_on_cats_and_dogs_has_every_recipe():
    crops = {"whole": 0.94, "cropped": 0.81, "changing": 0.4}
    found = {
        "table": {n: {"accuracy": a, "crops": crops} for n, a in (("lenet-mended", 0.7), ("resnet18-mended", 0.94))}
    }
    nets = {f"{kind} {depth}": {"train_loss": 0.5} for kind in ("plain", "residual") for depth in (18, 34)}
    found |= {"compared": {"table": nets}, "schedules": {"best": "step"}, "chosen": "resnet18-mended"}
    said = results.SENTENCES["cats-and-dogs"](found)
    assert "lenet-mended 0.700, resnet18-mended 0.940; chosen on held-out training pictures: resnet18-mended" in said
    assert "18 layers 0.500 with and 0.500 without" in said and "0.810 in place of 0.940, 40.0 %" in said
    assert said.endswith("lowest held-out loss: step")


def test_the_sentence_on_norms_turns_around_with_the_numbers():
    rows = {size: {"accuracy": share, "modes": {"changed": 0.25}} for size, share in (("2", 0.6), ("64", 0.7))}
    found = {"table": {"batch": rows, "group": rows}, "claims": {"holds": {"a": True, "b": False}}}
    said = results.SENTENCES["norms"](found)
    assert "batches of 2 / 64: batch 60.0 % / 70.0 %, group 60.0 % / 70.0 %" in said
    assert said.endswith("25.0 % at 2, 25.0 % at 64 of the pictures; 1 of 2 sentences of the source are wrong")


def test_the_sentence_on_traffic_signs_says_the_leak_and_who_is_sure():
    splits = {"track": {"mean_plain": 0.98}, "picture": {"mean_plain": 0.999}, "leak": {"verdict": "better"}}
    final = {"interval": [0.97, 0.99], "plain": {"mean": 0.98}, "averaged": {"together": 0.985}}
    sure = {"test": {"count": 900, "share": 0.9, "accuracy": 0.9967}}
    found = {"splits": splits, "final": final, "sure": sure, "baseline": {"test": 0.85}}
    said = results.SENTENCES["traffic-signs"](found)
    assert "by track 0.9800, by picture 0.9990 (better)" in said and "0.9850 (0.9700 to 0.9900)" in said
    assert "; 90.0 % of the pictures are sure, of these 99.67 % right; gradients and ridge 0.850" in said
    splits["leak"]["verdict"] = "cannot be told apart"
    said = results.SENTENCES["traffic-signs"](found | {"sure": {"threshold": None}})
    assert "(not told apart)" in said and "sure" not in said


def test_the_sentence_on_steering_says_the_errors_the_leak_and_the_metres():
    errors = {"raw": 0.1234, "smooth": 0.0432}
    test = {"constant": errors, "ridge": errors, "together": errors, "each": {"raw": [0.13, 0.14]}}
    test["interval"] = {"raw": [0.1, 0.15]}
    leak = {"block": {"mean": 0.05}, "picture": {"mean": 0.03}, "against": {"verdict": "better"}}
    trips = {name: {"metres": metres} for name, metres in (("driver", 320.0), ("centre", 80.4), ("three", 300.2))}
    said = results.SENTENCES["steering"]({"test": test, "leak": leak, "road": trips | {"ticks": 400}})
    assert "2 networks together 0.123 / 0.043 (joystick, 95 %: 0.100 to 0.150)" in said
    assert "0.050, with their neighbours trained on 0.030 (better)" in said
    assert said.endswith("on a drawn road, of 320 m: driver 320 m, centre 80 m, three 300 m")


def test_the_sentence_on_captions_says_what_was_chosen_and_what_it_is_compared_with():
    scores = {"chosen": [0.61, 0.42, 0.28, 0.185], "nearest": [0.438, 0.248, 0.138, 0.08]}
    test = {"bleu": scores, "intervals": {"chosen": [[0.58, 0.63]] * 3 + [[0.16, 0.21]]}}
    found = {"test": test, "dev": {"chosen": {"group": "both", "width": 5, "neighbours": 10.0}}}
    said = results.SENTENCES["captions"](found)
    assert "0.610, 0.420, 0.280, 0.185 (the last: 0.160 to 0.210)" in said and "networks both, beam 5" in said
    assert said.endswith("votes 10; nearest 0.438, 0.248, 0.138, 0.080")


@pytest.mark.parametrize("verdict", ["better", "worse", "cannot be told apart"])
def test_the_sentence_on_overfitting_names_each_remedy_with_its_verdict(verdict):
    table = {name: {"test": {"accuracy": share}} for name, share in (("none", 0.897), ("dropout 0.4", 0.907))}
    chosen = {"dropout": {"label": "dropout 0.4", "against": {"verdict": verdict}}}
    found = {"gradients": {"relu he 2": {"each": 9.0}, "relu he 20": {"each": 1.02}}}
    said = results.SENTENCES["overfitting"](found | {"remedies": {"table": table, "chosen": chosen}})
    assert said.startswith("gradient from layer to layer, at depth 20: relu he 1.02; ")
    assert said.endswith(f"none 0.897, dropout 0.4 0.907 ({verdict})")
