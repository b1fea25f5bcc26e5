"""The figures of steering: the errors, the changes, angles by time and by size, the leak, what is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from homework.steering.figures_road import draw_cameras, draw_deviation, draw_restoring, draw_tracks
from homework.steering.seeing import visual_backprop
from homework.steering.training import changes_of
from paddle_camp import plots
from paddle_camp.plots.language import words

SHOWN = 12  # pictures of a figure
ROWS = {
    "joystick": "目标是摇杆的原始角度",
    "angle shifted": "平移时转角也变",
    "no mirror": "不用左右翻转",
    "no changes": "不平移，不变亮度",
    "no norm": "没有批归一化",
}


def draw_all(
    settings: Any, data: Any, results: dict, found: dict, said: dict[str, np.ndarray], model: Any
) -> dict[str, tuple[str, Figure]]:
    """The figures to post: name -> (caption, figure).

    Args:
        results: of the run; ``found``: the trainings; ``said``: "together" and "ridge" -> test angles.
        model: one of the final networks.
    """
    test = data.test
    figures = {
        "errors": ("测试图片上的均方误差", draw_errors(results["test"])),
        "time": ("测试各段中，驾驶员的转角和网络的预测", draw_time(said["together"], test)),
        "angles": ("按驾驶员的转角分组", draw_by_angle(results["by_angle"])),
        "leak": ("同样的图片，训练时见过或没见过它们的邻居", draw_leak(results["leak"])),
    }
    if any(row is not None for row in results["changes"].values()):
        figures["changes"] = ("每次改动一处，留出各段上的误差", draw_changes(results["changes"]))
    figures["seeing"] = ("网络看图片的哪里（VisualBackProp，越亮越重要）", draw_seeing(model, test))
    figures["wrong"] = ("误差最大的测试图片", draw_wrong(said["together"], test))
    figures["augmentation"] = ("训练图片的随机变化，转角随之改变", draw_augmentation(data.train, settings))
    figures["cameras"] = ("画出来的路：左、中、右三个摄像头", draw_cameras(found["drives"]))
    figures["deviation"] = ("网络自己开车：偏离路中间多远", draw_deviation(found["road"], found["driver"]))
    figures["tracks"] = ("网络自己开车：开到哪里", draw_tracks(found["road"]))
    figures["restoring"] = ("车偏在一边时，转角改变多少", draw_restoring(found["road"], found["driver"]))
    return figures


def draw_errors(test: dict) -> Figure:
    """The mean squared errors of baselines and networks, against either angle."""
    each = {name: float(np.mean(values)) for name, values in test["each"].items()}
    rows = {("constant", "总是平均转角"): test["constant"], ("ridge regression", "岭回归"): test["ridge"]}
    rows |= {
        ("one network (mean)", "单个网络（平均）"): each,
        ("networks together", "几个网络合起来"): test["together"],
    }
    names = [words(*name) for name in rows]
    axes = {"raw": words("MSE, joystick", "均方误差，摇杆角度"), "smooth": words("MSE, smoothed", "均方误差，平滑角度")}
    panels = {axes[key]: [row[key] for row in rows.values()] for key in axes}
    title = words("Errors on the test blocks", "测试各段的误差")
    return plots.bar_panels(names, panels, linear=dict.fromkeys(panels), title=title)


def draw_time(said: np.ndarray, test: camp.ImageSet) -> Figure:
    """For each block of time the driver's angle, its moving mean, and the networks'."""
    panels, blocks = {}, np.array(test.groups)
    driver, smooth, network = (
        words("driver", "驾驶员"),
        words("driver, smoothed", "驾驶员，平滑"),
        words("networks", "网络"),
    )
    for name in list(dict.fromkeys(test.groups))[:3]:
        own = np.flatnonzero(blocks == name)
        row = np.arange(len(own))
        panels[words(f"block {name}", f"第 {name} 段")] = {
            driver: (row, test.labels[own, 0]),
            smooth: (row, test.labels[own, 1]),
            network: (row, said[own]),
        }
    title = words("The angle over time", "转角随时间的变化")
    labels = words("picture of the block", "这一段的第几张图片"), words("angle, right is +", "转角，向右为正")
    return plots.line_panels(panels, *labels, markers=False, columns=1, title=title)


def draw_by_angle(rows: list[dict]) -> Figure:
    """Pictures, mean angles and errors in bins of the driver's angle."""
    middle = [row["driver"] for row in rows]
    driver, network = words("driver", "驾驶员"), words("networks", "网络")
    means = {driver: (middle, middle), network: (middle, [row["network"] for row in rows])}
    error = {words("squared error", "平方误差"): (middle, [row["error"] for row in rows])}
    panels = {words("mean angle", "平均转角"): means, words("mean squared error", "均方误差"): error}
    title = words("By the driver's angle: the networks steer too little", "按驾驶员的转角：网络转得够不够")
    if not too_little(rows):
        title = words("By the driver's angle", "按驾驶员的转角")
    return plots.line_panels(panels, words("driver's mean angle", "驾驶员的平均转角"), "", title=title)


