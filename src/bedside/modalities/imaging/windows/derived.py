"""A plan of windows chosen from development images, by the rules of nnU-Net within the means of a small computer.

Isensee et al., Nat Methods 2021, 18:203. What is declared stays as it is declared; every choice comes with its reason.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

import numpy as np

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan, Scale
from bedside.modalities.imaging.windows.fingerprint import Impression, impressions
from bedside.modalities.imaging.windows.plan import WindowPlan, times
from bedside.networks.convolutional.unet import steps
from bedside.types import Floats, Json

PIXELS = {2: 1 << 16, 3: 1 << 17}
"""Most pixels of a window, by dimensions: a step of a small U-Net on them takes a core about a second."""

BATCH = 4
"""Windows a step, where they are as large as that; more of smaller ones, up to `MOST`."""

FEWEST, MOST = 2, 16

ANISOTROPIC = 3.0
"""Spacing along one axis over the next one from which that axis gets its 10th percentile instead of its median."""

ARBITRARY = 2.0
"""Quotient of the widths of grey values, 90th over 10th percentile of images, from which units are arbitrary."""


@dataclass(frozen=True)
class Derived:
    """What is declared about windows; the rest is chosen from development images.

    Attributes:
        channels: Of the network's input; None takes that of the images, which must agree.
        patch: Pixels of a window along each axis; None chooses.
        spacing: Millimetres along each axis; None chooses the median where all images tell theirs.
        resample: Whether images are resampled at all.
        orientation: As `ImagePlan`; None chooses "RAS" where volumes lie differently, and else leaves them.
        window: As `ImagePlan`.
        clip: As `ImagePlan`.
        scale: As `ImagePlan`; None chooses.
        convert: As `ImagePlan`.
        bias_field: As `ImagePlan`.
        pixels: Most of a window; None for `PIXELS`.

    Raises:
        StudyError: `pixels` leaves no room for a window.
    """

    channels: int | None = None
    patch: tuple[int, ...] | None = None
    spacing: tuple[float, ...] | None = None
    resample: bool = True
    orientation: str | None = None
    window: tuple[float, float] | None = None
    clip: tuple[float, float] | None = (0.5, 99.5)
    scale: Scale | None = None
    convert: bool = False
    bias_field: bool = False
    pixels: int | None = None

    def __post_init__(self) -> None:
        if self.pixels is not None and self.pixels < 8**3:
            msg = f"windows were declared with pixels={self.pixels!r}; at least 512 are needed for one"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """What is declared, in part of a sentence for the methods section."""
        return (
            "prepared and seen in windows as the sizes, spacings and grey values of development images suggested by "
            "the rules of nnU-Net (Isensee et al., 2021)"
        )

    def state(self) -> dict[str, Json]:
        """Everything declared, as JSON."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def plan(self, predictors: Sequence[Readable]) -> WindowPlan:
        """The plan for these development images; their order does not matter.

        Raises:
            ModelError: They do not agree in what must be one for all.
            FileProblem: An image cannot be used.
        """
        seen = impressions(predictors)
        chosen: list[str] = []
        channels = self._channels(seen)
        orientation = self._orientation(seen, chosen)
        if orientation is not None:
            seen = [one.turned(orientation) for one in seen]
        spacing = self._spacing(seen, chosen)
        sizes = np.array([_sized(one, spacing) for one in seen])
        patch = self._patch(sizes, spacing, chosen)
        scale = self._scale(seen, chosen)
        batch = int(np.clip(BATCH * PIXELS[len(patch)] // np.prod(patch), FEWEST, MOST))
        chosen.append(f"{batch} windows a step, as many as fit into the memory meant for them")
        halvings = [step.strides for step in steps(patch, spacing)[1:]]
        chosen.append(
            f"{len(halvings)} halvings of the maps ({', then '.join(map(times, halvings))}), each along the axes of "
            "the finest pixels, down to at least 4 positions"
        )
        image = ImagePlan(
            size=patch, channels=channels, spacing=spacing, orientation=orientation, window=self.window,
            clip=self.clip, scale=scale, convert=self.convert, bias_field=self.bias_field,
        )  # fmt: skip
        return WindowPlan(image, batch, tuple(chosen))

    def _channels(self, seen: Sequence[Impression]) -> int:
        found = sorted({one.channels for one in seen})
        if self.channels is not None:
            return self.channels
        if len(found) > 1:
            msg = (
                f"development images have {' or '.join(map(str, found))} channels; declare `channels`, and "
                "convert=True where grey and colour are to be made alike"
            )
            raise ModelError(msg)
        return found[0]

    def _orientation(self, seen: Sequence[Impression], chosen: list[str]) -> str | None:
        if self.orientation is not None or len(seen[0].size) != 3:
            return self.orientation
        codes = {one.codes for one in seen}
        if "" in codes:
            return None
        if len(codes) == 1:  # new volumes may be stored in another way
            return seen[0].codes
        chosen.append(f"axes turned to RAS, because volumes lie in {len(codes)} different ways")
        return "RAS"

    def _spacing(self, seen: Sequence[Impression], chosen: list[str]) -> tuple[float, ...] | None:
        if self.spacing is not None or not self.resample:
            return self.spacing if self.resample else None
        known = [one.geometry.spacing for one in seen if one.geometry is not None]
        if len(known) < len(seen):
            chosen.append(f"no resampling, because {len(seen) - len(known)} of {len(seen)} images tell no distances")
            return None
        each: Floats = np.array(known)
        found = np.median(each, axis=0)
        words = "the median of development"
        coarsest = int(found.argmax())
        if len(found) == 3 and found[coarsest] >= ANISOTROPIC * np.sort(found)[-2]:
            found[coarsest] = np.percentile(each[:, coarsest], 10)
            words = f"the median of development, along axis {coarsest + 1} of thick slices its 10th percentile"
        spacing = tuple(float(f"{one:.6g}") for one in found)
        chosen.append(f"spacing {times(spacing)} mm, {words}")
        return spacing

    def _patch(self, sizes: Floats, spacing: tuple[float, ...] | None, chosen: list[str]) -> tuple[int, ...]:
        median = np.maximum(2, np.rint(np.median(sizes, axis=0)))
        if self.patch is None:
            most = self.pixels or PIXELS[len(median)]
            patch = _fitting(median, np.array(spacing or np.ones(len(median))), most, spacing)
            whole = "the whole of the median image" if (np.array(patch) >= median).all() else (
                f"as much of the median image ({times(tuple(median.tolist()))} pixels) as {most:,} pixels hold"
            )  # fmt: skip
            chosen.append(f"windows of {times(patch)} pixels, {whole}, in lengths that can be halved evenly")
        else:
            patch = self.patch
        thin = int((sizes < np.array(patch)).any(axis=1).sum())
        if thin:
            chosen.append(f"{thin} of {len(sizes)} images are thinner than a window along some axis and were padded")
        return patch

    def _scale(self, seen: Sequence[Impression], chosen: list[str]) -> Scale:
        if self.scale is not None:
            return self.scale
        if all(one.eight_bits for one in seen):
            chosen.append("grey values standardised over development, because all are 8-bit numbers")
            return "development"
        widths = np.array([one.high - one.low for one in seen])
        low, high = np.percentile(widths, (10, 90)).tolist()
        if min(one.low for one in seen) < -500 and high <= ARBITRARY * low:
            chosen.append("grey values standardised over development, because they look like Hounsfield units")
            return "development"
        times_wider = f"{high / low:.3g} times" if low > 0 else "without limit"
        chosen.append(
            f"grey values standardised in each image by itself, because no common unit is known (over images, the 90th "
            f"percentile of the width of their values is {times_wider} the 10th)"
        )
        return "image"


def _sized(one: Impression, spacing: tuple[float, ...] | None) -> tuple[int, ...]:
    """Pixels along each axis at this spacing."""
    if spacing is None or one.geometry is None:
        return one.size
    axes = zip(one.size, one.geometry.spacing, spacing, strict=True)
    return tuple(max(1, round(length * have / want)) for length, have, want in axes)


def _fitting(median: Floats, apart: Floats, most: int, spacing: tuple[float, ...] | None) -> tuple[int, ...]:
    """The largest window of equal sides in millimetres, no longer than the median image, of at most so many pixels."""
    low, high = 0.0, float((median * apart).max())
    for _ in range(60):
        side = (low + high) / 2
        low, high = (side, high) if np.prod(np.minimum(median, side / apart)) <= most else (low, side)
    patch = np.minimum(median, np.maximum(2, np.floor(low / apart + 1e-6)))
    if np.prod(median) <= most:
        patch = median
    # An axis shown whole is rounded up, so that it stays whole; one that is cut is rounded down.
    for _ in range(3):
        halved = np.prod([step.strides for step in steps(_whole(patch), spacing)], axis=0)
        patch = np.where(patch >= median, np.ceil(patch / halved), np.maximum(1, patch // halved)) * halved
    return _whole(patch)


def _whole(numbers: Floats) -> tuple[int, ...]:
    return cast("tuple[int, ...]", tuple(int(number) for number in numbers))
