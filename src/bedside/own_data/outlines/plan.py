"""How images with masks or boxes are made alike, chosen from what they are and said with the reason."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bedside.errors import StudyError
from bedside.own_data.images.declaration import Flip
from bedside.own_data.images.facts import Facts
from bedside.own_data.images.plan import by, channels_of, flip_axes_of, values_of
from bedside.own_data.outlines.declaration import WindowsPart

PIXELS = {2: 1 << 14, 3: 1 << 15}
"""Most pixels of a window, so that a network sees many of them in minutes on a CPU."""

LONGEST = {2: 160, 3: 48}
"""Most pixels along an axis of images in which a network finds boxes: smaller things vanish."""


def choose_windows(
    usable: Sequence[Facts], *, spacing: Sequence[float] = (), orientation: str = "", flips: Sequence[Flip] = ()
) -> tuple[WindowsPart, list[str]]:
    """A plan of windows and why it was chosen; what is given is taken as it is.

    Args:
        usable: Every image that can be read.
        spacing: Millimetres; one number for all axes.
        orientation: Of the axes of volumes ("RAS").
        flips: Directions in which anatomy may be mirrored.

    Raises:
        StudyError: What was asked for does not fit together.
    """
    dimensions = Counter(len(facts.size) for facts in usable).most_common(1)[0][0]
    alike = [facts for facts in usable if len(facts.size) == dimensions]
    channels, notes = channels_of(alike)
    if dimensions == 3 and not orientation and all(facts.placed for facts in alike):
        orientation = "RAS"
        notes.append("orientation: every volume tells where its axes point; all are turned to RAS")
    wanted = tuple(spacing) * dimensions if len(spacing) == 1 else tuple(spacing)
    unknown = sum(facts.spacing is None for facts in alike)
    if wanted and unknown:
        msg = (
            f"a spacing of {by(wanted)} mm was asked for, and {unknown} of {len(alike)} files do not tell the distance "
            "between their pixels; leave --spacing out, which keeps their own pixels"
        )
        raise StudyError(msg)
    if wanted:
        notes.append(f"grid: pixels of {by(wanted)} mm, as asked")
    elif unknown:
        notes.append("grid: images keep their own pixels, as not all tell the distance between them")
    else:
        notes.append("grid: the median distance between pixels of development images")
    notes.append(
        f"windows: at most {PIXELS[dimensions]:,} pixels, for a CPU; more under [windows] sees more of an image at once"
    )
    window, clip, single, said = values_of(alike)
    notes.append(said)
    part = WindowsPart(
        dimensions=3 if dimensions == 3 else 2,
        channels=channels,
        pixels=PIXELS[dimensions],
        spacing=wanted,
        orientation=orientation,
        window=window,
        clip=clip,
        scale="image" if single else "development",
        flips=tuple(flips),
    )
    flip_axes_of(part.flips, dimensions, part.orientation)
    fits = part.smallest
    misfits = Counter(facts.misfit(fits) for facts in usable)
    notes += [f"{count} image(s) excluded: {reason}" for reason, count in misfits.items() if reason]
    notes.append(f"mirrored while training: {', '.join(flips) or 'no (allow it with --flips where anatomy does)'}")
    return part, notes


def tolerance_of(alike: Sequence[Facts]) -> tuple[float | None, float | None, str]:
    """Millimetres or pixels between borders that are of no consequence, and why: about one pixel."""
    spacings = [facts.spacing for facts in alike if facts.spacing is not None]
    if len(spacings) < len(alike):
        return None, 1.0, "borders: a pixel apart is of no consequence (tolerance_pixels), as distances are not known"
    found = float(f"{np.median([min(spacing) for spacing in spacings]):.3g}")
    return found, None, f"borders: {found:g} mm apart, a pixel, are of no consequence (tolerance_mm)"
