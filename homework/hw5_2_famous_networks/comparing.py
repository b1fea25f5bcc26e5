"""What the answer says about the counts: the table, the extremes, how far the papers' own numbers are."""

from __future__ import annotations

import paddle_camp as camp
from homework.hw5_2_famous_networks.layer_tables import inception
from homework.hw5_2_famous_networks.layers import Layer

Counts = dict[str, dict[str, float]]  # network -> what layers.totals says
QUANTITIES = ("parameters", "multiply_adds")


def table(chosen: list[dict[str, str]], counted: Counts) -> str:
    """The table to post."""
    headers = ["网络", "年份", "层数", "参数（百万）", "乘加（百万）", "论文所印（参数/乘加，百万）"]
    headers += ["新的想法", "top-5 错误率（%）", "裁剪", "出处"]
    lines = []
    for row in chosen:
        sums = counted[row["name"]]
        printed = [f"{float(cell):,g}" if (cell := row[f"printed_{each}"]) else "—" for each in QUANTITIES]
        known = [row[key] or "—" for key in ("depth", "top5", "crops", "paper")]
        numbers = [known[0], f"{sums['parameters']:.2f}", f"{sums['multiply_adds']:,.1f}", "/".join(printed)]
        lines.append([row["name"], row["year"], *numbers, row["idea"], *known[1:]])
    return camp.markdown_table(headers, lines)


def extremes(counted: Counts) -> dict[str, str]:
    """Most and fewest parameters, most and least work; LeNet-5, for small pictures, only where there is no other."""
    compared = [name for name in counted if name != "LeNet-5"] or list(counted)
    by_parameters, by_work = (sorted(compared, key=lambda name, key=key: counted[name][key]) for key in QUANTITIES)
    ends = {"most": by_parameters[-1], "fewest": by_parameters[0]}
    return ends | {"heaviest": by_work[-1], "lightest": by_work[0]}


def same(first: dict[str, float], second: dict[str, float]) -> bool:
    """Whether two counts, of millions, agree to the last parameter and the last multiply-add."""
    return all(abs(first[each] - second[each]) < 0.5e-6 for each in QUANTITIES)


def deviations(chosen: list[dict[str, str]], counted: Counts, allowed: float = 0.05) -> list[dict]:
    """Where a count differs from the number the paper prints by more than ``allowed`` of it."""
    rows = []
    for row in chosen:
        for quantity in QUANTITIES:
            printed, ours = row[f"printed_{quantity}"], counted[row["name"]][quantity]
            if printed and abs(ours / float(printed) - 1) > allowed:
                rows.append({"name": row["name"], "quantity": quantity, "printed": float(printed), "counted": ours})
    return rows


def reduction(block: str, side: int) -> dict[str, int]:
    """The 5x5 branch of one of GoogLeNet's blocks, with its reducing 1x1 and without: weights and multiply-adds."""
    small, large = inception(block, side)["5x5"]
    direct = Layer(small.inputs, large.outputs, large.kernel, side)
    shape = {"side": side, "inputs": small.inputs, "middle": small.outputs, "outputs": large.outputs}
    work = {"reduce": small.multiply_adds, "filter": large.multiply_adds, "direct": direct.multiply_adds}
    return shape | work | {"weights": small.weights + large.weights, "direct_weights": direct.weights}
