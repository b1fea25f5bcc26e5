"""What a run of each assignment of the four other courses found, in one sentence; see :mod:`tools.results_in_words`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tools.results_in_words import SAID, Results, mean


def percent(share: float, digits: int = 1) -> str:
    """``97.3 %``."""
    return f"{100 * share:.{digits}f} %"


def numbers(values: Sequence[float], form: str) -> str:
    """Several numbers, separated by commas."""
    return ", ".join(format(value, form) for value in values)


def car_buyers(r: Results) -> str:
    ways, (first, more) = r["ways"], r["odds"]

    def after(name: str) -> str:
        way = ways[name]
        return f"after {way['arrived']} steps" if way["arrived"] else f"never ({way['gap']:.2g} away at the end)"

    steps = f"gradient descent is within 1e-4 {after('standardised')}, on columns that are not scaled {after('plain')}"
    asked = f"probability of (28, 8) {r['probability'][0]:.4f}"
    odds = f"one more of income multiplies the odds by {more / first:.4f}"
    return f"optimum {numbers(r['exact'], '.4f')}; {steps}, Newton {after('newton')}; {asked}; {odds}"


def spam(r: Results) -> str:
    listing, better, leak = r["scores"]["listing"], r["scores"]["better"], r["leak"]["f1_gain"]
    shares = f"accuracy {percent(listing['accuracy'])}, recall {percent(listing['recall'])}, F1 {listing['f1']:.3f}"
    low, high = better["f1_interval"]
    improved = f"F1 {better['f1']:.3f} (95 %: {low:.3f} to {high:.3f}; {SAID[r['against']['verdict']]})"
    return (
        f"10 folds, copies together; the listing: {shares}; {r['chosen']['features']}, C chosen inside the folds: "
        f"{improved}; copies in several folds add {leak:.3f} to the listing's F1; in Paddle the same coefficients to "
        f"{r['same']['difference']:.0e}"
    )


def iris(r: Results) -> str:
    def said(name: str) -> str:
        return f"{name} {' / '.join(percent(r[key][name]['mean']) for key in ('short', 'long'))}"

    seeds = len(r["short"]["squared error"]["seeds"])
    inside = "within" if r["interval"][0] <= r["reported"] <= r["interval"][1] else "outside"
    return (
        f"10 folds, {seeds} seeds, after 20 / 200 epochs: {', '.join(map(said, r['short']))}; "
        f"the source's {percent(r['reported'])} is {inside} the 95 % interval"
    )


def convolutions(r: Results) -> str:
    gap, dense = max(max(row["matrix"], row["paddle"]) for row in r["three_ways"]), r["dense"]
    return (
        f"loops, a matrix product and Paddle agree to {gap:.0e}; a dense layer as a convolution gives "
        f"{dense['answers']} answers of a larger picture in one pass, with {dense['saved']:.0f} times fewer "
        "multiplications"
    )


def overfitting(r: Results) -> str:
    each = {name: row["each"] for name, row in r["gradients"].items()}
    deepest = max(int(name.split()[-1]) for name in each)
    said = [
        f"{name.rpartition(' ')[0]} {share:.2f}"
        for name, share in each.items()
        if share and name.endswith(f" {deepest}")
    ]
    table, chosen = r["remedies"]["table"], r["remedies"]["chosen"]
    tested = [f"none {table['none']['test']['accuracy']:.3f}"]
    for row in chosen.values():
        accuracy, verdict = table[row["label"]]["test"]["accuracy"], row["against"]["verdict"]
        tested.append(f"{row['label']} {accuracy:.3f} ({verdict})")
    few = f"test accuracy after few digits, strength chosen on held-out ones: {', '.join(tested)}"
    return f"gradient from layer to layer, at depth {deepest}: {', '.join(said)}; {few}"


def cats_and_dogs(r: Results) -> str:
    table, compared, schedules = r["table"], r["compared"], r["schedules"]
    rows = ", ".join(f"{name} {row['accuracy']:.3f}" for name, row in table.items())
    losses = ", ".join(
        f"{depth} layers {compared['table'][f'residual {depth}']['train_loss']:.3f} with and "
        f"{compared['table'][f'plain {depth}']['train_loss']:.3f} without"
        for depth in ("18", "34")
    )
    crops = table[r["chosen"]]["crops"]
    return (
        f"validation accuracy, mean of the seeds: {rows}; chosen on held-out training pictures: {r['chosen']}; "
        f"training loss, shortcuts: {losses}; on pictures cropped at random {crops['cropped']:.3f} in place of "
        f"{crops['whole']:.3f}, {percent(crops['changing'])} of them change their class between draws; schedule with "
        f"the lowest held-out loss: {schedules['best']}"
    )


def conv_features(r: Results) -> str:
    cost, heads = r["cost"], {"logistic regression": r["logistic"], "a linear layer": r["linear"]}
    accuracies = ", ".join(f"{name} {row['accuracy']:.3f}" for name, row in heads.items())
    rows = r["versions"]["few"]
    losses = ", ".join(f"{name} {row['mean_loss']:.4f}" for name, row in rows.items())
    return (
        f"{cost['epochs']} epochs on features computed once take {cost['features']:.0f} s, through the frozen network "
        f"{cost['network']:.0f} s (computed), logits {r['same']['difference']:.0e} apart; validation accuracy: "
        f"{accuracies}; loss of a few pictures by versions of each: {losses}"
    )


def fundus_transfer(r: Results) -> str:
    rows = ", ".join(f"{way} {row['mean_accuracy']:.3f}, {row['mean_auc']:.4f}" for way, row in r["ways"].items())
    best = r["ways"][r["chosen"]]["together"]
    return (
        f"validation accuracy, AUC (means over seeds): {rows}; chosen on held-out training pictures: {r['chosen']}, "
        f"its probabilities averaged {best['accuracy']:.3f}, {best['auc']:.4f}"
    )


def transfer(r: Results) -> str:
    def said(row: Results) -> str:
        return " / ".join(percent(way["mean_accuracy"]) for way in row["ways"].values())

    ways = list(next(iter(r["curve"].values()))["ways"])
    rows = "; ".join(f"{size} pictures {said(row)}" for size, row in r["curve"].items())
    table = r["tips"]["table"]
    tips = ", ".join(
        f"{name} {100 * row['against']['difference']:+.1f} ({SAID[row['against']['verdict']]})"
        for name, row in table.items()
        if name != "none"
    )
    return (
        f"validation accuracy, {' / '.join(ways)}: {rows}; chosen on held-out training pictures: {r['chosen']}; from "
        f"scratch on few pictures {percent(table['none']['mean_accuracy'])} on new ones, points that a tip adds: {tips}"
    )


def mnist_mlp(r: Results) -> str:
    table = ", ".join(f"{name} {row['accuracy']:.4f}" for name, row in r["table"].items())
    one = r["linear_as_one"]
    product = f"three linear layers multiplied out differ by {one['largest']:.0e}, {one['changed']} digits change"
    return f"test accuracy: {table}; {product}"


def mnist_cnn(r: Results) -> str:
    return "test accuracy, and of digits moved by 2 pixels: " + ", ".join(
        f"{name} {row['accuracy']:.4f}, {row['moved']:.4f}" for name, row in r["table"].items()
    )


def groups(r: Results) -> str:
    table, trends = r["table"], r["trends"]
    most = max(int(name) for name in table if name.isdigit())

    def said(name: str, kind: str) -> str:
        trend = {"rises": "rising", "falls": "falling", "neither": "no trend"}[trends[kind]]
        return f"{most} groups {percent(table[name]['accuracy'])} ({trend})"

    shuffled = r["shuffle"]["shuffled"]
    gain = f"{100 * shuffled['difference']:+.1f} points at equal width ({SAID[shuffled['verdict']]})"
    return (
        f"1 group {percent(table['1']['accuracy'])}; at equal width {said(str(most), 'plain')}, at equal cost "
        f"{said(f'{most} wide', 'wide')}; a shuffle changes it by {gain}; depthwise "
        f"{percent(table['depthwise']['accuracy'])}, with a 1x1 {percent(table['separable']['accuracy'])}"
    )


def norms(r: Results) -> str:
    def said(name: str) -> str:
        return f"{name} {' / '.join(percent(row['accuracy']) for row in r['table'][name].values())}"

    sizes = list(r["table"]["batch"])
    two = ", ".join(f"{percent(row['modes']['changed'])} at {size}" for size, row in r["table"]["batch"].items())
    wrong = [name for name, holds in r["claims"]["holds"].items() if not holds]
    return (
        f"accuracy in batches of {' / '.join(sizes)}: {', '.join(map(said, r['table']))}; batch norm's two modes "
        f"differ on {two} of the pictures; {len(wrong)} of {len(r['claims']['holds'])} sentences of the source "
        "are wrong"
    )


def deep_convnet(r: Results) -> str:
    long, table = r["long"], r["recipes"]["table"]
    five = ", ".join(f"{name} {row['test']:.4f}" for name, row in table.items())
    low, high = long["best"]["interval"]
    best = f"{r['recipes']['best']} after 20 epochs {long['best']['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})"
    return f"test accuracy after 5 epochs: {five}; {best}, the source's network {long['source']['accuracy']:.4f}"


def autoencoder(r: Results) -> str:
    def said(size: str) -> str:
        code = r["codes"][size]
        shares = ", ".join(f"{name} {mean(row['errors']) / code['pca']:.3f}" for name, row in code["networks"].items())
        return f"{size} numbers: {shares}"

    return f"test error over that of PCA with as many numbers: {'; '.join(map(said, r['codes']))}"


def gan(r: Results) -> str:
    rows = ", ".join(f"{name} {row['frechet']['mean']:.1f}" for name, row in r["table"].items() if row["frechet"])
    return f"Fréchet distance to the test digits (other real ones {r['floor']['holdout']['frechet']:.1f}): {rows}"


SENTENCES: dict[str, Callable[[Results], str]] = {
    "autoencoder": autoencoder,
    "car-buyers": car_buyers,
    "iris": iris,
    "spam": spam,
    "convolutions": convolutions,
    "cats-and-dogs": cats_and_dogs,
    "conv-features": conv_features,
    "fundus-transfer": fundus_transfer,
    "transfer": transfer,
    "gan": gan,
    "groups": groups,
    "norms": norms,
    "mnist-mlp": mnist_mlp,
    "mnist-cnn": mnist_cnn,
    "deep-convnet": deep_convnet,
    "overfitting": overfitting,
}
