"""What the errors of the autoencoders say, beside PCA's and beside each other's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import paddle_camp as camp
from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import ENOUGH, compare_paired, compare_with_value, find_best
from paddle_camp.sweeps.grid import Grid

NEAR = 0.02  # of PCA's error, within which a linear autoencoder counts as having found PCA's plane
NONLINEAR = ("dense", "convolutional")


def best_rates(grid: Grid) -> dict[str, dict]:
    """Network -> the rate with the lowest error on held-out digits, and whether it is the first or last that was tried.

    Raises:
        SettingError: all of a network's trainings diverged.
    """
    found = {}
    for network in grid.axes["network"]:
        tried = {rate: grid.at(network=network, rate=rate) for rate in grid.axes["rate"]}
        done = {rate: error for rate, error in tried.items() if not camp.diverged(error)}
        camp.require(bool(done), f"rates: every training of {network} diverged; give smaller ones")
        best = min(done, key=done.__getitem__)
        errors = {f"{rate:g}": error for rate, error in done.items()}
        found[network] = {"rate": best, "edge": edge_of(best, tried), "errors": errors}
    return found


def judge(cells: Grid, of_pca: Mapping[int, float]) -> dict[str, dict]:
    """Code size -> PCA's error, each network's numbers over its seeds, and the better of the two that are not linear.

    A network's verdict against PCA is over its seeds, from ENOUGH of them on; else over the test digits of one.
    """
    found = {}
    for code, reference in of_pca.items():
        rows: dict[str, dict] = {}
        for network in cells.axes["network"]:
            done = camp.finished([cells.at(network=network, code=code, seed=seed) for seed in cells.axes["seed"]])
            camp.require(bool(done), f"every training of {network} diverged; give smaller rates")
            values = [cell["error"] for cell in done]
            by_seed = compare_with_value(values, reference, lower_is_better=True)
            rows[network] = {"errors": values, "error": float(np.mean(values))}
            rows[network] |= {"ratio": float(np.mean(values)) / reference, "worst": max(values) / reference}
            rows[network] |= {"against_pca": (by_seed if len(values) >= ENOUGH else done[0]["by_digit"])["verdict"]}
            rows[network] |= {key: float(np.mean([cell[key] for cell in done])) for key in ("read_off", "denoised")}
            rows[network]["holdout"] = float(np.mean([cell["holdout_error"] for cell in done]))
            if network == "linear":
                rows[network] |= {"angle": max(cell["angle"] for cell in done)}
                rows[network]["near"] = rows[network]["worst"] <= 1 + NEAR
        pair = {name: rows[name]["errors"] for name in NONLINEAR}
        enough = min(map(len, pair.values())) >= ENOUGH and len({len(row) for row in pair.values()}) == 1
        best = find_best(pair, lower_is_better=True) if enough else None
        found[code] = {"pca": reference, "networks": rows, "best": best}
    return found


def judge_denoising(plain: list[float], trained: list[float], pca: float) -> dict:
    """Whether an autoencoder that was trained on noisy digits removes noise better than a plain one, and than PCA."""
    enough = min(len(plain), len(trained)) >= ENOUGH and len(plain) == len(trained)
    found = {"plain": float(np.mean(plain)), "trained": float(np.mean(trained)), "enough": enough}
    if enough:
        found["against_plain"] = compare_paired(trained, plain, lower_is_better=True)["verdict"]
        found["against_pca"] = compare_with_value(trained, pca, lower_is_better=True)["verdict"]
    return found
