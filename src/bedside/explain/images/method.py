"""A way to attribute the score of a network on images, and its maps over all cases and pooled networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.explain.images.score import Asked, Batch, Cases, Scored
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.trunk import ImageEncoder
from bedside.training.determinism import deterministic
from bedside.training.learner import Fitted
from bedside.training.network import FittedNetwork
from bedside.training.tuned import Ensemble

Network = FittedNetwork[Readable, Any]

_VALUES = 1 << 22
"""Pixels, over all cases and channels, in one batch: bounds memory."""

_MOST = 64
"""Cases in one batch."""


class Found(NamedTuple):
    """Maps of a batch.

    Attributes:
        maps: How far each place moved the score, never negative.
        missed: Change in score, summed over cases, that the attributions do not add up to; None where they need not.
        moved: Change in score, summed over cases.
    """

    maps: Float[Tensor, " cases *size"]
    missed: float | None = None
    moved: float = 0.0


class MapMethod(Protocol):
    """A way to attribute the score of a network to the places of an image or volume.

    Attributes:
        name: snake_case.
        label: As printed.
        description: For the methods section.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described in the class
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        """Maps of a batch, of the size of its images.

        Args:
            network: What is explained.
            batch: Cases.
            both_ways: Whether what lowers the score counts as what raises it.
        """
        ...


@dataclass(frozen=True, eq=False)
class Maps:
    """How far each place moved the score of each case.

    Attributes:
        values: Never negative, on the grid that the networks see, shape (cases, *size).
        gap: Share of the scores' change that the attributions do not add up to; None where they need not.
    """

    values: NDArray[np.float32]
    gap: float | None = None


def networks(fitted: Fitted[Readable, Any]) -> tuple[Network, ...]:
    """The networks on images that are pooled into one prediction; empty for a model of any other kind."""
    members = fitted.members if isinstance(fitted, Ensemble) else (fitted,)
    found = tuple(m for m in members if isinstance(m, FittedNetwork) and isinstance(m.model.encoder, ImageEncoder))
    return found if len(found) == len(members) else ()


def maps(method: MapMethod, members: Sequence[Network], cases: Cases, wanted: Asked) -> Maps:
    """Maps of all cases, the mean over networks that are pooled.

    Raises:
        FileProblem: An image cannot be used.
    """
    found = [_of_one(method, member, cases, wanted) for member in members]
    values = np.stack([each.values for each in found]).mean(axis=0).astype(np.float32)
    gaps = [each.gap for each in found if each.gap is not None]
    return Maps(values, float(np.mean(gaps)) if gaps else None)


def _of_one(method: MapMethod, member: Network, cases: Cases, wanted: Asked) -> Maps:
    network, batches = Scored(member.model), member.prepared.batches(cases)
    parts: list[Found] = []
    with deterministic(0, threads=member.threads):
        one = batches.take(torch.arange(1), network.where).pixels[0].numel()
        size = max(1, min(_MOST, _VALUES // one))
        for start in range(0, len(cases), size):
            chosen = slice(start, min(start + size, len(cases)))
            pixels = batches.take(torch.arange(chosen.start, chosen.stop), network.where).pixels
            place = torch.from_numpy(wanted.place[chosen]).to(pixels.device)
            sign = torch.from_numpy(wanted.sign[chosen]).to(pixels)
            parts.append(method.attribute(network, Batch(pixels, place, sign), both_ways=wanted.both_ways))
    missed = [part.missed for part in parts if part.missed is not None]
    moved = sum(part.moved for part in parts)
    values = np.concatenate([part.maps.detach().cpu().numpy() for part in parts]).astype(np.float32)
    return Maps(values, (sum(missed) / moved if moved else 0.0) if missed else None)
