"""One drawn fundus picture: the anatomy is drawn by lot, painted layer upon layer, and photographed.

What the classes differ in is written down in :func:`plan_eye`. They overlap on purpose: a mild "P" looks like an "H",
some "H" and "N" have stripes, a crescent or drusen, and the camera (tint, light, haze, blur, noise) knows nothing of
the class. Lengths are in field radii, colours BGR, as in :mod:`paddle_camp.data.pictures.drawing`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from paddle_camp.data.fundus.drawing import choroid_stripes, draw_vessel, photograph
from paddle_camp.data.pictures.drawing import Page, Point, absorb, bgr, lay

KINDS = ("P", "H", "N")  # pathologic myopia (label 1), high myopia, normal (label 0)
SCLERA = (108, 200, 255)  # the white of the eye, seen through an atrophic retina
PIGMENT = (8, 14, 26)
BLOOD = (12, 16, 70)


@dataclass(frozen=True)
class Eye:
    """What is to be painted; amounts run from 0 (absent) to about 1 (strong).

    Attributes:
        disc, fovea: (x, y). The disc is left of the fovea; the other eye is the mirrored picture.
        disc_radius: of the optic disc.
        crescent: how far the pale atrophy reaches beyond the disc, in disc radii; 0 is none.
        tessellation: contrast of the choroidal vessels that show through the retina, like a tiger's stripes.
        pallor: diffuse atrophy, a pale cast between disc and macula.
        macula: how dark the macula is.
        patches, bleeds, drusen: how many pale patches, haemorrhages, small bright deposits.
        reflex: a ring of light around the macula, as young eyes have.
    """

    disc: Point
    fovea: Point
    disc_radius: float
    crescent: float
    tessellation: float
    pallor: float
    macula: float
    patches: int
    bleeds: int
    drusen: int
    reflex: float


def plan_eye(kind: str, rng: np.random.Generator) -> Eye:
    """Draw the anatomy of one eye of the class ``kind``; nothing after this step knows the class."""
    pathologic = kind == "P"
    mild = pathologic and rng.random() < 0.15  # early: stripes and a modest crescent, no lesion
    zoom = rng.uniform(0.9, 1.25)
    x, y = rng.uniform(-0.88, -0.45), rng.normal(0, 0.08)
    if pathologic:
        crescent = rng.uniform(0.4, 1.2) if mild else rng.uniform(1.1, 3.0)
        tessellation = rng.uniform(0.3, 1.0)
    else:
        chance, reach = (0.6, 1.1) if kind == "H" else (0.2, 0.7)
        crescent = rng.uniform(0.15, reach) if rng.random() < chance else 0.0
        tessellation = rng.uniform(0.1, 0.8) if kind == "H" else 0.7 * rng.uniform() ** 3
    lesions = pathologic and not mild
    return Eye(
        disc=(x, y),
        fovea=(x + zoom * rng.uniform(0.65, 0.78), y + rng.uniform(0.0, 0.12)),
        disc_radius=zoom * rng.uniform(0.105, 0.145),
        crescent=crescent,
        tessellation=tessellation,
        pallor=rng.uniform(0.1, 1.0) if lesions else rng.uniform(0, 0.2),
        macula=rng.uniform(0.0, 0.35) if pathologic else rng.uniform(0.25, 0.6),
        patches=int(rng.integers(1, 5)) if lesions else 0,
        bleeds=int(rng.random() < (0.3 if lesions else 0.08)),
        drusen=int(rng.integers(4, 22)) if rng.random() < 0.2 else 0,
        reflex=rng.uniform(0.3, 1.0) if rng.random() < (0.05 if pathologic else 0.25) else 0.0,
    )


def paint(eye: Eye, page: Page) -> np.ndarray:
    """The retina of ``eye``, before any camera: float32 ``[3, size, size]``, planes blue, green, red, about 0..255."""
    rng = page.rng
    canvas = paint_ground(page, eye)
    stripes = choroid_stripes(page, eye.disc)
    paint_tessellation(canvas, page, eye, stripes)
    absorb(canvas, page.glow(eye.fovea, rng.uniform(0.07, 0.14)), (0.5 * eye.macula, eye.macula, 0.9 * eye.macula))
    paint_lesions(canvas, page, eye, stripes)
    paint_crescent(canvas, page, eye, stripes)
    paint_disc(canvas, page, eye)
    paint_vessels(canvas, page, eye)
    paint_reflex(canvas, page, eye)
    return canvas


def paint_ground(page: Page, eye: Eye) -> np.ndarray:
    """Orange-red, brightest between disc and macula, fading to a bluish green haze at the rim."""
    rng = page.rng
    middle = (0.5 * (eye.disc[0] + eye.fovea[0]) + rng.normal(0, 0.15), rng.normal(0, 0.2))
    light = np.float32(0.22) + page.glow(middle, rng.uniform(0.4, 0.75))
    light *= 1 + np.float32(0.07) * page.texture(3) + np.float32(0.05) * page.texture(22)
    rim = np.square(page.distance((rng.normal(0, 0.2), rng.normal(-0.2, 0.2))))
    haze = rim * np.float32(rng.uniform(0.2, 1.3)) * bgr(16, 20, 8)
    return light * bgr(19, 50, 124) + haze


def paint_tessellation(canvas: np.ndarray, page: Page, eye: Eye, stripes: np.ndarray) -> None:
    """Bright choroidal vessels with dark pigment between them, in some parts of the field more than in others."""
    patchy = 1 / (1 + np.exp(-2 * (page.texture(1.5) + np.float32(1.2))))
    strength = np.float32(eye.tessellation) * patchy * (1 - np.float32(0.5) * np.square(page.distance((0, 0))))
    canvas *= 1 + strength * (stripes - np.float32(0.4)) * bgr(0.3, 0.75, 1.0)
    pale = page.glow((eye.disc[0] + 0.3, eye.disc[1]), 0.4, 1.2) * np.float32(0.3 * eye.pallor)
    lay(canvas, pale * (1 + np.float32(0.3) * page.texture(14)), SCLERA)


def paint_crescent(canvas: np.ndarray, page: Page, eye: Eye, stripes: np.ndarray) -> None:
    """Peripapillary atrophy: mottled sclera beside the disc, mostly on the macula's side, with a dark edge."""
    if not eye.crescent:
        return
    rng, radius = page.rng, eye.disc_radius * (1 + 0.5 * eye.crescent)
    centre = (eye.disc[0] + 0.45 * eye.disc_radius * eye.crescent, eye.disc[1] + eye.disc_radius * rng.normal(0, 0.15))
    shape = page.blob(centre, radius, rng.uniform(0.04, 0.16), rng.uniform(0.05, 0.16), rng.uniform(1.05, 1.35))
    rim = shape * (1 - shape) * np.float32(rng.uniform(0, 2.4))
    absorb(canvas, np.clip(rim * (1 + page.texture(12)), 0, 1), (0.7, 0.7, 0.6))
    paint_atrophy(canvas, page, shape * np.float32(rng.uniform(0.7, 1.0)), stripes)


