"""How images are made alike, chosen from what they are and said with the reason."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bedside.errors import StudyError
from bedside.own_data.images.declaration import Flip, PlanPart
from bedside.own_data.images.facts import Facts

LONGEST = {2: 64, 3: 32}
"""Most pixels along an axis that a network on a CPU learns from in minutes."""

_SHORTEST = 8
_SOFT_TISSUE = (40.0, 400.0)
_ARBITRARY = {"MR", "PT", "NM"}
"""DICOM modalities whose values have no unit that two examinations share."""
_UNEVEN = 3.0
"""Times that the bright end differs between images (10th to 90th percentile) from which values have no common unit."""
_LETTERS = {"left-right": "RL", "front-back": "AP", "up-down": "SI"}


def choose_plan(
    usable: Sequence[Facts],
    *,
    size: Sequence[int] = (),
    spacing: Sequence[float] = (),
    orientation: str = "",
    flips: Sequence[Flip] = (),
    longest: Mapping[int, int] = LONGEST,
) -> tuple[PlanPart, list[str]]:
    """A plan and why it was chosen; what is given is taken as it is.

    Args:
        usable: Every image that can be read.
        size: Pixels along each axis; one number for all of them.
        spacing: Millimetres; one number for all axes.
        orientation: Of the axes of volumes ("RAS").
        flips: Directions in which anatomy may be mirrored.
        longest: Most pixels along an axis, by dimensions, where no size is given.

    Raises:
        StudyError: What was asked for does not fit together.
    """
    dimensions = len(size) if len(size) > 1 else Counter(len(facts.size) for facts in usable).most_common(1)[0][0]
    alike = [facts for facts in usable if len(facts.size) == dimensions]
    if not alike:
        msg = f"the images have no {dimensions} axes; give a size of {5 - dimensions} numbers, or of one"
        raise StudyError(msg)
    notes: list[str] = []
    channels, said = channels_of(alike)
    notes += said
    placed = all(facts.placed for facts in alike)
    if dimensions == 3 and not orientation and placed:
        orientation = "RAS"
        notes.append("orientation: every volume tells where its axes point; all are turned to RAS")
    chosen_size, chosen_spacing, said = _grid(alike, dimensions, size, spacing, orientation, longest[dimensions])
    notes += said
    values = values_of(alike)
    notes.append(values[3])
    part = PlanPart(
        size=chosen_size,
        channels=channels,
        spacing=chosen_spacing,
        orientation=orientation,
        window=values[0],
        clip=values[1],
        scale="image" if values[2] else "development",
        flips=tuple(flips),
    )
    flip_axes(part)
    plan = part.plan
    misfits = Counter(facts.misfit(plan) for facts in usable)
    notes += [f"{count} image(s) excluded: {reason}" for reason, count in misfits.items() if reason]
    notes.append(f"mirrored while training: {', '.join(flips) or 'no (allow it with --flips where anatomy does)'}")
    return part, notes


def flip_axes(part: PlanPart) -> tuple[int, ...]:
    """Spatial axes of the directions in which images may be mirrored; raises StudyError where they are not known."""
    return flip_axes_of(part.flips, len(part.size), part.orientation)


def flip_axes_of(flips: Sequence[Flip], dimensions: int, orientation: str) -> tuple[int, ...]:
    """The same for images of so many dimensions, whose axes point there."""
    if dimensions == 2:
        axes = {"up-down": 0, "left-right": 1}
        if "front-back" in flips:
            msg = "images have no direction front-back; flips are left-right and up-down"
            raise StudyError(msg)
        return tuple(axes[flip] for flip in flips)
    if flips and not orientation:
        msg = (
            f"volumes can be mirrored {', '.join(flips)} only when it is known where their axes point; give an "
            "orientation (--orientation RAS), which needs DICOM or NIfTI files that tell it"
        )
        raise StudyError(msg)
    return tuple(axis for flip in flips for axis, letter in enumerate(orientation) if letter in _LETTERS[flip])


def image_notes(usable: Sequence[Facts]) -> list[str]:
    """What the images are, in lines for a person."""
    lines = []
    for dimensions in sorted({len(facts.size) for facts in usable}):
        alike = [facts for facts in usable if len(facts.size) == dimensions]
        rows = np.array([facts.size for facts in alike])
        ends = (by(rows.min(axis=0)), by(np.median(rows, axis=0)), by(rows.max(axis=0)))
        sizes = f"all {ends[0]}" if len(set(map(tuple, rows.tolist()))) == 1 else " to ".join(ends)
        lines.append(f"  {len(alike):,} {'images' if dimensions == 2 else 'volumes'}, {sizes} pixels")
        spaced = [facts.spacing for facts in alike if facts.spacing is not None]
        if len(spaced) == len(alike):
            table = np.array(spaced)
            low, high = by(table.min(axis=0)), by(table.max(axis=0))
            lines.append(f"  distance between pixels: {low if low == high else f'{low} to {high}'} mm")
        elif spaced:
            lines.append(f"  distance between pixels: known in {len(spaced)} of {len(alike)}")
        else:
            lines.append("  distance between pixels: not known")
    channels = Counter(_coloured(facts) for facts in usable)
    lines.append(f"  {', '.join(f'{count:,} {what}' for what, count in channels.most_common())}")
    return lines


def _coloured(facts: Facts) -> str:
    if facts.channels == 1:
        return "grey"
    if facts.channels != 3:
        return f"of {facts.channels} channels"
    return "grey saved as colour" if facts.neutral else "colour"


def channels_of(alike: Sequence[Facts]) -> tuple[int, list[str]]:
    """Channels of the network's input, and why."""
    counts = Counter(1 if facts.neutral else facts.channels for facts in alike)
    chosen = counts.most_common(1)[0][0]
    word = {1: "grey", 3: "colour"}.get(chosen, f"{chosen} channels")
    others = len(alike) - counts[chosen]
    if not others:
        saved = any(facts.neutral for facts in alike)
        return chosen, [f"channels: {word}" + (", as the colours of the files are all grey" if saved else "")]
    return chosen, [f"channels: {word}, as most are; {others:,} others are converted where they can be"]


