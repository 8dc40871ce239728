"""How outlines and predictions are stored: whole, as arrays, and summed up in numbers a reader of tables can use."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bedside.endpoints.columns import Columns, Ragged
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.overlap import checked, overlap
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import Structure
from bedside.errors import StatisticsError
from bedside.types import Floats

_SHARES, _LABELS, _SPACING, _JUDGED = "shares", "labels", "spacing", "judged"


def prediction_cells(predictions: Sequence[Segmentation], structures: tuple[Structure, ...]) -> Columns:
    """Shares, and of each structure the pixels and the expected Dice (0 where it is not expected)."""
    said, expected = [], []
    for prediction in predictions:
        own = overlap(Mask(prediction.labels), prediction)
        said.append(own.said)
        # In single precision, as all recorded predictions are.
        expected.append(np.nan_to_num(own.expected).astype(np.float32).astype(np.float64))
    return {
        **_by_structure("voxels", said, structures),
        **_by_structure("predicted_dice", expected, structures),
        _SHARES: _arrays([prediction.shares for prediction in predictions], "uint8"),
    }


def restored(cells: Mapping[str, Any], structures: tuple[Structure, ...]) -> list[Segmentation]:
    """The inverse of `prediction_cells`.

    Raises:
        StatisticsError: Shares and the numbers beside them are not of the same predictions.
    """
    found = [Segmentation(shares) for shares in cells[_SHARES].arrays()]
    told = np.column_stack([np.asarray(cells[f"voxels{one.suffix}"]) for one in structures])
    for prediction, voxels in zip(found, told, strict=True):
        counts = np.bincount(prediction.labels.ravel(), minlength=len(structures) + 1)[1:]
        if not np.array_equal(counts, voxels):
            msg = (
                "stored shares of a case do not give the numbers of pixels that were stored beside them; the files are "
                "damaged or of different runs: run the study anew"
            )
            raise StatisticsError(msg)
    return found


def outcome_cells(outcomes: Sequence[Delineated], structures: tuple[Structure, ...]) -> Columns:
    """Labels, spacing and judged regions (empty where there is none), and the judged pixels of each structure."""
    masks = [checked(outcome.read(), len(structures)) for outcome in outcomes]
    judged = [mask.labels if mask.judged is None else mask.labels[mask.judged] for mask in masks]
    counts = [np.bincount(labels.ravel(), minlength=len(structures) + 1)[1:].astype(np.float64) for labels in judged]
    nowhere = [np.zeros((0,) * mask.labels.ndim, dtype=np.uint8) for mask in masks]
    regions = [none if mask.judged is None else mask.judged for mask, none in zip(masks, nowhere, strict=True)]
    return {
        **_by_structure("voxels", counts, structures),
        _LABELS: _arrays([mask.labels for mask in masks], "uint8"),
        _SPACING: Ragged.of(
            [np.array(mask.spacing or (), dtype=np.float64) for mask in masks], rank=1, kind=np.float64
        ),
        _JUDGED: _arrays(regions, "uint8"),
    }


def restored_outcomes(cells: Mapping[str, Any]) -> list[Delineated]:
    """The inverse of `outcome_cells`: what was read."""
    return [
        Mask(labels, tuple(spacing.tolist()) or None, judged.astype(np.bool_) if judged.size else None)
        for labels, spacing, judged in zip(
            cells[_LABELS].arrays(), cells[_SPACING].arrays(), cells[_JUDGED].arrays(), strict=True
        )
    ]


def _by_structure(name: str, rows: Sequence[Floats], structures: tuple[Structure, ...]) -> dict[str, Floats]:
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(structures))
    return {f"{name}{one.suffix}": np.ascontiguousarray(table[:, one.place]) for one in structures}


def _arrays(arrays: Sequence[np.ndarray[Any, Any]], kind: str) -> Ragged:
    ranks = {array.ndim for array in arrays}
    if len(ranks) > 1:
        msg = "some images have two axes and some three; store and study them apart"
        raise StatisticsError(msg)
    return Ragged.of(arrays, rank=ranks.pop() if ranks else 0, kind=np.dtype(kind))
