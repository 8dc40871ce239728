"""Which score of a case is explained, and a trained network as functions from vectors of events to it."""

import copy
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from bedside.explain.explainer import X
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.encoder import RecordEncoder
from bedside.networks.features import Vector
from bedside.training.learner import Fitted
from bedside.training.model import Model
from bedside.training.network import FittedNetwork

SCORE = (
    "Explained is the score before calibration (of two classes the log-odds of the second, of more the score of the "
    "predicted one against the mean of all, of a number the number itself); of networks that are pooled, the mean"
)

_POWER = 5
"""How closely points on a path stand to its beginning, where a normalised sum turns from nothing to its direction."""


class Scored:
    """A copy of a trained network on records whose weights are fixed.

    Attributes:
        encoder: Its half that knows events.
    """

    def __init__(self, model: Model[Any]) -> None:
        fixed = copy.deepcopy(model).eval().requires_grad_(requires_grad=False)
        self.encoder, self._head = cast("RecordEncoder", fixed.encoder), fixed.head

    def of(self, features: Vector, chosen: Int64[Tensor, " cases"]) -> Float[Tensor, " cases"]:
        """Scores of encoded cases."""
        outputs = self._head.scores(self._head(features)).mean(dim=1)
        if outputs.shape[1] == 1:
            return outputs[:, 0]
        return (outputs - outputs.mean(dim=1, keepdim=True)).gather(1, chosen[:, None])[:, 0]

    def whole(self, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Float[Tensor, " cases"]:
        """Scores of cases as they are."""
        return self.of(self.encoder.mix(self.encoder.embed(batch)), chosen)

    def empty(self, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Float[Tensor, " cases"]:
        """Scores of as many cases in which nothing was ever recorded."""
        return self.whole(batch.emptied(), chosen)

    @property
    def where(self) -> torch.device:
        """The device it lies on."""
        return next(self.encoder.parameters()).device


def networks(members: "tuple[Fitted[X, Any], ...]") -> "tuple[FittedNetwork[X, Any], ...]":
    """The members, where all of them are networks on records; otherwise none."""
    found = tuple(m for m in members if isinstance(m, FittedNetwork) and isinstance(m.model.encoder, RecordEncoder))
    return found if len(found) == len(members) else ()


def path(steps: int) -> Iterator[tuple[float, float]]:
    """Points from 0 to 1 and their weights, by Gauss and Legendre; most of them close to 0."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    for node, weight in zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True):
        yield node**_POWER, weight * _POWER * node ** (_POWER - 1)
