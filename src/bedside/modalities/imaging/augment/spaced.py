"""Turns that keep the form of things in images whose pixels are longer along one axis than along another."""

from dataclasses import replace
from typing import Any

from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric


def spaced(augment: Any, spacing: tuple[float, ...] | None) -> Any:  # noqa: ANN401 - whatever a network is augmented with
    """The augmentation, with turns in millimetres wherever it does not say how long pixels are.

    Args:
        augment: Of training batches; None for nothing.
        spacing: Millimetres along each axis of the prepared images; None where they are not known. Where all are equal
            nothing changes.
    """
    if spacing is None or len(set(spacing)) == 1:
        return augment
    if isinstance(augment, Augmentations):
        return replace(augment, parts=tuple(spaced(part, spacing) for part in augment.parts))
    if isinstance(augment, Geometric) and augment.spacing is None:
        return replace(augment, spacing=spacing)
    return augment
