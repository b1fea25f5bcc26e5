"""What the assignments on signs, roads and captions found, in one sentence each; see :mod:`tools.results_in_words`."""

from __future__ import annotations

from collections.abc import Callable

from tools.results_in_words import SAID, Results
from tools.results_of_other_courses import numbers, percent


def traffic_signs(r: Results) -> str:
    rows, final, leak = r["splits"], r["final"], r["splits"]["leak"]
    low, high = final["interval"]
    sure, said = r["sure"].get("test"), ""
    if sure and sure["count"]:
        said = f"; {percent(sure['share'])} of the pictures are sure, of these {percent(sure['accuracy'], 2)} right"
    return (
        f"validation accuracy held out by track {rows['track']['mean_plain']:.4f}, by picture "
        f"{rows['picture']['mean_plain']:.4f} ({SAID[leak['verdict']]}); test accuracy of one network "
        f"{final['plain']['mean']:.4f}, of all together, averaged {final['averaged']['together']:.4f} "
        f"({low:.4f} to {high:.4f}){said}; gradients and ridge {r['baseline']['test']:.3f}"
    )


def steering(r: Results) -> str:
    test, leak, road = r["test"], r["leak"], r["road"]

    def pair(row: dict) -> str:
        return f"{row['raw']:.3f} / {row['smooth']:.3f}"

    low, high = test["interval"]["raw"]
    trips = ", ".join(f"{name} {road[name]['metres']:.0f} m" for name in ("driver", "centre", "three"))
    seen = SAID[leak["against"]["verdict"]]
    return (
        f"test MSE, joystick / smoothed angle: constant {pair(test['constant'])}, ridge {pair(test['ridge'])}, "
        f"{len(test['each']['raw'])} networks together {pair(test['together'])} (joystick, 95 %: {low:.3f} to "
        f"{high:.3f}); the same held-out pictures {leak['block']['mean']:.3f}, with their neighbours trained on "
        f"{leak['picture']['mean']:.3f} ({seen}); on a drawn road, of {0.8 * road['ticks']:.0f} m: {trips}"
    )


def captions(r: Results) -> str:
    scores, (low, high) = r["test"]["bleu"], r["test"]["intervals"]["chosen"][-1]
    rows = "; ".join(f"{name} {numbers(row, '.3f')}" for name, row in scores.items() if name != "chosen")
    way = r["dev"]["chosen"]
    return (
        f"test BLEU-1 to BLEU-4 {numbers(scores['chosen'], '.3f')} (the last: {low:.3f} to {high:.3f}), chosen on dev "
        f"pictures: networks {way['group']}, beam {way['width']}, neighbours' votes {way['neighbours']:g}; {rows}"
    )


SENTENCES: dict[str, Callable[[Results], str]] = {
    "traffic-signs": traffic_signs,
    "steering": steering,
    "captions": captions,
}
