"""What a run of each assignment found, in one sentence, from the ``results`` of its ``metrics.json``.

Every number in a sentence is a run's, and so is every verdict: another run's numbers turn it around.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from paddle_camp.comparisons import BETTER, EVEN, WORSE, not_beaten

Results = dict[str, Any]
SAID = {BETTER: "better", WORSE: "worse", EVEN: "not told apart"}
LOSSES = {"cross_entropy": "cross-entropy", "squared": "squared error", "smoothed": "label smoothing"}


def span(texts: Iterable[str]) -> str:
    """``0.890 to 0.900``; one text where both ends read the same."""
    return " to ".join(dict.fromkeys(texts))


def spread(values: list[float], form: str = ".3f") -> str:
    """The least and the largest of several numbers."""
    return span(format(value, form) for value in (min(values), max(values)))


def mean(values: list[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def linear_regression(r: Results) -> str:
    models, least = r["models"], r["models"]["least squares"]
    off = max(model["loss_ratio"] - 1 for model in models.values())
    ends = f"both ways of training end within {100 * off:.1f} % of the loss of least squares"
    error = models["mini-batch"]["test"]["rmse_dollars"]
    others = f"mean predictor {r['mean']['rmse_dollars']:.1f}, least squares {least['test']['rmse_dollars']:.1f}"
    return f"{ends}; test error {error:.1f} thousand dollars ({others})"


def written_questions(r: Results) -> str:
    return f"a model answer, with {len({'orders', 'market'} & r.keys())} examples worked in numbers"


def backpropagation(r: Results) -> str:
    worst = max(max(network["gradient_error"]) for network in r["networks"].values())
    errors = r["networks"]["two-layer"]["rmse_dollars"]
    seeds = f"{len(errors)} seeds: {spread(errors, '.1f')}"
    return (
        f"gradients right to {worst:.0e} against central differences; "
        f"test error {mean(errors):.1f} thousand dollars ({seeds})"
    )


def batch_size(r: Results) -> str:
    noises = [row for row in r["noise"]["start"] if row["law_without"] > 0]  # there a batch of all rows has none
    off = max(abs(row["measured"] / row["law_without"] - 1) for row in noises)
    rate = max(kind["rate"] for kind in r["trainings"])
    ends = [above_least(kind) for kind in r["trainings"] if kind["rate"] == rate]
    law = "gradient noise follows sigma/sqrt(batch), corrected for drawing without replacement"
    return f"{law}, within {100 * off:.1f} %; at rate {rate:g} a batch of {ends[0]}, one of {ends[-1]}"


def above_least(kind: Results) -> str:
    """Where the loss hovers at the end."""
    if not kind["hover"]:
        return f"{kind['batch_size']} diverges"
    above = mean(kind["hover"]) - 1
    found = "reaches the least loss" if above < 0.001 else f"stays {100 * above:.0f} % above the least loss"
    return f"{kind['batch_size']} {found}"


def tanh(r: Results) -> str:
    types = r["tanh"]["types"]
    places = " and ".join(f"{types[name]['nan_from']:.1f} ({name})" for name in types)
    return f"the question's formula is NaN from {places} on"


def house_prices(r: Results) -> str:
    test, seeds = r["test"], r["network_seeds"]
    linear, least = (test[name]["rmse_dollars"] for name in ("linear", "least squares"))
    network = f"a network of {r['chosen']['hidden']} hidden units, chosen on training rows"
    return (
        f"the course's linear model: test error {linear:.1f} thousand dollars after its epochs (least squares "
        f"{least:.1f}); {network}: {mean(seeds):.1f} ({len(seeds)} seeds: {spread(seeds, '.1f')})"
    )


def numpy_or_paddle(r: Results) -> str:
    gap = max(r[name]["difference"] for name in ("linear", "network"))
    per_step = r["cost"]["per_step"]
    one, large = per_step["width"][0], per_step["large"][-1]
    return (
        f"the same loss at every step within {gap:.0e}; with {one[0]} hidden unit {faster(*one[1:4])}, "
        f"with two layers of {large[0]} on all rows {faster(*large[1:4])}"
    )


def faster(numpy: float, paddle: float, verdict_on_numpy: str) -> str:
    """Which of the two is faster, and how many times by their medians."""
    if verdict_on_numpy == EVEN:
        return "the two cannot be told apart"
    name, times = ("numpy", paddle / numpy) if verdict_on_numpy == BETTER else ("Paddle", numpy / paddle)
    return f"{name} is faster ({times:.{0 if times >= 9.5 else 1}f} times)"


def test_accuracy(r: Results) -> str:
    low, high = r["interval"]
    drawn = f"{r['right']} of {len(r['drawn'])} right (95 % interval {low:.3f} to {high:.3f})"
    return f"{drawn}; {r['accuracy_all']:.3f} on all {r['data']['test']:,}; such draws scatter by {r['std']:.3f}"


def famous_networks(r: Results) -> str:
    return f"parameters and multiply-adds of {len(r['millions'])} networks"


def optimizers(r: Results) -> str:
    def said(name: str) -> str:
        row = r["best"][name]
        edge = f", the {row['edge']} tried" if row["edge"] else ""
        return f"{name} ({row['rate']:g}{edge}) {row['test_accuracy']:.3f} ({spread(row['test_accuracies'])})"

    verdict = "no rate is as good as the best for all of them"
    if r["for_all"]:
        verdict = f"{' and '.join(r['for_all'])} cannot be told from the best rate for any of them"
    even = like(r["order"][0], r["against_first"])
    accuracies = ", ".join(map(said, r["order"]))
    return f"test accuracy, each at the rate chosen on held-out digits: {accuracies}{even}; {verdict}"


def like(best: str, against: dict[str, Any]) -> str:
    """Who cannot be told from the best one."""
    near = not_beaten(against)
    return f"; {', '.join(near)} cannot be told from {best}" if near else ""


def five_exercises(r: Results) -> str:
    order = sorted(r["losses"], key=lambda name: -mean(r["losses"][name]))
    losses = ", ".join(f"{LOSSES.get(name, name)} {mean(r['losses'][name]):.3f}" for name in order)
    if r["ranking"]:
        against = {LOSSES.get(name, name): each for name, each in r["ranking"]["against"].items()}
        losses += like(LOSSES.get(r["ranking"]["name"], r["ranking"]["name"]), against)
    ends = {weight: row["test"] for weight, row in r["l2"].items() if row and row.get("test") is not None}
    weights = ", ".join(f"{loss:.3f} with L2 weight {weight}" for weight, loss in ends.items())
    best = r["l2_verdicts"]["best"]
    even = like(f"weight {best['name']}", best["against"]) if best else ""
    return f"test accuracy by loss: {losses}; on few digits the test loss ends at {weights}{even}"


def best_accuracy(r: Results) -> str:
    tested = r["data"]["test"]

    def said(mistakes: list[int]) -> str:
        shares = [1 - count / tested for count in mistakes]
        return f"{mean(shares):.4f} ({spread(shares, '.4f')})"

    single, together = r["single"], 1 - r["ensemble"]["averaged"] / tested
    return (
        f"one network {said(single['plain'])} on the {tested:,} test digits; averaged over slightly changed digits "
        f"{said(single['averaged'])}; all {len(single['plain'])} together {together:.4f}"
    )


def count_operations(r: Results) -> str:
    products, sums = r["totals"][0]["operations"]
    if products == sums:
        return f"{products:,} of each"
    return f"{products:,} multiplications, {sums:,} additions"


def layer_shapes(r: Results) -> str:
    return f"{r['parameters']:,} parameters in all"


def activation(r: Results) -> str:
    variants = r["variants"]

    def said(name: str) -> str:
        return f"{spread(variants[name]['accuracy']['all'])}, loss {spread(variants[name]['loss']['all'])}"

    def learns(name: str) -> str:
        learned, seeds = variants[name]["learned"], variants[name]["seeds"]
        if 0 < learned < seeds:
            return f"learns with {learned} of {seeds} seeds"
        return "learns" if learned else "does not learn in these epochs"

    pair = f"ReLU {learns('relu')} ({said('relu')}), Sigmoid {learns('sigmoid')} ({said('sigmoid')})"
    changed = [name for name in variants if name.startswith("sigmoid-") and learns(name) == "learns"]
    helped = ", ".join(f"{name.partition('-')[2]} ({said(name)})" for name in changed) or "nothing"
    return f"validation accuracy: {pair}; of one change at a time these let the Sigmoid learn: {helped}"


def resnet_decay(r: Results) -> str:
    def said(name: str) -> str:
        run = r["runs"][name]
        points = f"within {100 * run['last_epoch_range']:.1f} points"
        seeds = spread([each["validation_accuracy"] for each in run["seeds"]])
        area = f"AUC {run['validation_auc']:.3f}"
        return f"{run['validation_accuracy']:.3f} ({seeds}), {area}, {points} over the last epoch"

    if not r["learned"]:
        return f"nothing was learned, so no step is named: validation accuracy {said('constant')}"
    plateau, per_epoch = r["plateau"], r["steps_per_epoch"]
    low, high = plateau["interval"]
    where = f"step {plateau['step']} (95 % interval {low} to {high}; {per_epoch} steps an epoch)"
    found = f"{'the loss stops falling' if plateau['found'] else 'no plateau yet, the loss bends most'} at {where}"
    boundary, verdict = r["runs"]["decayed"]["boundary"], SAID[r["against"]["constant"]["verdict"]]
    there = "there" if boundary == plateau["step"] else f"at step {boundary}"
    seeds = len(r["runs"]["constant"]["seeds"])
    return (
        f"{found}; validation accuracy, mean of {seeds} seeds: decayed {there} {said('decayed')}; "
        f"at the constant rate {said('constant')} (decayed: {verdict})"
    )


def compare_networks(r: Results) -> str:
    rows = {name: r["networks"][name] for name in r["order"]}
    lost = [name for name, row in r["networks"].items() if "diverged" in row]
    diverged = f"; diverged: {', '.join(lost)}" if lost else ""

    def said(row: Results) -> str:
        return f"{row['accuracy']:.3f}, {row['auc']:.3f}"

    if "mended" not in r["changes"]:
        return f"validation accuracy, AUC: {'; '.join(f'{n} {said(row)}' for n, row in rows.items())}{diverged}"
    each = "; ".join(f"{name} {said(row)} / {said(row['mended'])}" for name, row in rows.items() if "mended" in row)
    change = r["changes"]["mended"]
    gain = f"mended on the mean {100 * change['difference']:+.1f} points ({SAID[change['verdict']]})"
    return f"validation accuracy, AUC by the course's recipe / the mended one: {each}{diverged}; {gain}"


SENTENCES: dict[str, Callable[[Results], str]] = {
    "1-1": linear_regression,
    "1-2": written_questions,
    "2-1": backpropagation,
    "2-2": batch_size,
    "3-1": tanh,
    "4-1": house_prices,
    "4-2": numpy_or_paddle,
    "5-1": test_accuracy,
    "5-2": famous_networks,
    "5-3": optimizers,
    "6-1": five_exercises,
    "6-2": best_accuracy,
    "7-1": count_operations,
    "7-2": layer_shapes,
    "8": activation,
    "9-1": resnet_decay,
    "9-2": compare_networks,
}
