"""The network at the wheel of a car on a drawn road: how far from the middle it drives, and when it leaves the road.

Two networks are trained on the same recorded drive of an ideal driver: one on the forward camera's pictures, one on
those of the side cameras too, whose angles lead back. Both take the same number of steps. Then each drives on roads
that neither has seen; a little noise is added to every angle, as an uneven road would.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle

import paddle_camp as camp
from paddle_camp.data.drives.augment import RoadChanges
from paddle_camp.data.drives.road import HALF, SPEED, TICK, Car, Road, draw_road, ideal_angle, record, start, view
from paddle_camp.networks.calling import outputs_of
from paddle_camp.preprocessing import ROADS

CENTRE, THREE = "centre", "three"  # cameras that a network is trained on
SEEN, STRANGE = (1, 2), 500  # seeds of the roads of the recording; those driven on are counted from STRANGE on
ASIDE = 0.8  # metres from the middle to a side camera
OFFSETS = np.linspace(-1.2, 1.2, 9)  # metres, at which the networks are asked
PLACES = 16  # on a road, where they are asked


def recordings(settings: Any) -> dict[str, camp.ImageSet]:
    """The pictures that the two networks are trained on, and those of another drive that they are measured on."""
    half = max(2, settings.road_pictures // len(SEEN))
    drives = [record(draw_road(seed), half, seed, aside=ASIDE) for seed in SEEN]
    centre = [(each.images, each.angles) for each in drives]
    left = [(each.left, each.angles + settings.road_correction) for each in drives]
    right = [(each.right, each.angles - settings.road_correction) for each in drives]
    other = record(draw_road(STRANGE), half, STRANGE, aside=ASIDE)
    measured = pictures([(other.images, other.angles)])
    return {CENTRE: pictures(centre), THREE: pictures(centre + left + right), "measured": measured}


def pictures(drives: list[tuple[np.ndarray, np.ndarray]]) -> camp.ImageSet:
    """(pictures, angles) of several drives as one set; angles that no wheel has are cut off."""
    images, angles = (np.concatenate(each) for each in zip(*drives, strict=True))
    names = tuple(f"{number:05d}" for number in range(len(images)))
    return camp.ImageSet(images, np.clip(angles, -1, 1).astype(np.float32), names, kind=ROADS)


def train_driver(cameras: str, seed: int, settings: Any, drives: dict[str, camp.ImageSet]) -> paddle.nn.Layer:
    """A network that has watched the driver, by one camera or by three."""
    paddle.seed(seed)
    model = camp.create_model("pilot_net", batch_norm=True)
    part = drives[cameras]
    epochs = settings.road_epochs * len(drives[THREE]) // len(part)  # as many steps for either
    changes = RoadChanges(shift=0.0, lift=0.0, light=0.2)
    batches = camp.Batches(part, settings.batch_size, seed, augment_pairs=changes)
    schedule = camp.schedules.warmup_cosine(settings.learning_rate, max(2, epochs * len(batches)))
    optimizer = paddle.optimizer.AdamW(schedule, parameters=model.parameters(), weight_decay=settings.weight_decay)
    camp.fit(model, optimizer, batches, num_epochs=epochs, loss_fn=camp.regression_loss, seed=seed, quiet=True)
    return model


def road_cell(cameras: str, seed: int, settings: Any, drives: dict[str, camp.ImageSet]) -> dict:
    """Train a network and let it drive; JSON values."""
    model = train_driver(cameras, seed, settings, drives)
    part = drives["measured"]
    error = camp.evaluate(model, camp.Batches(part, 250), camp.regression_loss).loss

    def steer(seen: np.ndarray, cars: list[Car], roads: list[Road]) -> np.ndarray:
        return outputs_of(model, ROADS.scale(seen))[:, 0]

    return {"error": error, "asked": ask(steer), "trips": trips(steer, settings)}


def ideal(seen: np.ndarray, cars: list[Car], roads: list[Road]) -> np.ndarray:
    """The ideal driver's angles, who needs no picture."""
    return np.array([ideal_angle(road, car) for road, car in zip(roads, cars, strict=True)])


def trips(steer: Any, settings: Any) -> list[dict]:
    """Drive on every strange road until the time is over or the road is left.

    Args:
        steer: pictures uint8 ``[B, 3, 66, 200]``, the cars and their roads -> angles ``[B]``.

    Returns:
        For each road ``metres`` driven, whether the road was ``left``, ``deviations`` and ``places``, one a tick.
    """
    roads = [draw_road(STRANGE + 1 + number) for number in range(settings.roads)]
    cars: list[Car] = [start(road) for road in roads]
    rngs = [np.random.default_rng([number, 22]) for number in range(settings.roads)]
    found: list[dict] = [{"metres": 0.0, "left": False, "deviations": [], "places": []} for _ in roads]
    for _ in range(settings.road_ticks):
        going = [number for number, trip in enumerate(found) if not trip["left"]]
        if not going:
            break
        seen = np.stack([view(roads[number], cars[number]) for number in going])
        angles = steer(seen, [cars[number] for number in going], [roads[number] for number in going])
        for number, angle in zip(going, angles, strict=True):
            noise = settings.road_noise * rngs[number].standard_normal()
            cars[number] = cars[number].driven(float(angle) + float(noise))
            deviation, trip = roads[number].deviation(cars[number].place), found[number]
            trip["left"] = abs(deviation) > HALF
            trip["metres"] += SPEED * TICK
            trip["deviations"].append(round(deviation, 4))
            trip["places"].append(cars[number].place.round(2).tolist())
    return found


def ask(steer: Any) -> list[float]:
    """The mean angle at each of :data:`OFFSETS` aside from the middle, less that in the middle."""
    road = draw_road(STRANGE)
    numbers = np.arange(PLACES) * len(road.points) // PLACES
    means = []
    for offset in OFFSETS:
        cars = [start(road, int(number)).aside(offset) for number in numbers]
        angles = steer(np.stack([view(road, car) for car in cars]), cars, [road] * len(cars))
        means.append(float(np.mean(angles)))
    return [mean - means[len(means) // 2] for mean in means]
