"""Which score of a case is explained, and the network as a function from pixels to it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from bedside.endpoints.endpoint import Endpoint
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Readable
from bedside.networks.features import Pyramid
from bedside.training.model import Model
from bedside.types import Floats, Integers

SCORE = (
    "Explained is the score of the predicted class before calibration (of two classes the log-odds, of more the score "
    "against the mean of all, of a number the number itself) of one look at the image as it is; of networks that are "
    "pooled, the mean of their maps."
)


BLANK = (
    "the mean grey value by which images are standardised (of development, or its own where each image is scaled by "
    "itself)"
)
"""What a pixel of 0 stands for."""


@dataclass(frozen=True, eq=False)
class Asked:
    """The predicted class of each case, or its number.

    Attributes:
        place: Whose score is explained where the head gives one a class, shape (cases,).
        sign: -1 where the head gives a single score and the first of two classes is predicted, shape (cases,).
        both_ways: Whether what lowers the score counts as what raises it: of a number, neither is its reason.
    """

    place: Integers
    sign: Floats
    both_ways: bool = False

    def __getitem__(self, chosen: slice) -> "Asked":
        return Asked(self.place[chosen], self.sign[chosen], self.both_ways)


def asked(endpoint: Endpoint[Any, Any], predictions: Sequence[Any]) -> Asked | None:
    """What is explained of these predictions; None where the outcome answers several questions or none."""
    target, count = endpoint.target, len(predictions)
    if len(target.questions) + len(target.quantities) != 1:
        return None
    if not target.questions:
        return Asked(np.zeros(count, dtype=np.int64), np.ones(count), both_ways=True)
    chances = target.questions[0].probabilities(predictions)
    place = np.asarray(chances.argmax(axis=1), dtype=np.int64)
    single = np.where(place == 0, -1.0, 1.0) if chances.shape[1] == 2 else np.ones(count)
    return Asked(place, single)


class Batch(NamedTuple):
    """Some cases that pass through a network together.

    Attributes:
        pixels: Standardised; 0 is the mean of development, or of the image where each is scaled by itself.
        place, sign: See `Asked`.
    """

    pixels: Float[Tensor, "cases channels *size"]
    place: Int64[Tensor, " cases"]
    sign: Float[Tensor, " cases"]


class Scored(nn.Module):
    """A copy of a trained network whose weights are fixed; called with pixels it gives the score explained."""

    def __init__(self, model: Model[Any]) -> None:
        super().__init__()
        fixed = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.encoder, self.head = fixed.encoder, fixed.head

    def forward(self, pixels: Tensor, place: Tensor, sign: Tensor) -> Float[Tensor, " cases"]:
        """Scores."""
        return self.score(self.seen(pixels), place, sign)

    def seen(self, pixels: Tensor) -> Pyramid:
        """The summary and the maps of each image."""
        return cast("Pyramid", self.encoder(ImageTensors(pixels)))

    def score(self, features: Pyramid, place: Tensor, sign: Tensor) -> Float[Tensor, " cases"]:
        """Scores of features."""
        outputs = self.head.scores(self.head(features)).mean(dim=1)
        if outputs.shape[1] == 1:
            return outputs[:, 0] * sign
        return (outputs - outputs.mean(dim=1, keepdim=True)).gather(1, place[:, None])[:, 0]

    @property
    def where(self) -> torch.device:
        """The device it lies on."""
        return next(self.parameters()).device


Cases = Sequence[Readable]
"""Predictors of an imaging study."""
