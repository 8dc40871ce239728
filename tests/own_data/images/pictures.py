"""Small pictures on disk for the tests of own images: drawn by chance, nobody's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def picture(
    path: Path, seed: int = 0, size: tuple[int, int] = (24, 20), *, colour: bool = False, spot: int = 0
) -> Path:
    """Noise, with a bright square of `spot` pixels."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 120, size=(*size, 3) if colour else size).astype(np.uint8)
    pixels[4 : 4 + spot, 4 : 4 + spot] += 100
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def classes(root: Path, names: Sequence[str] = ("ill", "well"), each: int = 12) -> Path:
    """A folder with one sub-folder a class; the first class has a bright square."""
    for place, name in enumerate(names):
        for k in range(each):
            picture(root / name / f"{name}{k:02}.png", seed=100 * place + k, spot=0 if place else 8)
    return root


def flat(root: Path, count: int = 30) -> Path:
    """Pictures side by side, `im00.png` and on, every other one with a bright square."""
    for k in range(count):
        picture(root / f"im{k:02}.png", seed=k, spot=8 if k % 2 else 0)
    return root


def table(path: Path, header: str, rows: Sequence[str], encoding: str = "utf-8") -> Path:
    """A CSV file."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return path