def _grid(
    alike: Sequence[Facts],
    dimensions: int,
    size: Sequence[int],
    spacing: Sequence[float],
    orientation: str,
    longest: int,
) -> tuple[tuple[int, ...], tuple[float, ...], list[str]]:
    """Size, spacing and why."""
    given = tuple(size) * dimensions if len(size) == 1 else tuple(size)
    wanted = tuple(spacing) * dimensions if len(spacing) == 1 else tuple(spacing)
    known = all(facts.spacing is not None for facts in alike)
    if wanted and not known:
        unknown = sum(facts.spacing is None for facts in alike)
        msg = (
            f"a spacing of {by(wanted)} mm was asked for, and {unknown} of {len(alike)} files do not tell the "
            "distance between their pixels; leave --spacing out, which scales images to one size"
        )
        raise StudyError(msg)
    if not wanted and not (dimensions == 3 and known and orientation):
        median = np.median([facts.size for facts in alike], axis=0)
        if given:
            return given, (), [f"size: {by(given)} pixels, as asked"]
        scale = min(1.0, longest / float(median.max()))
        chosen = tuple(max(_SHORTEST, round(side * scale / 4) * 4) for side in median.tolist())
        most = f"at most {longest}, for a CPU, in their shape"
        why = "the shape of most images" if scale == 1.0 else most
        return chosen, (), [f"size: scaled to {by(chosen)} pixels, {why}; padded where another shape"]
    extents = np.array([_extent(facts, orientation) for facts in alike])
    largest = extents.max(axis=0)
    if not wanted:
        side = float((largest / given).max()) if given else float(largest.max()) / longest
        finest = min(min(facts.spacing) for facts in alike if facts.spacing)
        step = float(f"{max(side, finest):.3g}")
        wanted = (step,) * dimensions
    chosen = given or tuple(
        min(longest * 2, max(_SHORTEST, int(np.ceil(extent / step))))
        for extent, step in zip(largest.tolist(), wanted, strict=True)
    )
    why = "as asked" if spacing and given else f"so that sizes stay true (about {longest} pixels, for a CPU)"
    return chosen, wanted, [f"grid: {by(chosen)} pixels of {by(wanted)} mm, {why}"]


def _extent(facts: Facts, orientation: str) -> list[float]:
    """Millimetres along each axis; the longest for all where axes will be turned."""
    assert facts.spacing is not None  # noqa: S101 - asked for where all are known
    sides = [pixels * step for pixels, step in zip(facts.size, facts.spacing, strict=True)]
    return facts.turned(sides, orientation) if orientation else sides


def values_of(alike: Sequence[Facts]) -> tuple[tuple[float, ...], tuple[float, ...], bool, str]:
    """Window, percentiles to cut at, whether each image is scaled by itself, and why."""
    modalities = Counter(facts.header.attributes.get("modality", "") for facts in alike)
    modality, count = modalities.most_common(1)[0]
    if modality == "CT" and count == len(alike):
        words = f"window: centre {_SOFT_TISSUE[0]:g}, width {_SOFT_TISSUE[1]:g} Hounsfield units, as all are CT"
        return (
            _SOFT_TISSUE,
            (),
            False,
            f"{words}; this is for soft tissue; for lung -600 and 1500, for bone 300 and 1500 under [plan]",
        )
    clip = (0.5, 99.5)
    if modality in _ARBITRARY:
        return (), clip, True, f"grey values: each image by itself, as {modality} has no common unit"
    highs = np.array([facts.high for facts in alike])
    low, high = np.quantile(highs, [0.1, 0.9]).tolist()
    if not all(facts.bits8 for facts in alike) and high > _UNEVEN * max(low, 1e-9):
        times = f"{high / max(low, 1e-9):.1f}-fold"
        return (), clip, True, f"grey values: each image by itself, as their bright ends differ {times}: no common unit"
    return (), clip, False, "grey values: by the mean and spread of development images"


def by(numbers: Iterable[float]) -> str:
    """Numbers as printed ("64 x 48")."""
    return " x ".join(f"{number:g}" for number in numbers)
