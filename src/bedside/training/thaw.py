"""Which stages of an encoder are trained in which epoch, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import nn

from bedside.errors import StudyError


class Thaw(Protocol):
    """How much of the learning rate each stage gets, epoch by epoch. The head always gets all of it."""

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        ...

    def shares(self, stages: int, epoch: int) -> tuple[float, ...]:
        """Share of the learning rate of each stage, that next to the input first.

        A stage with the share 0 stays as it is, the running statistics of its normalisation included.

        Args:
            stages: How many there are.
            epoch: From 1.
        """
        ...

    def settled(self, stages: int) -> int:
        """The first epoch from which shares stay what they are; patience counts from there."""
        ...


@dataclass(frozen=True)
class Frozen:
    """The head alone; the encoder stays as it began."""

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        return "The encoder was kept as it began; only the head was trained."

    def shares(self, stages: int, epoch: int) -> tuple[float, ...]:
        """None for any."""
        del epoch
        return (0.0,) * stages

    def settled(self, stages: int) -> int:
        """At once."""
        del stages
        return 1


@dataclass(frozen=True)
class Discriminative:
    """Every stage, the slower the nearer to the input (Howard and Ruder, ACL 2018).

    Attributes:
        decay: Factor on the learning rate from a stage to the one before it, above 0 and below 1.
    """

    decay: float = 1 / 2.6

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            msg = f"discriminative learning rates were given a decay of {self.decay!r}; it must lie between 0 and 1"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        return f"The learning rate fell by a factor of {self.decay:.2g} from each stage to the one before it."

    def shares(self, stages: int, epoch: int) -> tuple[float, ...]:
        """Powers of the decay: the stage before the head gets the first."""
        del epoch
        return tuple(self.decay ** (stages - stage) for stage in range(stages))

    def settled(self, stages: int) -> int:
        """At once."""
        del stages
        return 1


@dataclass(frozen=True)
class Gradual:
    """The head alone at first, then one stage more every few epochs, from the head down (Howard and Ruder, ACL 2018).

    Attributes:
        every: Epochs until the next stage is trained.
        decay: Factor on the learning rate from a stage to the one before it; 1 for one rate.
    """

    every: int = 2
    decay: float = 1.0

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 < self.decay <= 1:
            msg = (
                f"gradual thawing was given every={self.every!r} and decay={self.decay!r}; it takes a whole number of "
                "epochs from 1 and a factor above 0 and at most 1"
            )
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """A sentence for the methods section."""
        slower = f", each at {self.decay:.2g} times the learning rate of the one behind it" if self.decay < 1 else ""
        plural = "s" if self.every > 1 else ""
        return (
            f"The head was trained alone for {self.every} epoch{plural}, then one stage more every {self.every} "
            f"epoch{plural}, from the head down{slower}."
        )

    def shares(self, stages: int, epoch: int) -> tuple[float, ...]:
        """0 for the stages that are not reached yet."""
        reached = (epoch - 1) // self.every
        depths = range(stages, 0, -1)
        return tuple(self.decay**depth if depth <= reached else 0.0 for depth in depths)

    def settled(self, stages: int) -> int:
        """The epoch in which the last stage is reached."""
        return stages * self.every + 1


@runtime_checkable
class InStages(Protocol):
    """An encoder that tells its stages."""

    @property
    def stages(self) -> Sequence[nn.Module]:
        """Its parts with weights, that next to the input first."""
        ...


def stages(encoder: nn.Module) -> tuple[nn.Module, ...]:
    """The stages of an encoder that have weights; an encoder that tells none is one stage."""
    told = encoder.stages if isinstance(encoder, InStages) else (encoder,)
    return tuple(stage for stage in told if any(True for _ in stage.parameters()))
