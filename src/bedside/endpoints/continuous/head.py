"""The head of a network for an outcome that is a number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.continuous.decoding import MeanNumber
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head


class ContinuousHead(Head[Pooled, float, float]):
    """One number a case and member; squared error on standardised outcomes; members are averaged."""

    centre: Tensor
    scale: Tensor

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int) -> None:
        """Make a head.

        Args:
            endpoint: Names the outcome for messages.
            width: Features a case.
            members: How many members share a pass.
        """
        super().__init__()
        self.endpoint = endpoint
        self.layer = MemberLinear(members, width, 1)
        # Development's mean and spread travel with the weights.
        self.register_buffer("centre", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    def adapt(self, outcomes: Sequence[float]) -> None:
        """Learn the mean and standard deviation that outcomes are standardised with.

        Raises:
            ModelError: Outcomes are constant or not finite.
        """
        values = np.asarray(outcomes, dtype=np.float64)
        spread = float(values.std()) if len(values) else 0.0
        if not (np.isfinite(spread) and spread > 0):
            msg = (
                f"a network for a {self.endpoint.name} endpoint cannot be fitted: the {len(values)} development "
                "outcomes are constant or not finite; exclude unknown outcomes or use a larger cohort"
            )
            raise ModelError(msg)
        self.centre.fill_(float(values.mean()))
        self.scale.fill_(spread)

    def targets(self, outcomes: Sequence[float]) -> Float[Tensor, " cases"]:
        """Standardised outcomes."""
        return (torch.tensor([float(outcome) for outcome in outcomes]) - self.centre.cpu()) / self.scale.cpu()

    def forward(self, features: Pooled) -> Float[Tensor, "cases members 1"]:
        """Numbers in the outcome's own unit."""
        # Half precision has three digits: enough for a standardised number, not for one of a large mean.
        outputs: Tensor = self.layer(features.values).to(self.scale.dtype)
        return outputs.transpose(0, 1) * self.scale + self.centre

    def loss(self, outputs: Float[Tensor, "cases members 1"], targets: Float[Tensor, " cases"]) -> Float[Tensor, ""]:
        """Mean squared error in standard deviations."""
        standardised = (outputs.squeeze(-1) - self.centre) / self.scale
        return (standardised - targets.unsqueeze(1)).square().mean()

    @property
    def decoding(self) -> MeanNumber:
        """What `decode` does, without the head."""
        return MeanNumber()

    def decode(self, outputs: NDArray[np.float32]) -> list[float]:
        """Mean over members."""
        return self.decoding(outputs)
