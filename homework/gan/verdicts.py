"""What the numbers of the drawn digits say: which game is better, what is missing, whether the mathematics holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import paddle_camp as camp
from homework.gan.judging import missing
from paddle_camp.comparisons import ENOUGH, compare_paired, find_best
from paddle_camp.sweeps.grid import Grid

CLOSE = 0.05  # of a mean |D - p / (p + q)|, and of JS in nats: up to it theory and measurement agree
SAME = 1.5  # times; a ratio of gradients within it of the expected one agrees


def summarise(cells: list[dict], real_sure: float) -> dict:
    """A kind of network and a game over its seeds.

    ``lost``: seed by seed, the digits that are hardly drawn; ``collapsed``: in how many seeds there are such, while
    what is drawn are digits. ``formless``: in how many they are none: the judge is sure of less than half the share
    that it is sure of among real ones, ``real_sure``, or of none at all.
    """
    done = camp.finished(cells)
    found: dict = {"seeds": len(cells), "diverged": len(cells) - len(done)}
    for key in ("frechet", "sure", "entropy"):
        values = [cell["score"][key] for cell in done]
        found[key] = {"mean": float(np.mean(values)), "all": values} if values else None
    found["lost"] = [missing(cell["score"]["shares"]) for cell in done]
    formed = [cell["score"]["sure"] > 0 and cell["score"]["sure"] >= real_sure / 2 for cell in done]
    found["formless"] = formed.count(False)
    found["collapsed"] = sum(bool(lost) and digits for lost, digits in zip(found["lost"], formed, strict=True))
    return found


def compare_games(table: Grid) -> dict[str, dict | None]:
    """Network -> its best game by the Fréchet distance over the seeds, against each other one; None: too few to say."""
    found: dict[str, dict | None] = {}
    for network in table.axes["network"]:
        rows = {game: table.at(network=network, game=game) for game in table.axes["game"]}
        whole = {game: row["frechet"]["all"] for game, row in rows.items() if not row["diverged"]}
        enough = len(whole) > 1 and all(len(values) >= ENOUGH for values in whole.values())
        found[network] = find_best(whole, lower_is_better=True) if enough else None
    return found


def compare_networks(table: Grid) -> dict[str, str]:
    """Game -> the verdict on the convolutional networks against the dense ones, where there are enough seeds."""
    found = {}
    for game in table.axes["game"]:
        both = [table.at(network=network, game=game) for network in ("convolutional", "dense")]
        if not any(row["diverged"] for row in both) and both[0]["seeds"] >= ENOUGH:
            values = [row["frechet"]["all"] for row in both]
            found[game] = compare_paired(*values, lower_is_better=True)["verdict"]
    return found


def judge_numbers(moments: list[Mapping]) -> dict:
    """Whether the GAN of numbers met the theory: D and JS at each moment, and the generator at the last one."""
    gaps = [abs(moment["js"] - moment["js_by_value"]) for moment in moments]
    found = {"gap": max(moment["gap"] for moment in moments), "js_gap": max(gaps)}
    found["agrees"] = found["gap"] <= CLOSE and found["js_gap"] <= CLOSE
    return found | {"learned": moments[-1]["js"] < moments[0]["js"] / 2}


def judge_gradients(rows: list[Mapping]) -> dict:
    """Whether minimax's gradient shrinks as the discriminator learns; whether the two differ by the expected ratio."""
    shrinks = rows[-1]["minimax"] < rows[0]["minimax"] / 2
    agrees = all(1 / SAME <= row["ratio"] / row["expected"] <= SAME for row in rows)
    return {"shrinks": shrinks, "agrees": agrees, "last": rows[-1]["ratio"]}
