"""A fitted model whose networks cannot see some places of some cases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from bedside.explain.images.method import Network
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Readable
from bedside.networks.encoder import Batches, Encoder, Prepared, Values
from bedside.training.learner import Fitted
from bedside.training.network import FittedNetwork
from bedside.training.tuned import Ensemble
from bedside.types import Booleans, Json


@dataclass(frozen=True, eq=False)
class HiddenBatches:
    """Batches in which hidden places are 0: the mean of development, or of the image that is scaled by itself.

    Attributes:
        whole: All cases.
        hidden: Which places, shape (cases, *size).
    """

    whole: Batches[ImageTensors]
    hidden: Tensor

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, positions: Tensor, where: torch.device) -> ImageTensors:
        """The cases at these positions, without what is hidden."""
        pixels = self.whole.take(positions, where).pixels
        return ImageTensors(pixels.masked_fill(self.hidden[positions].unsqueeze(1).to(where), 0.0))


@dataclass(frozen=True, eq=False)
class HiddenPlaces:
    """A fitted preparation that hides places of the cases it is given, which come in one order.

    Attributes:
        prepared: Makes the batches.
        hidden: Which places, on the plan's grid, shape (cases, *size).
    """

    prepared: Prepared[Readable, ImageTensors]
    hidden: Booleans

    def batches(self, predictors: Sequence[Readable]) -> HiddenBatches:
        """The cases, in the order of `hidden`."""
        return HiddenBatches(self.prepared.batches(predictors), torch.from_numpy(self.hidden))

    def encoder(self, settings: Values) -> Encoder[ImageTensors, object]:
        """That of the preparation."""
        return self.prepared.encoder(settings)

    def state(self) -> Json:
        """That of the preparation."""
        return self.prepared.state()


def hiding(fitted: Fitted[Readable, Any], hidden: Booleans) -> Fitted[Readable, Any]:
    """The model, pooled and calibrated as it is judged, whose networks cannot see these places of these cases.

    Args:
        fitted: A network on images, or several that are pooled.
        hidden: Which places, on the plan's grid, shape (cases, *size).
    """

    def blinded(member: Fitted[Readable, Any]) -> Fitted[Readable, Any]:
        if not isinstance(member, FittedNetwork):
            return member
        network: Network = member
        return replace(network, prepared=HiddenPlaces(network.prepared, hidden))

    if isinstance(fitted, Ensemble):
        return replace(fitted, members=tuple(blinded(member) for member in fitted.members))
    return blinded(fitted)
