"""The drawn road: which way is right, what the camera sees, and a driver who stays on it."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.data.drives import road as roads
from paddle_camp.data.drives.road import Car, draw_road, drive, ideal_angle, record, start, view


def test_the_right_is_right():
    car = Car(np.zeros(2), 0.0)  # it looks along x; y is to its left
    np.testing.assert_allclose(car.aside(1.0).place, [0, -1], atol=1e-12)
    assert car.driven(1.0).place[1] < 0 < car.driven(-1.0).place[1]
    assert car.driven(0.0).place == pytest.approx([roads.SPEED * roads.TICK, 0])


def test_a_full_lock_is_the_tightest_circle():
    car = Car(np.zeros(2), 0.0)
    ticks = round(2 * np.pi * roads.TIGHTEST / (roads.SPEED * roads.TICK))
    places = []
    for _ in range(ticks):
        car = car.driven(1.0)
        places.append(car.place)
    middle = np.array([0, -roads.TIGHTEST])
    np.testing.assert_allclose(np.linalg.norm(np.array(places) - middle, axis=1), roads.TIGHTEST, rtol=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_a_road_is_closed_smooth_and_the_same_every_time(seed):
    road = draw_road(seed)
    draw_road.cache_clear()
    again = draw_road(seed)
    assert (road.points == again.points).all() and (road.ground == again.ground).all()
    steps = np.linalg.norm(road.points - np.roll(road.points, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, roads.SPACING, rtol=0.02)
    assert 200 < road.length < 500
    for number in (0, 100, 700):
        for offset in (-1.5, 0.0, 0.7):
            assert road.deviation(start(road, number).aside(offset).place) == pytest.approx(offset, abs=0.05)


def test_the_ideal_driver_stays_near_the_middle_and_comes_back_to_it():
    road = draw_road(3)
    car = start(road).aside(1.2)
    deviations = []
    for _ in range(400):
        car = car.driven(ideal_angle(road, car))
        deviations.append(road.deviation(car.place))
    assert deviations[0] > 1 and np.abs(deviations[30:]).max() < 0.35
    assert ideal_angle(road, start(road).aside(1.0)) < ideal_angle(road, start(road)) - 0.2


def test_the_camera_sees_the_road_where_it_is():
    road = draw_road(0)
    number = int(np.abs(roads._curvature(road.points)).argmin())
    middle, left = view(road, start(road, number)), view(road, start(road, number).aside(-1.5))
    assert middle.shape == (3, 66, 200) and middle.dtype == np.uint8

    def centre_of_the_road(picture):
        grey = np.ptp(picture[:, 45].astype(int), axis=0) < 30  # asphalt and lines, where grass is green
        return np.flatnonzero(grey).mean()

    assert abs(centre_of_the_road(middle) - 99.5) < 12
    assert centre_of_the_road(left) > centre_of_the_road(middle) + 20  # from too far left it lies to the right
    sky = middle[:, : int(roads.HORIZON) - 1]
    assert np.abs(sky.astype(int) - np.array(roads.SKY)[:, None, None]).max() <= 1


def test_what_the_side_cameras_record_lies_on_the_other_side():
    road = draw_road(1)
    found = record(road, 5, 7, aside=0.8)
    cars, angles = drive(road, 5, 7)
    assert (found.angles == angles).all() and found.images.shape == (5, 3, 66, 200)
    assert (found.left[2] == view(road, cars[2].aside(-0.8))).all()
    assert (found.right[2] == view(road, cars[2].aside(0.8))).all()
    assert np.abs([road.deviation(car.place) for car in cars]).max() < 0.6


def test_a_wandering_driver_is_further_from_the_middle():
    road = draw_road(1)

    def spread(wander):
        return np.std([road.deviation(car.place) for car in drive(road, 400, 0, wander)[0]])

    assert spread(0.0) < spread(0.5)
