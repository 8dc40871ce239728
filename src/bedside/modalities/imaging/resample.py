"""Images of any size, spacing and orientation, resampled onto the grid that a plan declares."""

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image, Pixels
from bedside.modalities.imaging.plan import ImagePlan

_TILT = float(np.sin(np.radians(1.0)))
"""Cosine between two axes of a volume from which they are not at right angles: a degree off."""

_BLOCK = 1 << 25
"""Values that are turned into float32 at a time."""


def oriented(image: Image, orientation: str) -> Image:
    """The volume with its axes pointing as declared, flipped and transposed without interpolation.

    Raises:
        FileProblem: The file does not say where its axes point.
    """
    if image.geometry is None or image.geometry.affine is None:
        msg = (
            f"the file does not say where its axes point, and the plan wants them to point to {orientation}; give "
            "files with an affine (NIfTI, DICOM with image position and orientation), or declare orientation=None"
        )
        raise FileProblem(msg)
    from nibabel import orientations as ways  # noqa: PLC0415 - slow to import

    orientations: Any = ways  # its functions publish no types
    affine, spacing = image.geometry.affine, image.geometry.spacing
    found = orientations.io_orientation(affine)
    turn = orientations.ornt_transform(found, orientations.axcodes2ornt(tuple(orientation)))
    back = orientations.inv_ornt_aff(turn, image.size)
    order = np.argsort(turn[:, 0]).tolist()
    pixels = orientations.apply_orientation(np.moveaxis(image.pixels, 0, -1), turn)
    return Image(np.moveaxis(pixels, -1, 0), Geometry(tuple(spacing[axis] for axis in order), affine @ back))


def check_size(image: Image, plan: ImagePlan) -> None:
    """Raise FileProblem for a dot or a line, whatever could be made of it."""
    if min(image.size) < 2:
        raise _too_small(image, plan, max(plan.size) / min(image.size))


def on_grid(image: Image, plan: ImagePlan) -> Pixels:
    """The image at the plan's spacing or scale, not yet cut or padded to its size; float32 unless nothing changed.

    Raises:
        FileProblem: The spacing is needed and unknown, or the image would be enlarged more than the plan allows.
    """
    size, steps = grid(image, plan)
    if 1.0 / min(steps) > plan.enlarge * (1 + 1e-9):
        raise _too_small(image, plan, 1.0 / min(steps))
    return resampled(image.pixels, size, steps)


def grid(image: Image, plan: ImagePlan) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """New pixels along each axis before cutting or padding, and old pixels from one of them to the next.

    Raises:
        FileProblem: The spacing is needed and unknown, or the axes of the volume are not at right angles.
    """
    if plan.spacing is None:
        size = _target(image, plan)
        return size, tuple(before / after for before, after in zip(image.size, size, strict=True))
    if image.geometry is None:
        msg = (
            f"the file does not tell the distance between its pixels, and the plan wants {_words(plan.spacing)} "
            "mm; give files that tell it (DICOM, NIfTI), or declare spacing=None, which scales to the size"
        )
        raise FileProblem(msg)
    _refuse_tilted(image.geometry)
    steps = tuple(want / have for want, have in zip(plan.spacing, image.geometry.spacing, strict=True))
    return tuple(max(1, round(before / step)) for before, step in zip(image.size, steps, strict=True)), steps


def _refuse_tilted(geometry: Geometry) -> None:
    """Distances along axes that are not at right angles (a tilted gantry) are no distances between planes."""
    if geometry.affine is None:
        return
    axes = geometry.affine[:3, :3] / np.linalg.norm(geometry.affine[:3, :3], axis=0)
    cosine = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if cosine > _TILT:
        angle = np.degrees(np.arccos(min(1.0, cosine)))
        msg = (
            f"the axes of the volume meet at {angle:.1f} degrees (a tilted gantry, or an oblique stack); resampling "
            "to a spacing needs right angles: straighten it where it was made, or declare spacing=None"
        )
        raise FileProblem(msg)


