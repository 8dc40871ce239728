"""BCCD: photographs of stained blood smears with boxes around red cells, white cells and platelets."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.outlines.box_list import BoxList
from bedside.modalities.imaging.outlines.record import BoxedRecord
from bedside.modalities.imaging.outlines.simulate import CELLS, cells
from bedside.modalities.imaging.outlines.voc import read_voc

_PARTITIONS = {"train": 205, "val": 87, "test": 72}
_IMAGES = 364
_SLIP = 2.0
"""Boxes below this width and height, in pixels, are slips of the mouse: two of the 4,888 are a single pixel."""


@dataclass(frozen=True)
class Bccd:
    """364 photographs with the publisher's partitions; names are RBC, WBC and Platelets.

    Two boxes of a single pixel are left out, and counted in the attribute `slips`. Not every cell is boxed: those cut
    by the border often are not. Whose blood it is, and which photographs are of one smear, is not told.
    """

    name: str = "bccd"
    licence: str = "MIT"
    citation: str = (
        "Shenggan, Chen N, cosmicad, akshaylamba. BCCD Dataset: blood cell count and detection. GitHub 2017. "
        "https://github.com/Shenggan/BCCD_Dataset"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="bccd/BCCD/JPEGImages",
            sha256=("916cd55c2cb0c17da3f7e8d25478240036e1fcb9bad5be39129a05ddeedd634a",),
            folder=_IMAGES,
        ),
        DataFile(
            path="bccd/BCCD/Annotations",
            sha256=("de4760930cbe65475d5b733fa4426c9e4e67de91c65a65eff369bac0d774584e",),
            folder=_IMAGES,
        ),
        DataFile(
            path="bccd/BCCD/ImageSets/Main",
            sha256=("7cb99ce3edc8012accbb948000ff664f109081f006e0e7e8e34cd8897fae64de",),
            folder=4,
        ),
    )

    def records(self, root: Path) -> Iterator[BoxedRecord]:
        """Yield the 364 photographs by name; `partition` is "train", "val" or "test".

        Raises:
            FileProblem: A folder is absent or is not the published one.
        """
        images, annotations, sets = (locate(file, root) for file in self.files)
        partitions = {
            name: partition
            for partition in _PARTITIONS
            for name in (sets / f"{partition}.txt").read_text(encoding="utf-8").split()
        }
        if Counter(partitions.values()) != _PARTITIONS:
            msg = f"the lists in {sets} do not part {_IMAGES} photographs as published; put the published files there"
            raise FileProblem(msg)
        for name in sorted(partitions):
            boxes, slips = _without_slips(read_voc(annotations / f"{name}.xml"))
            attributes = {"partition": partitions[name], **({"slips": str(slips)} if slips else {})}
            yield BoxedRecord(name, ImageFile(images / f"{name}.jpg"), boxes, attributes=attributes)

    def simulate(self, n: int, *, seed: int) -> Iterator[BoxedRecord]:
        """Yield n synthetic smears of 96 x 128 pixels, a fifth of the size of the real ones, parted as those are."""
        chance = np.random.default_rng([seed, _IMAGES])
        ends = np.cumsum(list(_PARTITIONS.values())) / _IMAGES * n
        for number in range(n):
            image, boxes = cells(seed=int(chance.integers(2**31)))
            partition = list(_PARTITIONS)[int(np.searchsorted(ends, number, side="right"))]
            yield BoxedRecord(f"synthetic {number + 1}", image, boxes, attributes={"partition": partition})


def _without_slips(boxes: BoxList) -> tuple[BoxList, int]:
    """The boxes larger than a slip of the mouse, and how many slips there were."""
    starts, ends = np.split(boxes.corners, 2, axis=1)
    kept = np.asarray(((ends - starts) >= _SLIP).any(axis=1))
    names = tuple(name for name, keep in zip(boxes.names, kept.tolist(), strict=True) if keep)
    if not set(names) <= set(CELLS):
        msg = f"BCCD names the cells {', '.join(CELLS)}, and an annotation another; put the published files there"
        raise FileProblem(msg)
    made = replace(boxes, corners=boxes.corners[kept], names=names, aside=boxes.aside[kept])
    return made, int((~kept).sum())
