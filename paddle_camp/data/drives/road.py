"""A small drawn world: a closed road, a camera that sees it, a car on it, and a driver who knows where the road goes.

Lengths are metres, angles of directions radians. A steering angle is from -1 (left) to 1 (right), as in the logs; at 1
the car drives a circle of :data:`TIGHTEST` metres. Deviations are measured from the middle of the road, to the right.
Everything that is drawn at random comes from a seed: the same road, the same bits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.preprocessing import ROADS

HALF = 2.0  # half of the road's width
SPACING = 0.25  # between the points of the middle line
TIGHTEST = 6.0  # radius of the circle at full lock
SHARPEST = 11.0  # the smallest radius of a bend
PIXELS = 8  # of the painted ground, in a metre
MARGIN = 30.0  # of ground around the road
HEIGHT, FOCAL, HORIZON = 1.2, 100.0, 14.0  # of the camera: above the ground; focal length and horizon in pixels
FARTHEST = 60.0  # beyond it there is haze
SPEED, TICK = 8.0, 0.1  # metres in a second; seconds between two pictures
GRASS, ASPHALT, WHITE, SKY = (60, 120, 90), (95, 95, 100), (225, 225, 225), (215, 190, 160)  # BGR


@dataclass(frozen=True)
class Road:
    """A closed road.

    Attributes:
        points: of its middle line, float64 ``[M, 2]``, :data:`SPACING` apart.
        ground: what lies around, painted: uint8 ``[H, W, 3]``, BGR.
        corner: where the ground's first pixel lies, ``[2]``.
    """

    points: np.ndarray
    ground: np.ndarray
    corner: np.ndarray

    @property
    def length(self) -> float:
        """Of a lap."""
        return len(self.points) * SPACING

    def directions(self) -> np.ndarray:
        """Unit vectors along the middle line, ``[M, 2]``."""
        ahead = np.roll(self.points, -1, axis=0) - np.roll(self.points, 1, axis=0)
        return ahead / np.linalg.norm(ahead, axis=1, keepdims=True)

    def nearest(self, place: np.ndarray) -> int:
        """The number of the middle line's point that lies nearest to ``place``, ``[2]``."""
        return int(((self.points - place) ** 2).sum(axis=1).argmin())

    def deviation(self, place: np.ndarray) -> float:
        """How far ``place`` lies to the right of the middle line."""
        number = self.nearest(place)
        along = (np.roll(self.points, -1, axis=0)[number] - self.points[number - 1]) / (2 * SPACING)
        away = place - self.points[number]
        return float(along[1] * away[0] - along[0] * away[1])


@dataclass(frozen=True)
class Car:
    """Where it is, ``[2]``, and where it looks."""

    place: np.ndarray
    heading: float

    def aside(self, offset: float, turned: float = 0.0) -> Car:
        """The car so far to the right of where it is, and turned to the right."""
        right = np.array([np.sin(self.heading), -np.cos(self.heading)])
        return Car(self.place + offset * right, self.heading - turned)

    def driven(self, angle: float) -> Car:
        """The car a tick later; it keeps its speed."""
        turned = self.heading - np.clip(angle, -1, 1) / TIGHTEST * SPEED * TICK
        middle = (self.heading + turned) / 2
        return Car(self.place + SPEED * TICK * np.array([np.cos(middle), np.sin(middle)]), turned)


def start(road: Road, number: int = 0) -> Car:
    """A car on the middle line's point of this number, along the road."""
    along = road.directions()[number]
    return Car(road.points[number], float(np.arctan2(along[1], along[0])))


@functools.lru_cache(maxsize=8)
def draw_road(seed: int) -> Road:
    """A road of about 350 metres, with bends of at least :data:`SHARPEST` metres."""
    rng = np.random.default_rng([seed, 11])
    turns = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    while True:
        waves = (2, 3, 4, 5)
        radius = 48 * (1 + sum(rng.uniform(0.05, 0.6 / k) * np.cos(k * turns + rng.uniform(0, 6.3)) for k in waves))
        points = _evenly(np.stack([radius * np.cos(turns), radius * np.sin(turns)], axis=1))
        if 1 / np.abs(_curvature(points)).max() > SHARPEST:
            break
    points = points[::-1].copy() if rng.random() < 0.5 else points  # the other way round
    corner = points.min(axis=0) - MARGIN
    return Road(points, _painted(points, corner, rng), corner)


def _evenly(points: np.ndarray) -> np.ndarray:
    """A closed curve as points that are (nearly) :data:`SPACING` apart."""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    places = np.arange(round(along[-1] / SPACING)) * along[-1] / round(along[-1] / SPACING)
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _curvature(points: np.ndarray) -> np.ndarray:
    """Of a closed curve, ``[M]``: 1 / radius, smoothed over a metre."""
    ahead = np.roll(points, -4, axis=0) - points
    heading = np.arctan2(ahead[:, 1], ahead[:, 0])
    return np.angle(np.exp(1j * (np.roll(heading, -4) - heading))) / (4 * SPACING)


