"""Every image decoded once: what it is, or why it cannot be used."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.header import Header, read_header
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.look import looks
from bedside.modalities.imaging.plan import ImagePlan

CANNOT_BE_READ = "image cannot be read"
_PAIRS = ("RL", "AP", "SI")
_NEUTRAL = 4
"""Colours that differ less than this, of 255, are grey that was saved as colour."""


@dataclass(frozen=True)
class Facts:
    """One readable image, in brief.

    Attributes:
        image: Where it is read from.
        header: What its file tells beside the pixels.
        digest: Hexadecimal, of decoded content.
        channels: 1 for grey, 3 for colour.
        neutral: Whether its colours are grey in truth.
        size: Pixels along each axis.
        spacing: Millimetres; None where the file does not tell.
        axes: Where each axis points ("R", "A", "S" and their opposites); "" where the file does not tell.
        bits8: Whether values are 0 to 255.
        high: 99th percentile of the values.
    """

    image: ImageFile
    header: Header
    digest: str
    channels: int
    neutral: bool
    size: tuple[int, ...]
    spacing: tuple[float, ...] | None
    axes: str
    bits8: bool
    high: float

    @property
    def placed(self) -> bool:
        """Whether the file tells where the axes point."""
        return bool(self.axes)

    def turned(self, along: Sequence[float], orientation: str) -> list[float]:
        """Numbers along each axis, in the order of the axes of an orientation."""
        if not self.axes:
            return list(along)
        mine = [next(place for place, pair in enumerate(_PAIRS) if letter in pair) for letter in self.axes]
        want = [next(place for place, pair in enumerate(_PAIRS) if letter in pair) for letter in orientation]
        return [along[mine.index(place)] for place in want]

    def misfit(self, plan: ImagePlan) -> str:
        """Why the image does not fit a plan, in words for the flow of participants; "" where it does."""
        if len(self.size) != plan.dimensions:
            return "volume among images" if plan.dimensions == 2 else "single image among volumes"
        if self.channels != plan.channels and {self.channels, plan.channels} != {1, 3}:
            return f"image of {self.channels} channels"
        if plan.spacing and self.spacing is None:
            return "distance between pixels not known"
        if plan.orientation and not self.placed:
            return "orientation not known"
        if min(self.size) < 2 or self._enlarged(plan) > plan.enlarge:
            return "image too small"
        return ""

    def _enlarged(self, plan: ImagePlan) -> float:
        """Times that the axis that is enlarged most would be."""
        known = self.spacing or (1.0,) * len(self.size)
        spacing = self.turned(known, plan.orientation) if plan.orientation else list(known)
        if plan.spacing:
            return max(have / want for have, want in zip(spacing, plan.spacing, strict=True))
        size = self.turned(self.size, plan.orientation) if plan.orientation else list(self.size)
        factor = min(want / (have * step) for want, have, step in zip(plan.size, size, spacing, strict=True))
        return max(factor * step for step in spacing)


@dataclass(frozen=True, eq=False)
class Decoded:
    """All images of a study.

    Attributes:
        facts: Of the images that can be read, by path.
        problems: Why others cannot, by path: for the terminal only.
    """

    facts: Mapping[Path, Facts] = field(default_factory=dict)
    problems: Mapping[Path, str] = field(default_factory=dict)

    def sha256(self, table: bytes) -> str:
        """Of all decoded content in the order of the paths, and of the table of labels."""
        total = hashlib.sha256(table)
        for path in sorted({**self.facts, **self.problems}):
            total.update(self.facts[path].digest.encode() if path in self.facts else b"unreadable")
        return total.hexdigest()


def decode(paths: Sequence[Path]) -> Decoded:
    """Decode every image."""
    facts: dict[Path, Facts] = {}
    problems: dict[Path, str] = {}
    for path in paths:
        try:
            facts[path] = _facts(path)
        except FileProblem as problem:
            problems[path] = str(problem)
    return Decoded(facts, problems)


def _facts(path: Path) -> Facts:
    header = read_header(path)
    file = ImageFile(path)
    [look] = looks([file])  # which remembers: the run asks for the same digest and thumbnail
    image = file.read()
    return Facts(
        image=file,
        header=header,
        digest=look.digest.hex(),
        channels=image.channels,
        neutral=image.channels == 3 and _neutral(image),
        size=image.size,
        spacing=look.spacing,
        axes=_axes(image),
        bits8=image.pixels.dtype.itemsize == 1,
        high=look.high,
    )


def _neutral(image: Image) -> bool:
    colours = image.pixels.astype("int64") if image.pixels.dtype.kind in "ui" else image.pixels
    return bool((colours.max(axis=0) - colours.min(axis=0)).max() < _NEUTRAL)


def _axes(image: Image) -> str:
    if image.geometry is None or image.geometry.affine is None or image.dimensions != 3:
        return ""
    from nibabel import orientations  # noqa: PLC0415 - slow to import

    ways: Any = orientations  # its functions publish no types
    return "".join(ways.aff2axcodes(image.geometry.affine))
