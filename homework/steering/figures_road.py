"""The figures of steering's drawn road: the cameras, how far aside and how far along the networks drive, and why."""

from __future__ import annotations

import cv2
import numpy as np
from matplotlib.figure import Figure

from homework.steering.closed_loop import CENTRE, OFFSETS, STRANGE, THREE
from paddle_camp import plots
from paddle_camp.data.drives.road import HALF, SPEED, TICK, draw_road
from paddle_camp.plots.language import words

SIDE = 360  # pixels of a map
WAYS = {"driver": ("ideal driver", "理想的驾驶员"), CENTRE: ("one camera", "一个摄像头")}
WAYS |= {THREE: ("three cameras", "三个摄像头")}


def draw_cameras(drives: dict) -> Figure:
    """Pictures of the recording, as the three cameras see the same place, with the angles that they ask for."""
    three, count = drives[THREE], len(drives[CENTRE])
    chosen = np.linspace(0, count - 1, 3).round().astype(int)
    index = [int(camera * count + i) for i in chosen for camera in (1, 0, 2)]
    names = [words(*each) for each in (("left", "左"), ("centre", "中"), ("right", "右"))]
    captions = [f"{names[k % 3]} {three.labels[i]:+.2f}" for k, i in enumerate(index)]
    title = words("What the three cameras see, and the angle", "三个摄像头看到的，和相应的转角")
    return plots.picture_grid(three.images[index], captions, [False] * len(index), columns=3, title=title)


def draw_deviation(road: dict, driver: dict) -> Figure:
    """How far from the middle each car is, over the metres driven; of each kind the first network."""
    panels: dict[str, dict] = {}
    cells = {"driver": [driver]} | road
    longest = max(len(trip["deviations"]) for row in cells.values() for trip in row[0]["trips"])
    for name, row in cells.items():
        curves = {}
        for number, trip in enumerate(row[0]["trips"]):
            metres = SPEED * TICK * (1 + np.arange(len(trip["deviations"])))
            curves[words(f"road {number + 1}", f"第 {number + 1} 条路")] = (metres, trip["deviations"])
        along = [0, SPEED * TICK * longest, np.nan, 0, SPEED * TICK * longest]
        curves[words("edge of the road", "路边")] = (along, [HALF, HALF, np.nan, -HALF, -HALF])
        panels[words(*WAYS[name])] = curves
    title = words("By itself on strange roads: aside from the middle", "在没见过的路上自己开：离路中间多远")
    labels = words("metres driven", "开过的距离（米）"), words("metres to the right", "偏右（米）")
    return plots.line_panels(panels, *labels, markers=False, title=title)


def draw_tracks(road: dict) -> Figure:
    """Where the first network of each kind drives on the first roads, seen from above; a cross where it leaves."""
    maps, captions, lost = [], [], []
    for name in (CENTRE, THREE):
        for number, trip in enumerate(road[name][0]["trips"][:3]):
            maps.append(map_of(number, trip))
            captions.append(f"{words(*WAYS[name])}\n{trip['metres']:.0f} {words('m', '米')}")
            lost.append(trip["left"])
    title = words("Where the networks drive (red: left the road)", "网络开到哪里（红：开出了路）")
    columns = len(maps) // 2
    return plots.picture_grid(np.stack(maps), captions, lost, columns=columns, title=title)


def map_of(number: int, trip: dict) -> np.ndarray:
    """A road from above with a trip on it: uint8 ``[3, SIDE, SIDE]``, BGR."""
    road = draw_road(STRANGE + 1 + number)
    low, span = road.points.min(axis=0) - 6, float(np.ptp(road.points, axis=0).max() + 12)

    def pixels(places: np.ndarray) -> np.ndarray:
        return np.rint((np.asarray(places) - low) / span * SIDE * 16).astype(np.int32)[None]

    seen = np.full((SIDE, SIDE, 3), (190, 220, 200), np.uint8)
    wide = max(2, round(2 * HALF / span * SIDE))
    cv2.polylines(seen, list(pixels(road.points)), True, (150, 150, 150), wide, cv2.LINE_AA, 4)
    cv2.polylines(seen, list(pixels(trip["places"])), False, (200, 60, 0), 2, cv2.LINE_AA, 4)
    if trip["left"]:
        end = tuple(int(each) // 16 for each in pixels(trip["places"])[0, -1])
        cv2.drawMarker(seen, end, (0, 0, 230), cv2.MARKER_TILTED_CROSS, 16, 3, cv2.LINE_AA)
    return seen.transpose(2, 0, 1)


def draw_restoring(road: dict, driver: dict) -> Figure:
    """By how much the angle changes when the car is aside; steeper leads back faster."""
    curves = {words(*WAYS["driver"]): (OFFSETS, driver["asked"])}
    for name in (CENTRE, THREE):
        curves[words(*WAYS[name])] = (OFFSETS, np.mean([cell["asked"] for cell in road[name]], axis=0))
    labels = words("metres to the right of the middle", "偏右（米）"), words("change of the angle", "转角的改变")
    title = words("The answer to being aside", "偏在一边时怎样打方向")
    return plots.line_panels({"": curves}, *labels, title=title)
