"""Small pictures with what is drawn in them, on disk, for the tests of own masks and boxes: nobody's."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (24, 20)
AFFINE = np.array([[-1.0, 0, 0, 4], [0, 1.0, 0, -3], [0, 0, 2.0, 7], [0, 0, 0, 1]])


def png(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def scene(seed: int, size: tuple[int, ...] = SIZE, structures: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Noise with a bright block of each structure, the later the brighter, and the labels of the blocks."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 60, size=size).astype(np.uint8)
    labels = np.zeros(size, dtype=np.uint8)
    for k in range(structures):
        start = [int(rng.integers(1, 4)), 2 + k * (size[1] // structures), *(2 for _ in size[2:])]
        block = tuple(slice(at, at + 7) for at in start)
        pixels[block] += np.uint8(80 + 100 * k // structures)
        labels[block] = k + 1
    return pixels, labels


def masked(root: Path, count: int = 12, ending: str = "_mask", value: int = 255) -> tuple[Path, Path]:
    """Pictures of one structure below `images`, masks of 0 and `value` below `masks`."""
    for k in range(count):
        pixels, labels = scene(k)
        png(root / "images" / f"case_{k:02}.png", pixels)
        png(root / "masks" / f"case_{k:02}{ending}.png", labels * np.uint8(value))
    return root / "images", root / "masks"


def nifti(path: Path, values: NDArray[np.uint8], affine: NDArray[np.float64] = AFFINE) -> Path:
    """A volume in the order (i, j, k)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nibabel.Nifti1Image(values, affine)  # type: ignore[no-untyped-call]
    nibabel.save(made, path)
    return path


def volumes(root: Path, count: int = 10, size: tuple[int, ...] = (12, 18, 10)) -> tuple[Path, Path]:
    """Volumes of two structures, and their labels under the same names."""
    for k in range(count):
        pixels, labels = scene(k, size, 2)
        nifti(root / "imagesTr" / f"v_{k:02}.nii.gz", pixels)
        nifti(root / "labelsTr" / f"v_{k:02}.nii.gz", labels)
    return root / "imagesTr", root / "labelsTr"


Corners = tuple[int, int, int, int]
"""First and last column, then rows: xmin, ymin, xmax, ymax counted from 1, as VOC has it."""


def voc(
    path: Path, boxes: Sequence[tuple[str, Corners]], size: tuple[int, int] = SIZE, difficult: Sequence[int] = ()
) -> Path:
    """One annotation file; some boxes, by their place, are difficult."""
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = "".join(
        f"<object><name>{name}</name><difficult>{int(place in difficult)}</difficult>"
        f"<bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox>"
        "</object>"
        for place, (name, (a, b, c, d)) in enumerate(boxes)
    )
    rows, columns = size
    text = f"<annotation><size><width>{columns}</width><height>{rows}</height></size>{objects}</annotation>"
    path.write_text(text, "utf-8")
    return path


def boxed(root: Path, count: int = 12) -> tuple[Path, Path]:
    """Pictures with one thing each below `images`, the last two with none, VOC files below `voc`."""
    for k in range(count):
        pixels, labels = scene(k)
        empty = k >= count - 2
        png(root / "images" / f"case_{k:02}.png", scene(k, structures=0)[0] if empty else pixels)
        rows, columns = (np.flatnonzero((labels > 0).any(axis=axis)) for axis in (1, 0))
        corners = (int(columns[0]) + 1, int(rows[0]) + 1, int(columns[-1]) + 1, int(rows[-1]) + 1)
        voc(root / "voc" / f"case_{k:02}.xml", [] if empty else [("cell", corners)])
    return root / "images", root / "voc"


def coco(path: Path, boxes: Mapping[str, Sequence[Sequence[float]]], size: tuple[int, int] = SIZE) -> Path:
    """One file for all images: x, y, width and height of each box."""
    images = [
        {"id": number, "file_name": name, "height": size[0], "width": size[1]} for number, name in enumerate(boxes)
    ]
    annotations = [
        {"id": 100 * number + place, "image_id": number, "category_id": 1, "bbox": list(box)}
        for number, each in enumerate(boxes.values())
        for place, box in enumerate(each)
    ]
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cell"}]}
    path.write_text(json.dumps(content), "utf-8")
    return path
