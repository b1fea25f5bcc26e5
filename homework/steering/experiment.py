"""Steering by camera: behavioural cloning, and why it drifts

Course: summer
The question (reconstructed; the source has the title only, 方向盘转角预测): 用人开车时的录像训练一个网络，让它从一张
前视图片预测方向盘的转角（行为克隆，NVIDIA 的 PilotNet，arXiv:1604.07316）。应当怎样留出验证图片？同一段录像里随机划分
会低估多少误差？哪些改动有用？误差出在哪些转角？网络看的是图片的哪里？离线误差小的网络，真的开得好吗？只用前视摄像头
为什么会越开越偏，左右两侧的摄像头为什么有用？

A drive's neighbouring pictures are much alike, so whole blocks of time are held out; what a split by picture would
gain is measured on the very same pictures, with their neighbours trained on or not. The target is the moving mean of
the joystick's angle: the joystick is pulsed, the road is not. The recipe was chosen on held-out blocks, and each of its
parts is changed once and compared on them, a second of the drive counting as one sample. Then networks from several
seeds are trained on the training and the validation blocks, and their mean steers; the test blocks only report.

No recorded drive says what becomes of a network's own mistakes. On a small drawn road (numpy, seeded) the network
drives by itself, trained by one camera or by three.

On 702 pictures of nine held-out blocks, six of them of the training part, one network each, 40 epochs of 64 at a time
(MSE against the smoothed angle): trained on the joystick's angle 0.050, on the smoothed one 0.040, that with each
picture scaled by its own contrast 0.039; without the upper fifth of the pictures (before the contrast) 0.047.

Expect, with the full settings on a Donkey Car's drive (2,292 pictures and 234 to test): see docs/results.md. What takes
the time is thirteen trainings of 20 epochs (`--jobs 2` makes two at a time); the road takes six short ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Interval

import paddle_camp as camp
from homework.steering.baseline import ridge_angles
from homework.steering.closed_loop import CENTRE, THREE, ask, ideal, recordings, road_cell, trips
from homework.steering.figures import draw_all
from homework.steering.seeing import judge_seeing
from homework.steering.training import (
    CHANGES,
    NEIGHBOURS,
    NETWORK,
    RECIPE,
    arguments_of,
    final_cell,
    seen_and_asked,
    train,
    train_cell,
)
from homework.steering.verdicts import judge_by_angle, judge_changes, judge_leak, judge_road, judge_test
from paddle_camp.data.drives.loading import READERS
from paddle_camp.files import write_csv

IS_SWEEP = True
MIXED_PRECISION = True
Portion = Annotated[float, Interval(ge=0, le=1)]


@dataclass(frozen=True)
class Settings(camp.FitSettings):
    """The recipe, chosen on held-out blocks, and what is measured; ours where nothing else is said."""

    source: Annotated[str, camp.OneOf(tuple(READERS))] | None = None  # None: a Donkey Car's drive, else the simulator's
    correction: Portion = 0.2  # of the angle for pictures of side cameras (the simulator's); paper: not stated
    crop_top: camp.Fraction | None = None  # share of the height that is cut off; None: what suits the source
    crop_bottom: camp.Fraction | None = None
    train_pictures: camp.Count | None = None  # None: all there are (drawn as a stand-in: 1,200), else evenly spaced
    valid_pictures: camp.Count | None = None  # the same for validation (stand-in: 240)
    test_pictures: camp.Count | None = None  # and for testing (stand-in: 240)
    smooth_share: Portion = 1.0  # of the target: the smoothed angle; the rest of it is the joystick's
    batch_norm: bool = True  # behind each convolution; paper: none
    dropout: camp.Fraction = 0.0  # of the inputs of the first two fully connected layers
    mirrored: bool = True  # predictions are averaged with the mirror image, steered the other way
    mirror: bool = True  # every second training picture; the angle changes its sign
    shift: camp.Fraction = 0.1  # of the width, sideways
    lift: camp.Fraction = 0.06  # of the height
    angle_per_width: camp.NonNegative = 0.0  # by which the angle grows when a picture moves by its width
    light: camp.NonNegative = 0.4  # the logarithm of the brightness changes by up to this
    blur: camp.NonNegative = 0.0  # pixels, at most; of every second picture
    learning_rate: camp.Rate = 0.002  # AdamW's highest; it rises for 15 % of the steps, then falls to 0 along a cosine
    weight_decay: camp.NonNegative = 0.05  # AdamW's
    batch_size: camp.Count = 32  # pictures
    num_epochs: camp.Count = 20
    ema_decay: camp.Fraction | None = 0.99  # of the moving average of the weights; None: none
    num_seeds: camp.Count = 2  # of the recipe, with and without neighbours, from --seed on
    change_seeds: camp.Count = 1  # of each change
    final_seeds: camp.Count = 4  # networks that steer together
    road_pictures: Annotated[int, Ge(4)] = 600  # of each camera on the drawn roads
    road_correction: Portion = 0.26  # of the angle for its side cameras: what the driver adds 0.8 m aside
    road_epochs: camp.Count = 4  # over the pictures of all three cameras
    road_seeds: camp.Count = 3  # networks that drive, of each kind
    roads: camp.Count = 4  # strange ones that each network drives on
    road_ticks: Annotated[int, Ge(2)] = 400  # of a tenth of a second: 320 metres, about a lap
    road_noise: camp.NonNegative = 0.1  # standard deviation of what is added to every angle on the road

    def __post_init__(self) -> None:
        super().__post_init__()
        few = self.change_seeds <= self.num_seeds
        camp.require(
            few, f"change_seeds={self.change_seeds}: compared with as many of the recipe's {self.num_seeds} seeds"
        )
        cut = (self.crop_top is None) == (self.crop_bottom is None)
        camp.require(cut, "crop_top and crop_bottom go together: give both, or none")
        plain = self.class_weights is None and not self.label_smoothing
        camp.require(plain, "class_weights and label_smoothing: an angle is no class; leave them out")


QUICK = replace(Settings(), num_epochs=4, num_seeds=1, final_seeds=1, train_pictures=320, valid_pictures=80)
QUICK = replace(QUICK, test_pictures=80, batch_size=16, ema_decay=0.95, road_pictures=160, road_epochs=3)
QUICK = replace(QUICK, road_seeds=1, roads=2)


def in_words(result: dict) -> str:
    """A cell's result for the log."""
    if "trips" in result:
        return f"on the road {np.mean([trip['metres'] for trip in result['trips']]):.0f} m"
    history = camp.History.from_dict(result["history"])
    minutes = f"{result['seconds'] / 60:.1f} min"
    if held := history.split("holdout"):
        return f"MSE on held-out blocks {held[-1]['loss']:.4f}, {minutes}"
    return f"training loss {history.evaluations[-1]['loss']:.4f}, {minutes}"


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    crop = None if settings.crop_top is None else (settings.crop_top, settings.crop_bottom)
    counts = settings.train_pictures, settings.valid_pictures, settings.test_pictures
    options: dict[str, Any] = {"source": settings.source, "correction": settings.correction, "crop": crop}
    data = context.load(camp.load_driving, counts=counts, **options)
    parts = {"train": data.train, "sides": data.sides, "valid": data.valid, "test": data.test}
    known = measure_baselines(parts, context.seed)
    context.say(f"ridge regression, MSE on the test blocks: {np.mean((known['test'] - data.test.labels) ** 2, axis=0)}")

    found = train_all(settings, context, parts)
    publish(settings, context, data)
    return answer_of(settings, context, data, parts, known, found)


