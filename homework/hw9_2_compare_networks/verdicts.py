"""Homework 9-2: what the outputs of the networks say, network by network and against one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.hw9_2_compare_networks.mending import SINGLE
from paddle_camp.comparisons import (
    BETTER,
    compare_classifiers,
    compare_paired,
    compare_shares,
    compare_with_majority,
    find_best,
    holm,
    leaders,
    not_beaten,
    verdict_of,
)
from paddle_camp.metrics import accuracy, auc, auc_interval, best_threshold_accuracy, correct, predict_labels

FAR = 0.05  # of accuracy below the best threshold's, from which on a network is called off the threshold
Outputs = dict[str, np.ndarray]  # "course", a change, or "mended" -> logits of the validation pictures


def judge_network(
    outputs: Outputs,
    losses: dict[str, float],
    histories: dict[str, camp.History],
    labels: np.ndarray,
    course: tuple[float, float] | None,
) -> dict[str, Any]:
    """A network's numbers by the course's recipe, by each change, and by the mended one; ``losses`` of validation."""
    plain = outputs["course"]
    row: dict[str, Any] = {"loss": losses["course"]} | numbers(plain, labels, histories["course"])
    row["from_guessing"] = verdict_of(row["auc_interval"], 0.5)
    row["from_majority"] = compare_with_majority(int(correct(plain, labels).sum()), labels)["verdict"]
    row["best_threshold"] = best_threshold_accuracy(plain, labels)
    row["lost"] = row["best_threshold"] - row["accuracy"]  # to the threshold
    row["off_threshold"] = row["lost"] > FAR
    row["changed"] = {kind: accuracy(outputs[kind], labels) for kind in SINGLE if kind in outputs}
    row["from_course"] = beside_course(row["accuracy"], labels, course)
    if "mended" in outputs:
        row["mended"] = {"loss": losses["mended"]} | numbers(outputs["mended"], labels, histories["mended"])
        row["mended"]["against_course_recipe"] = compare_classifiers(outputs["mended"], plain, labels)
        row["mended"]["from_course"] = beside_course(row["mended"]["accuracy"], labels, course)
    return row


def numbers(outputs: np.ndarray, labels: np.ndarray, history: camp.History) -> dict[str, Any]:
    """Accuracy, AUC, the share called diseased, and the accuracy after each epoch."""
    return {
        "accuracy": accuracy(outputs, labels),
        "auc": auc(outputs, labels),
        "auc_interval": auc_interval(outputs, labels),
        "called_positive": float(np.mean(predict_labels(outputs))),
        "accuracies": history.after_epochs("validation", "accuracy"),
    }


def beside_course(share: float, labels: np.ndarray, course: tuple[float, float] | None) -> dict | None:
    """An accuracy on our pictures against the one that the course printed, of its 400."""
    if course is None:
        return None
    return dict(compare_shares(round(share * len(labels)), len(labels), round(course[0] * 400), 400))


def compare_all(rows: dict[str, dict], outputs: dict[str, Outputs], labels: np.ndarray) -> dict[str, Any]:
    """The networks against one another, each by the course's recipe."""
    order = sorted(rows, key=lambda name: (-rows[name]["accuracy"], -rows[name]["auc"]))
    plain = {name: outputs[name]["course"] for name in order}
    found: dict[str, Any] = {"order": order, "leaders": leaders({name: rows[name]["accuracy"] for name in rows})}
    found["learned"] = [name for name in order if rows[name]["from_majority"] == BETTER]
    found["ordered"] = [name for name in order if rows[name]["from_guessing"] == BETTER]  # right, at some threshold
    found["furthest"] = max(rows, key=lambda name: rows[name]["lost"])
    # The best was picked out of several, which holm allows for.
    pairs = {name: compare_classifiers(plain[order[0]], plain[name], labels) for name in order[1:]}
    found["against_best"] = holm(pairs)
    if {"googlenet", "googlenet_no_aux"} <= plain.keys():
        found["auxiliary"] = compare_classifiers(plain["googlenet"], plain["googlenet_no_aux"], labels)
    return found


def judge_changes(rows: dict[str, dict], outputs: dict[str, Outputs], labels: np.ndarray) -> dict[str, Any]:
    """Each change against the course's recipe, over all networks that order the pictures better than chance.

    What is compared is the share of the networks that get a picture right, picture by picture; it holds for other
    pictures, and for these networks.
    """
    able = [name for name in rows if rows[name]["from_guessing"] == BETTER]
    found: dict[str, Any] = {}
    for kind in (*SINGLE, "mended"):
        names = [name for name in able if kind in outputs[name]]
        if names:
            right = (np.mean([correct(outputs[n][k], labels) for n in names], axis=0) for k in (kind, "course"))
            found[kind] = {**compare_paired(*right), "networks": names}
    return holm(found)


def judge_steadiness(histories: dict[str, dict[str, camp.History]], boundaries: Sequence[int]) -> dict | None:
    """By how much the accuracy of neighbouring epochs differs, before the rate first falls and behind; by network.

    None where no network has two epochs on either side.
    """
    before, after = [], []
    for each in histories.values():
        if "mended" in each:
            jumps = np.abs(np.diff(each["mended"].after_epochs("validation", "accuracy")))
            # Jump k leads from epoch k + 1 to epoch k + 2.
            if len(jumps[boundaries[0] :]) and len(jumps[: boundaries[0] - 1]):
                before.append(float(jumps[: boundaries[0] - 1].mean()))
                after.append(float(jumps[boundaries[0] :].mean()))
    if not before:
        return None
    verdict = compare_paired(after, before, lower_is_better=True)["verdict"]
    return {"before": float(np.mean(before)), "after": float(np.mean(after)), "verdict": verdict}


def median_steps(history: camp.History) -> list[float]:
    """Seconds of the median step of each epoch; other work on the machine disturbs some steps."""
    epochs, seconds = np.array(history.column("epoch")), np.array(history.column("seconds"))
    return [float(np.median(seconds[epochs == epoch])) for epoch in np.unique(epochs)]


def find_quickest(results: dict[str, Any], histories: dict[str, camp.History]) -> dict:
    """The quickest of the best network and those that cannot be told from it."""
    names = (results["order"][0], *not_beaten(results["against_best"]))
    return dict(find_best({name: median_steps(histories[name]) for name in names}, lower_is_better=True))