def paint_atrophy(canvas: np.ndarray, page: Page, shape: np.ndarray, stripes: np.ndarray) -> None:
    """Pale sclera in ``shape``, with what is left of the choroid on it as brown streaks."""
    page.marked = np.maximum(page.marked, shape)
    lay(canvas, shape, SCLERA)
    streaks = np.clip(page.texture(24) * np.float32(0.7) + stripes * np.float32(0.5) - np.float32(0.1), 0, 1)
    absorb(canvas, shape * streaks * np.float32(page.rng.uniform(0.5, 1.0)), (0.75, 0.55, 0.35))


def near(place: Point, spread: float, rng: np.random.Generator) -> Point:
    """A point about ``spread`` away from ``place``."""
    x, y = rng.normal(place, spread)
    return x, y


def paint_lesions(canvas: np.ndarray, page: Page, eye: Eye, stripes: np.ndarray) -> None:
    """Patchy atrophy with clumps of pigment, haemorrhages, drusen: around the macula."""
    rng = page.rng
    for _ in range(eye.patches):
        centre, radius = near(eye.fovea, 0.22, rng), rng.uniform(0.05, 0.2)
        shape = page.blob(centre, radius, 0.25, rng.uniform(0.06, 0.25), rng.uniform(0.7, 1.2))
        paint_atrophy(canvas, page, shape * np.float32(rng.uniform(0.4, 0.95)), stripes)
        clump = page.blob(near(eye.fovea, 0.1, rng), 0.4 * radius, 0.7, 0.15)
        lay(canvas, clump * np.float32(rng.uniform(0.2, 0.9)), PIGMENT)
    for _ in range(eye.bleeds):
        lay(canvas, page.blob(near(eye.fovea, 0.2, rng), rng.uniform(0.03, 0.07), 0.3, 0.2) * np.float32(0.75), BLOOD)
    if eye.drusen:
        dots = np.zeros((page.size, page.size), np.float32)
        unit = 8 * page.size  # a field radius in sixteenths of a pixel: cv2 shifts by 4 bits
        for _ in range(eye.drusen):
            x, y = (int((value + 1) * unit) for value in near(eye.fovea, 0.25, rng))
            cv2.circle(dots, (x, y), int(rng.uniform(0.006, 0.022) * unit), rng.uniform(0.3, 0.8), -1, cv2.LINE_AA, 4)
        lay(canvas, cv2.GaussianBlur(dots, (0, 0), 0.005 * page.size), SCLERA)