def too_little(rows: list[dict]) -> bool:
    """Whether the networks steer less than the driver where the driver steers most, on both sides that there are."""
    ends = [row for row in (rows[0], rows[-1]) if abs(row["driver"]) > 0.3]
    return bool(ends) and all(abs(row["network"]) < abs(row["driver"]) for row in ends)


def draw_leak(leak: dict) -> Figure:
    """Errors on the same pictures, with the neighbours trained on or not, and on the test pictures."""
    names = [words("neighbours not seen", "没见过邻居"), words("neighbours seen", "见过邻居")]
    rows = [leak["block"], leak["picture"]]
    panels = {words("network, the same pictures", "网络，同样的图片"): [row["mean"] for row in rows]}
    panels[words("ridge, the same pictures", "岭回归，同样的图片")] = [row["ridge"] for row in rows]
    panels[words("network, test blocks", "网络，测试各段")] = [row["test"] for row in rows]
    title = words("What a split by picture gains (MSE, smoothed angle)", "随机划分“赚到”多少（均方误差，平滑角度）")
    return plots.bar_panels(names, panels, linear=dict.fromkeys(panels), title=title)


def draw_changes(changes: dict) -> Figure:
    """The error of each change beside the recipe's from the same seeds."""
    done = {name: row for name, row in changes.items() if row is not None}
    names = [words("recipe", "原做法"), *(words(name, ROWS[name]) for name in done)]
    first = next(iter(done.values()))["recipe"]
    axes = {"raw": words("MSE, joystick", "均方误差，摇杆角度"), "smooth": words("MSE, smoothed", "均方误差，平滑角度")}
    panels = {axes[key]: [first[key], *(row["own"][key] for row in done.values())] for key in axes}
    title = words("One change at a time, on held-out blocks", "每次改动一处（留出的各段）")
    return plots.bar_panels(names, panels, linear=dict.fromkeys(panels), title=title)


def draw_seeing(model: Any, test: camp.ImageSet) -> Figure:
    """Test pictures, each above what of it takes part."""
    order = np.argsort(test.labels[:, 1], kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, SHOWN // 2).round().astype(int)]
    images = test.images[chosen]
    heat = visual_backprop(model, test.kind.scale(images))
    warm = np.stack([heated(*pair) for pair in zip(images, heat, strict=True)])
    shown = np.concatenate([part for k in (0, 3) for part in (images[k : k + 3], warm[k : k + 3])])
    said = [words(f"driver {value:+.2f}", f"驾驶员 {value:+.2f}") for value in test.labels[chosen, 1]]
    captions = [*said[:3], "", "", "", *said[3:], "", "", ""]
    title = words("What the network looks at", "网络看图片的哪里")
    return plots.picture_grid(bright(shown), captions, [False] * len(shown), columns=3, title=title)


def heated(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A grey picture with what takes part in red: uint8 ``[3, H, W]`` BGR."""
    grey = image.mean(axis=0)
    strong = np.sqrt(heat)
    return np.clip(np.stack([grey * (1 - strong), grey * (1 - strong), grey + 200 * strong]), 0, 255).astype(np.uint8)


def bright(images: np.ndarray) -> np.ndarray:
    """Dark pictures made light enough to look at: uint8 in and out."""
    factor = np.clip(150 / np.maximum(images.mean(axis=(1, 2, 3), keepdims=True), 1), 1, 3)
    return np.clip(images * factor, 0, 255).astype(np.uint8)


def draw_wrong(said: np.ndarray, test: camp.ImageSet) -> Figure:
    """The test pictures with the largest errors against the smoothed angle, far from each other in time."""
    chosen: list[int] = []
    for index in np.argsort(-np.abs(said - test.labels[:, 1]), kind="stable"):
        if len(chosen) < SHOWN and all(abs(index - other) > 5 for other in chosen):
            chosen.append(int(index))
    captions = [
        words(
            f"driver {test.labels[i, 1]:+.2f}, networks {said[i]:+.2f}",
            f"驾驶员 {test.labels[i, 1]:+.2f}，网络 {said[i]:+.2f}",
        )
        for i in chosen
    ]
    title = words("The largest errors (smoothed angle)", "误差最大的图片（平滑角度）")
    return plots.picture_grid(bright(test.images[chosen]), captions, [False] * len(chosen), columns=3, title=title)


def draw_augmentation(train: camp.ImageSet, settings: Any) -> Figure:
    """Some training pictures, each beside random changes of it, with its angle."""
    chosen = np.argsort(-np.abs(train.labels[:, 1]), kind="stable")[:: max(1, len(train) // 40)][:4]
    images, angles = train.images[chosen], train.labels[chosen, 1]
    rows, rng = [(images, angles)], np.random.default_rng(0)
    rows += [changes_of(settings)(images, angles, rng) for _ in range(2)]
    shown = np.stack([each for each, _ in rows], axis=1).reshape(-1, *images.shape[1:])
    captions = [f"{value:+.2f}" for value in np.stack([each for _, each in rows], axis=1).ravel()]
    captions = [words("as it is ", "原图 ") * (i % 3 == 0) + text for i, text in enumerate(captions)]
    title = words("Training pictures and their random changes", "训练图片及其随机变化")
    return plots.picture_grid(bright(shown), captions, [False] * len(shown), columns=3, title=title)
