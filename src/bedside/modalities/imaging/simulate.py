"""Synthetic pictures for the twins of sources: drawn from nothing but a seed, no patient behind them.

Each has a structure that depends on its class or grade with some overlap, so that a model can learn it and cannot be
perfect; mean and contrast are set by chance afterwards, so that neither gives the class away.

Example:
    >>> radiograph(ill=True, seed=1).pixels.shape
    (1, 28, 28)
"""

import numpy as np
from scipy import ndimage

from bedside.modalities.imaging.image import Geometry, Image, Pixels
from bedside.types import Booleans, Floats


def radiograph(*, ill: bool, seed: int, size: int = 28) -> Image:
    """A chest-like picture, grey, 8 bits: two dark fields that hold patchy shadows when ill."""
    rng = np.random.default_rng([seed, 1])
    y, x = _grid(size, rng, shift=0.06)
    picture = 1.2 * _inside(x / 0.95, y / 1.05, 0.08) + 0.25 * np.cos(2 * np.pi * (5.5 * y + 0.8 * np.abs(x)))
    fields = sum(_inside((x - side * 0.42) / 0.3, (y + 0.02) / 0.62, 0.15) for side in (-1, 1))
    picture = picture - 1.3 * fields
    severity = max(0.0, rng.normal(1.2 if ill else 0.2, 0.35))
    patches = np.clip(_texture(rng, (size, size), size / 14) - 0.3, 0.0, None)
    picture = picture + 1.5 * severity * patches * fields + 0.25 * _texture(rng, (size, size), 0.6)
    return Image(_finished(picture, rng)[None])


def sonogram(*, malignant: bool, seed: int, size: int = 28) -> Image:
    """An ultrasound-like picture, grey, 8 bits: a dark lesion in speckle, spiculated and upright when malignant."""
    rng = np.random.default_rng([seed, 2])
    y, x = _grid(size, rng, shift=0.2)
    tissue = 0.6 * np.sin(2 * np.pi * (1.6 * y + 0.3 * _texture(rng, (size, size), size / 5)))
    upright = np.exp(rng.normal(0.12 if malignant else -0.12, 0.2))
    spicules = abs(rng.normal(0.3 if malignant else 0.08, 0.08))
    radius = rng.uniform(0.36, 0.5) * _border(x / upright**0.5, y * upright**-0.5, spicules, rng)
    lesion = _soft(radius - np.hypot(x * upright**0.5, y * upright**-0.5), 0.06)
    below = _soft(0.4 - np.abs(x), 0.1) * _soft(y - 0.3, 0.1)
    shade = rng.normal(-0.35 if malignant else 0.25, 0.5)
    picture = tissue - 2.0 * lesion + shade * below
    speckle = 0.5 * _texture(rng, (size, size), 0.6) * (1.0 - 0.7 * lesion)
    return Image(_finished(picture + speckle, rng)[None])


def fundus(*, grade: int, seed: int, size: int = 28) -> Image:
    """An eye-ground-like picture in colours, 8 bits: more dark dots and bright spots the higher the grade (0 to 4)."""
    rng = np.random.default_rng([seed, 3])
    y, x = _grid(size, rng, shift=0.03)
    disc = _inside(x / 0.97, y / 0.97, 0.04)
    ground = 0.15 * _texture(rng, (size, size), size / 6) - 0.3 * np.hypot(x, y)
    side = rng.choice([-1.0, 1.0])
    head = _inside((x - side * 0.55) / 0.17, y / 0.19, 0.1)
    vessels = np.zeros_like(x)
    for bend in (-1, 1):
        path = bend * (0.15 + 0.55 * np.sqrt(np.clip(0.75 - side * x, 0.0, None) / 1.7)) + 0.05 * rng.normal()
        vessels += np.exp(-(((y - path) / 0.045) ** 2))
    dark = _dots(rng, x, y, rng.poisson(1.0 + 4.0 * grade), 0.06)
    bright = _dots(rng, x, y, rng.poisson(0.3 + 1.3 * max(0, grade - 1)), 0.07)
    red = 0.9 + ground + 0.3 * head - 0.2 * vessels - 0.25 * dark + 0.1 * bright
    green = 0.5 + ground + 0.5 * head - 0.3 * vessels - 0.4 * dark + 0.45 * bright
    blue = 0.25 + 0.6 * ground + 0.4 * head - 0.1 * vessels - 0.1 * dark + 0.1 * bright
    return Image(_coloured(np.stack([red, green, blue]), disc, rng))


def dermoscopy(*, grade: int, seed: int, size: int = 64) -> Image:
    """A mole-like picture in colours, 8 bits: 0 regular, 1 atypical, 2 asymmetric, ragged and of many colours."""
    rng = np.random.default_rng([seed, 4])
    y, x = _grid(size, rng, shift=0.12)
    ragged = abs(rng.normal((0.04, 0.12, 0.26)[grade], 0.04))
    lopsided = abs(rng.normal((0.05, 0.15, 0.35)[grade], 0.06))
    radius = rng.uniform(0.42, 0.68) * _border(x, y, ragged, rng)
    lean = 1.0 + lopsided * np.cos(np.arctan2(y, x) - rng.uniform(0, 2 * np.pi))
    lesion = _soft(radius - np.hypot(x, y) * lean, 0.05)
    many = abs(rng.normal((0.08, 0.2, 0.45)[grade], 0.07))
    hue = many * _texture(rng, (size, size), size / 9)
    skin = 0.08 * _texture(rng, (size, size), size / 8) + 0.05 * _texture(rng, (size, size), 0.7)
    depth = lesion * (0.55 + 0.6 * hue)
    blue_veil = lesion * np.clip(hue, 0.0, None)
    made = np.stack(
        [0.85 + skin - 0.6 * depth, 0.65 + skin - 0.75 * depth, 0.55 + skin - 0.6 * depth + 0.5 * blue_veil]
    )
    return Image(_coloured(made, np.ones_like(x), rng))


