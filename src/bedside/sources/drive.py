"""DRIVE: colour photographs of the eye ground with the vessels drawn by hand.

The licence is for research: pictures, and what shows them, must not be handed on or printed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.data.files import locate
from bedside.data.source import DataFile
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.outlines.reading import LabelMapFile
from bedside.modalities.imaging.outlines.record import OutlinedRecord
from bedside.modalities.imaging.outlines.simulate import vessels

_PARTITIONS = ("training", "test")
_SHARED = 20
"""Photographs of each partition, numbered 21 to 40 and 1 to 20."""

VESSEL = {1: "vessel"}
FIELD = {1: "field of view"}


def _folder(path: str, sha256: str) -> DataFile:
    return DataFile(path=f"drive/{path}", sha256=(sha256,), folder=_SHARED)


@dataclass(frozen=True)
class Drive:
    """40 photographs, 20 each for training and test, with vessels, field of view and, for the test, a second observer.

    Whether two photographs are of one patient is not told; the publisher drew them from a screening of 400.
    """

    name: str = "drive"
    licence: str = "research use; pictures must not be handed on or shown"
    citation: str = (
        "Staal J, Abràmoff MD, Niemeijer M, Viergever MA, van Ginneken B. Ridge-based vessel segmentation in color "
        "images of the retina. IEEE Trans Med Imaging 2004;23:501-509. doi:10.1109/TMI.2004.825627"
    )
    files: tuple[DataFile, ...] = (
        _folder("training/images", "23676475f6cba9e0f074b72f11a40865249227f1799f69eceb3a99820add4bc1"),
        _folder("training/1st_manual", "7c2a197dfe8b5f261270cbd7824da3d468f2cc8765f5d99dac7096c32139400d"),
        _folder("training/mask", "e5aa9135c16c1e0b20901297b166c5a012dd870fcc6526ac12d632ff0e3ae683"),
        _folder("testing/images", "765b03b81d5e2d68ad22deb61c61ca7a6a140765706111191f485529315e7916"),
        _folder("testing/1st_manual", "76cd58d68f009c994f6c8d5c1b34add9914c5ef3bd97d194d0578526eba30965"),
        _folder("testing/mask", "89e70982dfd3d45945e91075619a2673db54aa86e155babf827eb6fbaf8f3202"),
        _folder("testing/2nd_manual", "786a34565bd20c0e098561ceda1b001d9d6b66e5bba7932c71f17dea04139e10"),
    )

    def records(self, root: Path) -> Iterator[OutlinedRecord]:
        """Yield the 40 photographs, those for training first; `partition` is "training" or "test".

        Raises:
            FileProblem: A folder is absent or is not the published one.
        """
        folders = [locate(file, root) for file in self.files]
        for partition, (images, first, field), second in zip(
            _PARTITIONS, (folders[:3], folders[3:6]), (None, folders[6]), strict=True
        ):
            for path in sorted(images.glob("*.tif")):
                number, image = path.name[:2], ImageFile(path)
                yield OutlinedRecord(
                    key=number,
                    image=image,
                    outlines=LabelMapFile(first / f"{number}_manual1.gif", image, VESSEL),
                    judged=LabelMapFile(field / f"{path.stem}_mask.gif", image, FIELD),
                    second=None if second is None else LabelMapFile(second / f"{number}_manual2.gif", image, VESSEL),
                    attributes={"partition": partition},
                )

    def simulate(self, n: int, *, seed: int) -> Iterator[OutlinedRecord]:
        """Yield n synthetic eye grounds of 64 x 64 pixels, the first half for training."""
        chance = np.random.default_rng([seed, 40])
        for number in range(n):
            image, first, field, second = vessels(seed=int(chance.integers(2**31)))
            test = number >= (n + 1) // 2
            yield OutlinedRecord(
                key=f"synthetic {number + 1}",
                image=image,
                outlines=first,
                judged=field,
                second=second if test else None,
                attributes={"partition": _PARTITIONS[test]},
            )