def measure_baselines(parts: dict, seed: int) -> dict[str, Any]:
    """The angles of ridge regression for "test" and "valid", and for "leak", the neighbours of which it has seen."""
    train, valid = parts["train"], parts["valid"]
    found = ridge_angles(train, valid, {"valid": valid, "test": parts["test"]})
    leaky = ridge_angles(seen_and_asked(train, valid, seed)[0], valid, {"leak": valid}, (found["penalty"],))
    return found | {"leak": leaky["leak"]}


def train_all(settings: Settings, context: camp.Context, parts: dict) -> dict[str, Any]:
    """Every training: the final networks, the recipe, its neighbours, its changes, and those on the drawn road."""
    seeds, some, amp = context.seeds(settings.num_seeds), context.seeds(settings.change_seeds), context.options.amp
    common = {"settings": settings, "parts": parts, "amp": amp}
    here = {"common": common | {"folder": context.checkpoints}, "here": lambda **point: True, "prefix": "final-"}
    finals = context.grid(final_cell, {"final": context.seeds(settings.final_seeds)}, describe=in_words, **here)
    options: dict[str, Any] = {"common": common, "describe": in_words}
    grid = context.grid(train_cell, {"what": (RECIPE, NEIGHBOURS), "seed": seeds}, **options)
    others = context.grid(train_cell, {"what": tuple(CHANGES), "seed": some}, **options)
    found: dict[str, Any] = {"final": list(finals.named().values())}
    found["cells"] = {what: rows_of(grid, seeds, what=what) for what in (RECIPE, NEIGHBOURS)}
    found["changes"] = {name: rows_of(others, some, what=name) for name in CHANGES}

    drives, seeds = recordings(settings), context.seeds(settings.road_seeds)
    options = {"common": {"settings": settings, "drives": drives}, "describe": in_words, "prefix": "road-"}
    road = context.grid(road_cell, {"cameras": (CENTRE, THREE), "seed": seeds}, **options)
    found["road"] = {cameras: rows_of(road, seeds, cameras=cameras) for cameras in (CENTRE, THREE)}
    found |= {"drives": drives, "driver": {"trips": trips(ideal, settings), "asked": ask(ideal)}}
    needed = (*found["cells"].values(), found["final"], *found["road"].values())
    blown = any(camp.diverged(cell) for row in needed for cell in row)
    camp.require(not blown, "a training of the recipe diverged: give a smaller learning_rate")
    return found


