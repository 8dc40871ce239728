"""Integrated gradients of a network on images.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, ICML 2017; computed by captum.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from bedside.explain.images.method import Found
from bedside.explain.images.score import BLANK, SCORE, Batch, Scored

_PASSES = 1 << 22
"""Pixels times steps in one pass through the network: bounds memory."""


@dataclass(frozen=True)
class ImageGradients:
    """Gradients along the straight line from an image without contrast to the explained one.

    Attributes:
        steps: Points on the line at which gradients are taken.
    """

    name: ClassVar[str] = "integrated_gradients"
    label: ClassVar[str] = "integrated gradients"
    steps: int = 20

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            f"Integrated gradients (Sundararajan et al., 2017; captum, {self.steps} steps) from an image that is "
            f"everywhere {BLANK} to the explained one; shown is their size, whichever way they moved the score, "
            f"channels added up. {SCORE}"
        )

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        """Maps of a batch; they count what lowers the score as what raises it in any case."""
        from captum.attr import IntegratedGradients  # noqa: PLC0415 - a second of imports for those who explain

        del both_ways
        blank, asked = torch.zeros_like(batch.pixels), (batch.place, batch.sign)
        with torch.no_grad():
            moved = network(batch.pixels, *asked) - network(blank, *asked)
        gradients = IntegratedGradients(network).attribute(
            batch.pixels,
            baselines=blank,
            additional_forward_args=asked,
            n_steps=self.steps,
            internal_batch_size=max(len(batch.pixels), _PASSES // batch.pixels[0].numel()),
        )
        gradients = gradients.detach()
        left = gradients.flatten(1).sum(dim=1) - moved
        size = gradients.sum(dim=1).abs()
        return Found(size, missed=float(left.abs().sum()), moved=float(moved.abs().sum()))