def volume(*, millilitres: float, seed: int, size: tuple[int, int, int] = (36, 50, 35), spacing: float = 1.0) -> Image:
    """A brain-crop-like volume, int16: one bright curved body of the given volume in textured surroundings.

    Args:
        millilitres: Volume of the body; about 1 to 6 fits the default size.
        seed: Of everything else.
        size: Voxels along (slices, rows, columns).
        spacing: Millimetres between voxels; the affine places the volume at a random point and mirrors left and right.
    """
    rng = np.random.default_rng([seed, 5])
    axes = [(np.arange(n) - (n - 1) / 2) * spacing for n in size]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    z, y, x = (axis + rng.normal(scale=0.8) for axis in (z, y, x))
    x = x + 0.012 * y**2 - 2.0
    stretch = np.exp(rng.normal(scale=0.08, size=2))
    distance = np.cbrt(stretch[0] * stretch[1]) * np.sqrt((z / stretch[0]) ** 2 + (0.5 * y / stretch[1]) ** 2 + x**2)
    radius = np.cbrt(3.0 * 1000.0 * millilitres / (4.0 * np.pi * 2.0))
    body = _soft(radius - distance, 0.7)
    made = 1.3 * body + 0.3 * _texture(rng, size, 2.0 / spacing) + 0.25 * _texture(rng, size, 0.6)
    made = (made - made.mean()) / made.std()
    brightness = np.exp(rng.normal(scale=0.15))
    affine = np.array([[0, 0, -spacing, 0], [0, spacing, 0, 0], [spacing, 0, 0, 0], [0, 0, 0, 1.0]])
    affine[:3, 3] = rng.uniform(-40, 40, size=3).round(2)
    values = np.clip(np.round(brightness * (500.0 + 150.0 * made)), 0, 4095).astype(np.int16)
    return Image(values[None], Geometry((spacing,) * 3, affine))


def _grid(size: int, rng: np.random.Generator, *, shift: float) -> tuple[Floats, Floats]:
    """Rows and columns from -1 to 1, moved and turned a little by chance."""
    line = np.linspace(-1.0, 1.0, size)
    y, x = np.meshgrid(line, line, indexing="ij")
    angle = rng.normal(scale=0.08)
    y, x = y - rng.uniform(-shift, shift), x - rng.uniform(-shift, shift)
    return np.cos(angle) * y + np.sin(angle) * x, np.cos(angle) * x - np.sin(angle) * y


def _texture(rng: np.random.Generator, size: tuple[int, ...], grain: float) -> Floats:
    """Smooth noise of mean 0 and standard deviation 1."""
    made: Floats = ndimage.gaussian_filter(rng.normal(size=size), grain, mode="wrap")
    standard: Floats = (made - made.mean()) / made.std()
    return standard


def _soft(signed: Floats, width: float) -> Floats:
    """1 where positive, 0 where negative, with a border of this width."""
    return 1.0 / (1.0 + np.exp(-np.clip(signed / (0.25 * width), -50.0, 50.0)))


def _inside(x: Floats, y: Floats, width: float) -> Floats:
    """The unit disc with a soft border."""
    return _soft(1.0 - np.hypot(x, y), width)


def _border(x: Floats, y: Floats, ragged: float, rng: np.random.Generator) -> Floats:
    """Radius around 1 by direction: a few waves whose height is `ragged`."""
    angle = np.arctan2(y, x)
    waves = [np.cos(k * angle + rng.uniform(0, 2 * np.pi)) / np.sqrt(6.0) for k in (3, 4, 5, 7, 8, 9)]
    radius: Floats = 1.0 + ragged * np.sum(waves, axis=0)
    return radius


def _dots(rng: np.random.Generator, x: Floats, y: Floats, count: int, width: float) -> Floats:
    """Small spots at chance places of the disc, never brighter together than alone."""
    made = np.zeros_like(x)
    for _ in range(count):
        distance, angle = 0.85 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        spot = np.hypot(x - distance * np.cos(angle), y - distance * np.sin(angle))
        made = np.maximum(made, np.exp(-((spot / width) ** 2)))
    return made


def _finished(picture: Floats, rng: np.random.Generator) -> Pixels:
    """Standardised, then given a brightness and a contrast by chance."""
    standard = (picture - picture.mean()) / picture.std()
    return _eight_bits(rng.normal(125, 12) + rng.normal(48, 4) * standard)


def _coloured(colours: Floats, seen: Floats, rng: np.random.Generator) -> Pixels:
    """Colours of one mean and contrast within what is seen, given brightness and tint by chance; black elsewhere."""
    inside: Booleans = seen > 0.5
    grey = colours[:, inside]
    standard = (colours - grey.mean(axis=1)[:, None, None]) / grey.std()
    tint = np.array([165.0, 105.0, 75.0]) * np.exp(rng.normal(scale=0.07, size=3))
    made = tint[:, None, None] + rng.normal(32, 3) * standard
    return _eight_bits(made * seen)


def _eight_bits(values: Floats) -> Pixels:
    stored: Pixels = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return stored
