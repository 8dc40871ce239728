"""Where the pixels of a prepared image lie in the image it was made from."""

from dataclasses import replace
from typing import Any

import numpy as np

from bedside.data.placement import Placement
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.resample import grid, oriented
from bedside.modalities.imaging.shaped import smaller


def placement(image: Image, plan: ImagePlan) -> Placement:
    """Where `shaped` puts the image: orientation, then scaling about the centre, then cutting or padding.

    Raises:
        FileProblem: As `shaped` does.
    """
    scaled = uncut_placement(image, plan)
    starts = [
        (have - want) // 2 if have > want else -((want - have) // 2)
        for have, want in zip(scaled.after, plan.size, strict=True)
    ]
    origin = tuple(
        first + start * pitch for first, start, pitch in zip(scaled.origin, starts, scaled.pitch, strict=True)
    )
    return replace(scaled, after=plan.size, origin=origin)


def uncut_placement(image: Image, plan: ImagePlan, *, scaled: bool = True) -> Placement:
    """Where `uncut` puts the image; `scaled` as there.

    Raises:
        FileProblem: As `uncut` does.
    """
    axes, turned = _turn(image, plan)
    bare = _bare(image.size, image.geometry)
    if plan.orientation is not None:
        bare = oriented(bare, plan.orientation)
    size, pitch = bare.size, (1.0,) * bare.dimensions
    if scaled or plan.spacing is not None:
        small = _bare(*smaller(bare, 2 * max(plan.size))) if plan.remove_hair else bare
        size, steps = grid(small, plan)
        sizes = zip(steps, bare.size, small.size, strict=True)
        pitch = tuple(step * before / between for step, before, between in sizes)
    # All grids share their centre.
    first = [(n - 1 - (after - 1) * step) / 2 for n, after, step in zip(bare.size, size, pitch, strict=True)]
    origin = [n - 1 - one if back else one for n, one, back in zip(bare.size, first, turned, strict=True)]
    signed = [-step if back else step for step, back in zip(pitch, turned, strict=True)]
    return Placement(image.size, size, axes, tuple(origin), tuple(signed))


def _turn(image: Image, plan: ImagePlan) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """For each axis after turning, the axis of the image that it follows, and whether backwards."""
    still = tuple(range(image.dimensions))
    if plan.orientation is None:
        return still, (False,) * image.dimensions
    geometry = image.geometry
    if geometry is None or geometry.affine is None:
        oriented(image, plan.orientation)  # says what is missing
        raise AssertionError
    from nibabel import orientations as ways  # noqa: PLC0415 - slow to import

    orientations: Any = ways  # its functions publish no types
    wanted = orientations.axcodes2ornt(tuple(plan.orientation))
    turn = orientations.ornt_transform(orientations.io_orientation(geometry.affine), wanted)
    order = np.argsort(turn[:, 0]).tolist()
    return tuple(order), tuple(bool(turn[axis, 1] < 0) for axis in order)


def _bare(size: tuple[int, ...], geometry: Geometry | None) -> Image:
    """An image without content: a single number that looks as large."""
    return Image(np.broadcast_to(np.zeros((), dtype=np.float32), (1, *size)), geometry)
