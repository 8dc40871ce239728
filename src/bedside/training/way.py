"""How a network sees cases: whole, or in windows of a larger image; in training and when it predicts."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import torch

from bedside.data.sample import Sample, weights_of
from bedside.networks.encoder import Prepared
from bedside.training.feed import Augment, Feed, Mixing, Supply, Views
from bedside.training.model import Model

X = TypeVar("X")
P = TypeVar("P")

Asked: TypeAlias = Callable[[], "list[list[P]] | None"]
"""Asks a model, as it is now, about cases that were prepared once: predictions in order, once a look at the cases;
None where its raw outputs are not finite."""


class Way(Protocol):
    """Between the samples of a study and the tensors of a network."""

    @property
    def description(self) -> str:
        """One sentence for the methods section; "" where there is nothing to say."""
        ...

    def feed(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        samples: Sequence[Sample[Any, Any]],
        augment: "Augment[Any] | None",
        mixing: "Mixing[Any] | None",
    ) -> Supply[Any]:
        """Development samples on their way to the network, whose head has adapted to them.

        Raises:
            ModelError: The samples cannot be learned from in this way.
            FileProblem: A case cannot be used.
        """
        ...

    def asked(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        predictors: Sequence[Any],
        *,
        chunk: int,
        views: "Views[Any] | None" = None,
    ) -> "Asked[Any]":
        """How the model is asked about these cases, now and whenever its weights have changed.

        Args:
            model: Encoder and head.
            prepared: The preparation that was fitted on development.
            predictors: Of the cases.
            chunk: Cases, or windows of them, predicted at a time.
            views: Looks at each case; None for the one look at it as it is.
        """
        ...


class Whole:
    """Every case is one entry of a batch, and one row of the network's outputs."""

    description = ""

    def feed(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        samples: Sequence[Sample[Any, Any]],
        augment: "Augment[Any] | None",
        mixing: "Mixing[Any] | None",
    ) -> Feed[Any]:
        """Cases with their targets."""
        cases = prepared.batches([sample.predictors for sample in samples])
        targets, weights = model.head.targets([sample.outcome for sample in samples]), weights_of(samples)
        if weights is None:
            return Feed(cases, targets, augment, mixing)
        return Feed(cases, targets, augment, mixing, torch.from_numpy(weights / weights.mean()).float())

    def asked(
        self,
        model: Model[Any],
        prepared: Prepared[Any, Any],
        predictors: Sequence[Any],
        *,
        chunk: int,
        views: "Views[Any] | None" = None,
    ) -> "Asked[Any]":
        """All outputs, then their predictions."""
        cases = prepared.batches(predictors)

        def ask() -> "list[list[Any]] | None":
            looks = model.looks(cases, views, chunk=chunk)
            # Not-a-number is told apart from a bad loss before the endpoint sees it.
            return [model.head.decode(look) for look in looks] if all(map(finite, looks)) else None

        return ask


def finite(outputs: Any) -> bool:  # noqa: ANN401 - any array
    """Whether all raw outputs are finite."""
    return bool(torch.isfinite(torch.as_tensor(outputs)).all())
