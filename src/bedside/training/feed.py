"""Training cases on their way to the network: taken in batches, augmented, mixed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from jaxtyping import Int64
from torch import Tensor, device

from bedside.networks.encoder import Batches
from bedside.training.checkpoint import content, plain

B = TypeVar("B")


class Augment(Protocol[B]):
    """Changes a training batch and its targets together; draws from torch's global generator only."""

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        ...

    def __call__(self, batch: B, targets: Tensor) -> tuple[B, Tensor]:
        """The changed batch and targets, cases first and in order."""
        ...


class Mixing(Protocol[B]):
    """Blends each case of a training batch with another one; draws from torch's global generator only."""

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        ...

    def mix(self, batch: B) -> tuple[B, Int64[Tensor, " cases"], float]:
        """The blended batch, the position of each case's partner, and the share of the loss that is the case's own."""
        ...


class Views(Protocol[B]):
    """Several looks at the same cases, whose predictions are pooled; the same looks every time."""

    @property
    def description(self) -> str:
        """Half a sentence for the methods section; a saved model is read back with the same one only."""
        ...

    def __call__(self, batch: B) -> Sequence[B]:
        """One batch a look, each with the same cases in the same order."""
        ...


class Fed(NamedTuple, Generic[B]):
    """What `Model` is called with.

    Attributes:
        batch: Cases.
        targets: Theirs, cases first.
        partner: Position of the case that each was mixed with; None where nothing was mixed.
        share: Of the loss, that which is the case's own; the rest is its partner's.
        weights: How many cases each stands for, relative to the mean; None where each stands for itself.
    """

    batch: B
    targets: Tensor
    partner: "Tensor | None" = None
    share: float = 1.0
    weights: "Tensor | None" = None


class Supply(Protocol[B]):
    """Training cases, taken in batches by their positions."""

    @property
    def cases(self) -> Batches[B]:
        """The cases as they are, for what learns from them without outcomes."""
        ...

    @property
    def batch(self) -> "int | None":
        """How many there is room for in a step; None where the loop may choose."""
        ...

    def __len__(self) -> int:
        """How many a pass sees; a case may be seen several times."""
        ...

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> Fed[B]:
        """Those at these positions, augmented and mixed, on a device."""
        ...

    def identity(self) -> Iterator[bytes]:
        """What tells this supply from another, so that a checkpoint of another fit is not taken up."""
        ...


@dataclass(frozen=True, eq=False)
class Feed(Generic[B]):
    """Development, prepared, with what training does to it.

    Attributes:
        cases: Prepared.
        targets: What the head made of development outcomes, cases first.
        augment: Done to every batch; None for nothing.
        mixing: Done after it; None for nothing.
        weights: How many cases each stands for, of mean 1; None where each stands for itself.
    """

    cases: Batches[B]
    targets: Tensor
    augment: "Augment[B] | None" = None
    mixing: "Mixing[B] | None" = None
    weights: "Tensor | None" = None

    @property
    def batch(self) -> None:
        """The loop may choose."""

    def __len__(self) -> int:
        return len(self.cases)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> Fed[B]:
        """The cases at these positions, augmented and mixed, on a device."""
        batch, targets = self.cases.take(positions, where), self.targets[positions].to(where)
        if self.augment is not None:
            batch, targets = self.augment(batch, targets)
        weights = None if self.weights is None else self.weights[positions].to(where)
        if self.mixing is None:
            return Fed(batch, targets, weights=weights)
        batch, partner, share = self.mixing.mix(batch)
        return Fed(batch, targets, partner, share, weights)

    def identity(self) -> Iterator[bytes]:
        """What is done to batches, and the targets."""
        yield plain([part.description if part is not None else "" for part in (self.augment, self.mixing)])
        yield from content({"targets": self.targets})
        if self.weights is not None:
            yield from content({"weights": self.weights})