def _painted(points: np.ndarray, corner: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ground: grass, the road, white lines at its edges and a dashed one in its middle."""
    width, height = np.ceil((points.max(axis=0) + MARGIN - corner) * PIXELS).astype(int)
    coarse = rng.normal(0, 1, (height // 16 + 1, width // 16 + 1)).astype(np.float32)
    fine = rng.normal(0, 9, (height, width)).astype(np.float32)
    texture = fine + 14 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    ground = np.empty((height, width, 3), np.float32)
    ground[:] = GRASS

    def line(offset: float, thickness: float, colour: tuple, numbers: np.ndarray | None = None) -> None:
        right = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
        right = np.stack([right[:, 1], -right[:, 0]], axis=1) / np.linalg.norm(right, axis=1, keepdims=True)
        pixels = np.rint((points + offset * right - corner) * PIXELS).astype(np.int32)
        wide = max(1, round(thickness * PIXELS))
        if numbers is None:
            cv2.polylines(ground, [pixels], True, colour, wide)
        else:
            cv2.polylines(ground, [pixels[each] for each in numbers], False, colour, wide)

    line(0.0, 2 * HALF + 0.4, ASPHALT)
    for offset in (-HALF, HALF):
        line(offset, 0.2, WHITE)
    dashes = np.arange(0, len(points) - 8, 24)[:, None] + np.arange(9)  # two metres in six
    line(0.0, 0.15, WHITE, dashes[dashes.max(axis=1) < len(points)])
    return np.clip(ground + texture[..., None] * np.array([0.6, 1.0, 0.8], np.float32), 0, 255).astype(np.uint8)


def view(road: Road, car: Car) -> np.ndarray:
    """What the car's camera sees, as PilotNet takes it: uint8 ``[3, 66, 200]``, BGR.

    A pinhole camera above the car looks straight ahead over a flat ground, so that the picture below the horizon is one
    projective map of the painted ground.
    """
    _, height, width = ROADS.shape
    sky = np.empty((height, width, 3), np.float32)
    sky[:] = SKY
    ahead = np.array([np.cos(car.heading), np.sin(car.heading)])
    right = np.array([ahead[1], -ahead[0]])
    # Of a pixel (column, row, 1): with d = row - HORIZON the ground lies HEIGHT * FOCAL / d ahead and
    # HEIGHT * (column - middle) / d to the right; so d times its place on the painted ground is linear in the pixel.
    shift = (car.place - road.corner) * PIXELS
    middle = (width - 1) / 2
    columns, rows = HEIGHT * PIXELS * right, shift
    ones = HEIGHT * PIXELS * (FOCAL * ahead - middle * right) - HORIZON * shift
    to_ground = np.array([[columns[i], rows[i], ones[i]] for i in (0, 1)] + [[0.0, 1.0, -HORIZON]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(
        road.ground, to_ground, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=GRASS
    )
    away = HEIGHT * FOCAL / np.maximum(np.arange(height) - HORIZON, 1e-3)
    haze = np.clip(away / FARTHEST, 0, 1)[:, None, None].astype(np.float32)
    mixed = haze * sky + (1 - haze) * seen
    return np.rint(mixed).astype(np.uint8).transpose(2, 0, 1)


def ideal_angle(road: Road, car: Car, ahead: float = 6.0, offset: float = 0.0) -> float:
    """Pure pursuit (Coulter, CMU-RI-TR-92-01, 1992): the angle of the circle to the middle line's point ahead.

    Args:
        ahead: how far away the point is, along the road.
        offset: how far to the right of the middle the driver wants to be.
    """
    number = (road.nearest(car.place) + round(ahead / SPACING)) % len(road.points)
    aim = start(road, number).aside(offset).place - car.place
    sideways = np.sin(car.heading) * aim[0] - np.cos(car.heading) * aim[1]
    return float(np.clip(2 * sideways / (aim @ aim) * TIGHTEST, -1, 1))


@dataclass(frozen=True)
class Recording:
    """A drive: N pictures of each camera, uint8 ``[N, 3, 66, 200]``, and the angles, float32 ``[N]``."""

    images: np.ndarray
    left: np.ndarray
    right: np.ndarray
    angles: np.ndarray


def drive(road: Road, ticks: int, seed: int, wander: float = 0.15) -> tuple[list[Car], np.ndarray]:
    """Where the car is while the ideal driver drives, and the angles, float32 ``[ticks]``.

    Args:
        wander: standard deviation of where on the road the driver wants to be, in metres; it changes slowly.
    """
    rng = np.random.default_rng([seed, 12])
    cars, offset = [start(road, int(rng.integers(len(road.points))))], 0.0
    angles: list[float] = []
    for _ in range(ticks):
        offset = 0.97 * offset + wander * (1 - 0.97**2) ** 0.5 * float(rng.standard_normal())
        angles.append(ideal_angle(road, cars[-1], offset=offset))
        cars.append(cars[-1].driven(angles[-1]))
    return cars[:-1], np.array(angles, np.float32)


def record(road: Road, ticks: int, seed: int, *, aside: float = 0.8, wander: float = 0.15) -> Recording:
    """A drive by the ideal driver, seen by three cameras, the outer ones so far aside."""
    cars, angles = drive(road, ticks, seed, wander)
    centre, left, right = (np.stack([view(road, car.aside(offset)) for car in cars]) for offset in (0.0, -aside, aside))
    return Recording(centre, left, right, angles)
