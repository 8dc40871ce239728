"""How far the score moves when a place is hidden.

Zeiler and Fergus, Visualizing and understanding convolutional networks, ECCV 2014; computed by captum.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from bedside.explain.images.method import Found
from bedside.explain.images.score import BLANK, SCORE, Batch, Scored

_WINDOWS = {2: (6, 9), 3: (4, 5)}
"""Shares of an axis, as one in so many, that a window covers and moves, by dimensions."""

_PASSES = 1 << 22
"""Pixels in one pass through the network: bounds memory."""


@dataclass(frozen=True)
class ImageOcclusion:
    """A window of mean grey value that moves over the image."""

    name: ClassVar[str] = "occlusion"
    label: ClassVar[str] = "occlusion"
    description: ClassVar[str] = (
        "Occlusion (Zeiler and Fergus, 2014; captum): how far the score moved, either way, when a window was set to "
        f"{BLANK}, averaged over the windows that cover a place; windows cover a sixth of each axis of an image and a "
        f"quarter of a volume's. {SCORE}"
    )

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        """Maps of a batch; they count what lowers the score as what raises it in any case."""
        from captum.attr import Occlusion  # noqa: PLC0415 - a second of imports for those who explain

        del both_ways
        channels, *size = batch.pixels.shape[1:]
        covers, moves = _WINDOWS[len(size)]
        window = tuple(max(1, round(length / covers)) for length in size)
        step = tuple(max(1, min(length // moves, wide)) for length, wide in zip(size, window, strict=True))
        with torch.no_grad():
            moved = Occlusion(network).attribute(
                batch.pixels,
                sliding_window_shapes=(channels, *window),
                strides=(channels, *step),
                baselines=0.0,
                additional_forward_args=(batch.place, batch.sign),
                perturbations_per_eval=max(1, min(16, _PASSES // batch.pixels.numel())),
            )
        return Found(moved[:, 0].abs())
