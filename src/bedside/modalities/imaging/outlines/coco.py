"""Boxes in the JSON of COCO: one file for all images.

A box is its left and upper border, its width and its height, in pixels with 0 at the image's outer border
(cocodataset.org, "Data format").
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.outlines.box_list import OVERSHOOT, BoxList

_PARTS = {
    "images": ("id", "file_name", "height", "width"),
    "categories": ("id", "name"),
    "annotations": ("image_id", "category_id", "bbox"),
}
"""What each part must tell; box numbers in messages count the annotations of the whole file."""

_KINDS = {"bbox": list, "height": str | int | float, "width": str | int | float}
"""Types of what is no whole number or text; sizes are written as 640.0 by some."""


@dataclass(frozen=True, eq=False)
class CocoBoxes:
    """What a COCO file says.

    Attributes:
        boxes: For each image's file name its boxes; images without any have an empty list. Crowds are marked `aside`.
        names: The categories, in the order of the file.
        outlines: Annotations that also hold an outline (polygons or run lengths), which is not read.
    """

    boxes: Mapping[str, BoxList]
    names: tuple[str, ...]
    outlines: int


def read_coco(path: Path, *, overshoot: float = OVERSHOOT) -> CocoBoxes:
    """Read the boxes of all images.

    Args:
        path: The JSON file.
        overshoot: Pixels by which a box may reach over the border of its image.

    Raises:
        FileProblem: The file is no COCO annotation, names an image or category that it does not describe, or holds a
            box that cannot be; the message names the annotation by its number.
    """
    parts = _parts(path)
    images = _by_id(parts["images"], "images", path)
    categories = _by_id(parts["categories"], "categories", path)
    own: dict[Any, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for number, item in enumerate(parts["annotations"], 1):
        for part, name in ((images, "image_id"), (categories, "category_id")):
            if item[name] not in part:
                msg = f"annotation {number} in {path} has a {name} that the file does not describe; correct it"
                raise FileProblem(msg)
        own[item["image_id"]].append((number, item))
    boxes: dict[str, BoxList] = {}
    for key, image in images.items():
        if str(image["file_name"]) in boxes:
            msg = f"{path} describes two images of one file name; each image is described once: take one out"
            raise FileProblem(msg)
        boxes[str(image["file_name"])] = _boxes(own[key], image, categories, path, overshoot)
    names = tuple(str(item["name"]) for item in categories.values())
    if len(set(names)) < len(names):
        msg = f"{path} has two categories of one name; each needs a name of its own"
        raise FileProblem(msg)
    return CocoBoxes(boxes, names, sum(bool(item.get("segmentation")) for item in parts["annotations"]))


def _boxes(
    own: list[tuple[int, Mapping[str, Any]]],
    image: Mapping[str, Any],
    categories: Mapping[Any, Mapping[str, Any]],
    path: Path,
    overshoot: float,
) -> BoxList:
    """The boxes of one image."""
    try:
        told = [float(image[name]) for name in ("height", "width")]
    except (ValueError, OverflowError):
        told = [0.0]
    if not all(one.is_integer() and one >= 1 for one in told):
        msg = f"{path} describes an image without height or width in whole pixels; correct its entry in images"
        raise FileProblem(msg)
    size = (int(told[0]), int(told[1]))
    corners = np.array([_corners(item["bbox"], number, path) for number, item in own]).reshape(-1, 4)
    return BoxList.of(
        corners,
        [str(categories[item["category_id"]]["name"]) for _, item in own],
        size,
        str(path),
        aside=np.array([bool(item.get("iscrowd")) for _, item in own], dtype=np.bool_),
        numbers=[number for number, _ in own],
        overshoot=overshoot,
        crowds=True,
    )


def _corners(box: Any, number: int, path: Path) -> list[float]:  # noqa: ANN401 - JSON
    """Borders around pixel centres from x, y, width and height."""
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in box)
    ):
        msg = f"annotation {number} in {path} has no bbox of four numbers (x, y, width, height); correct it"
        raise FileProblem(msg)
    x, y, width, height = (float(one) for one in box)
    if not (width > 0 and height > 0):
        msg = f"annotation {number} in {path} has a bbox {width:g} wide and {height:g} high; both must be above 0"
        raise FileProblem(msg)
    return [y - 0.5, x - 0.5, y + height - 0.5, x + width - 0.5]


def _parts(path: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The three parts of the file, each item checked to tell what is needed."""
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); check that it is a file and its permissions"
        raise FileProblem(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is no JSON ({type(error).__name__}); it is truncated or no annotation: fetch it again"
        raise FileProblem(msg) from error
    made: dict[str, list[Mapping[str, Any]]] = {}
    for part, needed in _PARTS.items():
        items = found.get(part) if isinstance(found, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            msg = f"{path} has no list of {part}; COCO's images, categories and annotations are needed"
            raise FileProblem(msg)
        for number, item in enumerate(items, 1):
            absent = [name for name in needed if not isinstance(item.get(name), _KINDS.get(name, str | int))]
            if absent:
                msg = f"item {number} of {part} in {path} has no {absent[0]}; {', '.join(needed)} are needed"
                raise FileProblem(msg)
        made[part] = items
    return made


def _by_id(items: list[Mapping[str, Any]], part: str, path: Path) -> dict[Any, Mapping[str, Any]]:
    made = {item["id"]: item for item in items if isinstance(item["id"], str | int)}
    if len(made) < len(items):
        msg = f"{path} has {len(items) - len(made)} {part} whose id is another's or no whole number; correct them"
        raise FileProblem(msg)
    return made