def rows_of(grid: Any, seeds: range, **point: str) -> list[dict]:
    """The trainings of a row, in the order of their seeds."""
    return [grid.at(**point, seed=seed) for seed in seeds]


def answer_of(
    settings: Settings, context: camp.Context, data: Any, parts: dict, known: dict, found: dict
) -> camp.Answer:
    """Judge what the trainings have found, and draw it."""
    test, valid = data.test, data.valid
    together = np.mean([cell["test"] for cell in found["final"]], axis=0)
    constant = np.broadcast_to(data.train.labels.mean(axis=0), (len(test), 2))
    ridge = {RECIPE: known["valid"], NEIGHBOURS: known["leak"]}
    asked = seen_and_asked(data.train, valid, context.seed)[1]
    model = camp.create_model(NETWORK, **arguments_of(settings))
    camp.load_weights(model, context.checkpoints / "last.pdparams")
    results = {
        "test": judge_test(found["final"], {"constant": constant, "ridge": known["test"]}, test),
        "penalty": known["penalty"],
        "leak": judge_leak(found["cells"], ridge, parts, asked),
        "changes": judge_changes(found["cells"][RECIPE], found["changes"], valid),
        "by_angle": judge_by_angle(together, test),
        "seeing": judge_seeing(model, test),
        "road": judge_road(found["road"], found["driver"], settings.road_ticks),
        "cost": {"minutes": [cell["seconds"] / 60 for cell in found["final"]]},
    }
    rows = {"recipe": found["cells"][RECIPE], "final": found["final"]}
    histories = {
        f"{name}-{seed}": camp.History.from_dict(cell["history"])
        for name, row in rows.items()
        for seed, cell in enumerate(row, context.seed)
    }
    write_angles(context, test, together)
    return camp.Answer(
        title="作业steering:用摄像头预测方向盘的转角",
        results=results,
        values=values_of(settings, data, parts),
        headline={"name": "mse", "value": results["test"]["together"]["raw"], "split": "test"}
        | {"interval": results["test"]["interval"]["raw"]},
        figures=draw_all(settings, data, results, found, {"together": together, "ridge": known["test"]}, model),
        histories=histories,
    )


def values_of(settings: Settings, data: Any, parts: dict) -> dict[str, Any]:
    """What the answer's text needs besides the results."""
    usual = Settings()
    counts = {name: 0 if part is None else len(part) for name, part in parts.items()}
    values: dict[str, Any] = {"counts": counts, "crop": data.crop, "code": camp.code_of(train), "source": data.source}
    values |= {"blocks": {name: len(set(part.groups)) for name, part in parts.items() if part is not None}}
    values["straight"] = float(np.mean(np.abs(data.test.labels[:, 0]) < 0.02))
    model = camp.create_model(NETWORK, **arguments_of(settings))
    names = ("num_seeds", "change_seeds", "final_seeds", "source", "road_seeds", "roads")
    same = replace(settings, **{name: getattr(usual, name) for name in names}) == usual
    values |= {"parameters": camp.count_parameters(model), "enough": camp.comparisons.ENOUGH}
    return values | {"as_default": same and data.source == "donkey" and data.origin == "real"}


def write_angles(context: camp.Context, test: camp.ImageSet, said: np.ndarray) -> None:
    """``angles.csv``: of each test picture the driver's angles and the networks'."""
    rows = [
        {"sample": name, "block": block, "angle": float(raw), "smoothed": float(smooth), "prediction": float(value)}
        for name, block, (raw, smooth), value in zip(test.names, test.groups, test.labels, said, strict=True)
    ]
    write_csv(context.path / "angles.csv", rows)


def publish(settings: Settings, context: camp.Context, data: Any) -> None:
    """Keep every final network for ``predict``, which averages their angles; the first is the run's ``last``."""
    folders = [context.checkpoints / f"seed-{seed}" for seed in context.seeds(settings.final_seeds)]
    number = {"unit": "", "shift": 0.0, "scale": 1.0}
    saved = camp.SavedModel(NETWORK, "roads", arguments_of(settings), number=number, crop=data.crop)
    context.publish_ensemble(folders, saved)