def paint_disc(canvas: np.ndarray, page: Page, eye: Eye) -> None:
    """An upright orange ellipse with a bright cup in it, in a faint glow."""
    rng, radius = page.rng, eye.disc_radius
    tall = rng.uniform(1.05, 1.25)
    lay(canvas, page.glow(eye.disc, 1.3 * radius, tall) * np.float32(0.25), (40, 95, 190))
    lay(canvas, page.blob(eye.disc, radius, 0.03, 0.05, tall), (52, rng.uniform(95, 130), 228))
    cup = (eye.disc[0] + radius * rng.uniform(0.0, 0.3), eye.disc[1] + radius * rng.normal(0, 0.1))
    size = radius * rng.uniform(0.35, 0.65)
    lay(canvas, page.blob(cup, size, 0.05, 0.15, tall) * np.float32(rng.uniform(0.6, 1)), (158, 226, 252))


def paint_vessels(canvas: np.ndarray, page: Page, eye: Eye) -> None:
    """Veins dark and wide, arteries brighter and thinner: each two arcades round the macula and two nasal branches."""
    for width, share in ((0.026, (0.55, 0.6, 0.35)), (0.018, (0.45, 0.5, 0.12))):
        mask = np.zeros((4 * page.size, 4 * page.size), np.uint8)  # drawn large and shrunk: thin lines stay smooth
        for side in (-1, 1):
            for away, bend in ((page.rng.uniform(0.95, 1.5), 1.25), (page.rng.uniform(2.0, 2.8), -0.5)):
                draw_vessel(mask, page.rng, eye.disc, side * away, -side * bend, 1.9, width, 2)
        soft = cv2.resize(mask, (page.size, page.size), interpolation=cv2.INTER_AREA)
        absorb(canvas, soft.astype(np.float32) * np.float32(page.rng.uniform(0.75, 1.1) / 255), share)


def paint_reflex(canvas: np.ndarray, page: Page, eye: Eye) -> None:
    """The sheen of a young retina: broken rings of light around the macula."""
    if not eye.reflex:
        return
    far = page.distance(eye.fovea, 0.85) + np.float32(0.03) * page.texture(4)
    ring = np.exp(-np.square((far - np.float32(page.rng.uniform(0.25, 0.4))) / np.float32(0.025)))
    broken = np.clip(page.texture(7), 0, 1) * np.float32(0.4 * eye.reflex)
    lay(canvas, ring * broken, (150, 165, 170))


def draw_eye(kind: str, rng: np.random.Generator, size: int) -> tuple[np.ndarray, Point]:
    """As :func:`draw_fundus`, together with the fovea's (x, y) in pixels."""
    picture, fovea, _ = _draw(kind, rng, size)
    return picture, fovea


def draw_lesions(kind: str, rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`draw_fundus`, together with where the retina is atrophic: float32 ``[size, size]``, 0 (not) to 1.

    That is the crescent beside the disc and the patches around the macula, what a network should look at.
    """
    picture, _, lesions = _draw(kind, rng, size)
    return picture, lesions


def _draw(kind: str, rng: np.random.Generator, size: int) -> tuple[np.ndarray, Point, np.ndarray]:
    if kind not in KINDS:
        raise ValueError(f"unknown kind of fundus picture {kind!r}: it is one of {', '.join(KINDS)}")
    eye = plan_eye(kind, rng)
    mirrored = rng.random() < 0.15  # as in the real set, most discs are on the left
    page = Page(size, rng)
    picture = photograph(paint(eye, page), rng)
    x, y = ((value + 1) * size / 2 for value in eye.fovea)
    if not mirrored:
        return picture, (x, y), page.marked
    return np.ascontiguousarray(picture[:, ::-1]), (size - x, y), np.ascontiguousarray(page.marked[:, ::-1])


def draw_fundus(kind: str, rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw one fundus picture.

    Args:
        kind: "P" pathologic myopia, "H" high myopia, "N" normal.
        rng: everything random comes from it; the same state gives the same picture.
        size: width and height in pixels.

    Returns:
        uint8 ``[size, size, 3]``, BGR.
    """
    return draw_eye(kind, rng, size)[0]
