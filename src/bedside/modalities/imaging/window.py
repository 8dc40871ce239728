"""Values of interest: what a viewer would show of a DICOM image (PS3.3 C.11.2)."""

from typing import Any

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Pixels


def displayed(
    values: Pixels,
    dataset: Any,  # noqa: ANN401 - pydicom publishes no types
    where: str,
    *,
    inverted: bool,
) -> Pixels:
    """The file's value-of-interest table, else its first window, applied to modality values.

    Args:
        values: After the modality's lookup table or rescaling, frames first.
        dataset: The file's elements; enhanced files keep a window for each frame in the functional groups.
        where: The file, for messages.
        inverted: The lowest value is shown brightest (MONOCHROME1).

    Returns:
        Float32 between 0 (black) and 1 (white).

    Raises:
        FileProblem: The file declares neither table nor window, or a window without width.
    """
    if dataset.get("VOILUTSequence"):
        from pydicom.pixels.processing import apply_voi  # noqa: PLC0415 - slow to import

        most = (1 << int(dataset.VOILUTSequence[0].LUTDescriptor[2])) - 1
        shown = (apply_voi(values, dataset).astype(np.float64) / most).astype(np.float32)
    else:
        shown = np.stack([_windowed(one, _window(dataset, frame), where) for frame, one in enumerate(values)])
    return (1.0 - shown).astype(np.float32) if inverted else shown


def windowed(values: Pixels, centre: float, width: float, function: str = "LINEAR") -> Pixels:
    """A window as the standard defines it, to float32 between 0 and 1.

    Args:
        values: Modality values, any shape.
        centre: Of the window.
        width: Of the window; at least 1 for LINEAR, above 0 for the others.
        function: "LINEAR" (C.11.2.1.2), "LINEAR_EXACT" or "SIGMOID" (C.11.2.1.3).
    """
    least = 1.0 if function == "LINEAR" else 0.0
    if not np.isfinite([centre, width]).all() or width < least or width <= 0:
        msg = f"the window is {width:g} wide around {centre:g}; a width of at least 1 is allowed: check the header"
        raise FileProblem(msg)
    x = values.astype(np.float64)
    if function == "SIGMOID":
        return (1.0 / (1.0 + np.exp(-4.0 * (x - centre) / width))).astype(np.float32)
    if function == "LINEAR_EXACT":
        return np.clip((x - centre) / width + 0.5, 0.0, 1.0).astype(np.float32)
    if width == 1.0:
        return (x > centre - 0.5).astype(np.float32)
    return np.clip((x - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0).astype(np.float32)


def _windowed(values: Pixels, item: Any, where: str) -> Pixels:  # noqa: ANN401
    """One frame by its window."""
    if item is None:
        msg = f"{where} declares no window and no value-of-interest table; read its values without one"
        raise FileProblem(msg)
    centre, width = _number(item.WindowCenter), _number(item.WindowWidth)
    try:
        return windowed(values, centre, width, str(item.get("VOILUTFunction") or "LINEAR"))
    except FileProblem as error:
        msg = f"{where}: {error}"
        raise FileProblem(msg) from error


def _window(dataset: Any, frame: int) -> Any:  # noqa: ANN401
    """What holds the window of a frame."""
    if dataset.get("WindowCenter") is not None and dataset.get("WindowWidth") is not None:
        return dataset
    own = (dataset.get("PerFrameFunctionalGroupsSequence") or ())[frame : frame + 1]
    shared = (dataset.get("SharedFunctionalGroupsSequence") or ())[:1]
    for group in (*own, *shared):
        if group.get("FrameVOILUTSequence"):
            return group.FrameVOILUTSequence[0]
    return None


def _number(value: Any) -> float:  # noqa: ANN401
    """The first of the windows that a file offers."""
    return float(value[0]) if hasattr(value, "__len__") and not isinstance(value, str) else float(value)
