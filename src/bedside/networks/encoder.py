"""What every encoder is: a module from batches to features."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from torch import Tensor, device, nn

from bedside.networks.arrays import Arrays
from bedside.networks.range import Range
from bedside.types import Json

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)
F_co = TypeVar("F_co", covariant=True)
X_contra = TypeVar("X_contra", contravariant=True)

Values: TypeAlias = Mapping[str, "float | int | str | bool"]
"""Values of settings, by name."""


class Encoder(nn.Module, ABC, Generic[B, F_co]):
    """A module from batches to typed features.

    Padding is masked inside: a case is encoded the same alone as in company.

    Attributes:
        members: How many members share a pass.
        width: Features a case.
    """

    members: int
    width: int

    @abstractmethod
    def forward(self, batch: B) -> F_co:
        """Features of a batch of cases."""


class Batches(Protocol[B_co]):
    """All cases of one partition, prepared, in order; may read lazily."""

    def __len__(self) -> int:
        """How many cases there are."""
        ...

    def take(self, positions: Tensor, where: device) -> B_co:
        """The cases at these positions, shape (n,), on a device."""
        ...


class Prepared(Protocol[X_contra, B]):
    """A trunk whose preparation has been fitted on development."""

    def batches(self, predictors: Sequence[X_contra]) -> Batches[B]:
        """Predictors ready to be taken in batches."""
        ...

    def encoder(self, settings: Values) -> "Encoder[B, object]":
        """A new encoder, its weights drawn from torch's generator."""
        ...

    def state(self) -> Json:
        """What `Trunk.restore` needs."""
        ...


@runtime_checkable
class Noted(Protocol):
    """A preparation that tells what it chose from development."""

    @property
    def notes(self) -> Mapping[str, Json]:
        """Flat values by name, for the record of a fit."""
        ...


@runtime_checkable
class Apart(Protocol):
    """A preparation whose NumPy part can be told from its tensors, so that what follows serves as a graph."""

    @property
    def ahead(self) -> Arrays[Any]:
        """Predictors to arrays."""
        ...

    def batch(self, tensors: Mapping[str, Tensor]) -> object:
        """The tensors of these arrays, by name, as the encoder takes them."""
        ...


class Trunk(Protocol[X_contra, B]):
    """The part of a network that belongs to a modality.

    Attributes:
        space: Settings of the encoder that tuning may vary.
        description: Half a sentence for the methods section.
    """

    @property
    def space(self) -> Mapping[str, Range]: ...  # noqa: D102 - described in the class
    @property
    def description(self) -> str: ...  # noqa: D102

    def prepare(self, predictors: Sequence[X_contra]) -> Prepared[X_contra, B]:
        """Fit the preparation on development predictors only."""
        ...

    def restore(self, state: Json) -> Prepared[X_contra, B]:
        """The inverse of `Prepared.state`."""
        ...