def placed(pixels: Pixels, size: tuple[int, ...]) -> Pixels:
    """Cut or padded around the centre to this size; padding has each channel's darkest value."""
    before = pixels.shape[1:]
    cuts = [slice((have - want) // 2, (have - want) // 2 + want) if have > want else slice(None)
            for have, want in zip(before, size, strict=True)]  # fmt: skip
    cut = pixels[(slice(None), *cuts)]
    if cut.shape[1:] == size:
        return cut
    darkest = pixels.reshape(len(pixels), -1).min(axis=1)
    whole = np.empty((len(pixels), *size), dtype=pixels.dtype)
    whole[:] = darkest.reshape(-1, *(1 for _ in size))
    starts = [(want - have) // 2 for have, want in zip(cut.shape[1:], size, strict=True)]
    inside = tuple(slice(start, start + have) for start, have in zip(starts, cut.shape[1:], strict=True))
    whole[(slice(None), *inside)] = cut
    return whole


def resampled(pixels: Pixels, size: tuple[int, ...], steps: tuple[float, ...] | None = None) -> Pixels:
    """Linear interpolation, averaging over what one new pixel covers where the image shrinks (no aliasing).

    Axes are taken one after the other with a triangle filter as wide as the step, its weights made to sum to one
    at the borders: what Pillow calls BILINEAR and torch `antialias=True`, for any number of dimensions.

    Args:
        pixels: Shape (channels, *spatial).
        size: New pixels along each axis.
        steps: Old pixels from one new pixel to the next; the quotient of the sizes when None.
    """
    steps = steps or tuple(before / after for before, after in zip(pixels.shape[1:], size, strict=True))
    # The axis that shrinks most first: the others then have less to do.
    for axis in sorted(range(len(size)), key=lambda axis: -steps[axis]):
        before = pixels.shape[axis + 1]
        if before == size[axis] and steps[axis] == 1.0:
            continue
        moved = np.moveaxis(pixels, axis + 1, 0)
        rows = moved.reshape(before, -1)
        weights = _weights(before, size[axis], steps[axis])
        width = max(1, _BLOCK // before)
        blocks = range(0, rows.shape[1], width)
        new = np.concatenate([weights @ rows[:, k : k + width].astype(np.float32) for k in blocks], axis=1)
        pixels = np.moveaxis(new.reshape(size[axis], *moved.shape[1:]), 0, axis + 1)
    return pixels


@lru_cache(maxsize=512)
def _weights(before: int, after: int, step: float) -> Any:  # noqa: ANN401 - scipy's arrays are untyped here
    """Row i holds the weights of the old pixels in new pixel i; both grids share their centre."""
    places = (np.arange(after) - (after - 1) / 2) * step + (before - 1) / 2
    support = max(1.0, step)
    first = np.floor(places - support).astype(np.int64)
    near = first[:, None] + np.arange(int(np.ceil(2 * support)) + 2)
    weights = np.maximum(0.0, 1.0 - np.abs(near - places[:, None]) / support)
    weights *= (near >= 0) & (near < before)
    weights = weights / weights.sum(axis=1, keepdims=True)
    rows, columns = np.nonzero(weights)
    return csr_array((weights[rows, columns].astype(np.float32), (rows, near[rows, columns])), shape=(after, before))


def _target(image: Image, plan: ImagePlan) -> tuple[int, ...]:
    """The size to scale to before cutting or padding."""
    if plan.fit == "stretch":
        return plan.size
    # Millimetres keep the aspect of what was imaged; pixels must do where distances are unknown.
    spacing = image.geometry.spacing if image.geometry is not None else (1.0,) * image.dimensions
    extents = [have * distance for have, distance in zip(image.size, spacing, strict=True)]
    factors = [want / extent for want, extent in zip(plan.size, extents, strict=True)]
    factor = min(factors) if plan.fit == "letterbox" else max(factors)
    return tuple(max(1, round(extent * factor)) for extent in extents)


def _too_small(image: Image, plan: ImagePlan, enlarged: float) -> FileProblem:
    return FileProblem(
        f"the image has {_words(image.size)} pixels and would be enlarged {enlarged:.3g} times for a plan of "
        f"{_words(plan.size)}; at least 2 pixels along each axis and at most {plan.enlarge:g} times are allowed: leave "
        "the image out, declare a smaller size, or raise `enlarge`"
    )


def _words(numbers: tuple[float, ...]) -> str:
    return " x ".join(f"{number:g}" for number in numbers)
