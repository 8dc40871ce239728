"""Cases of several prepared partitions as one, and a part of one."""

from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar, cast, runtime_checkable

import torch
from jaxtyping import Int64
from torch import Tensor, device

from bedside.errors import StudyError
from bedside.networks.encoder import Batches

B = TypeVar("B")


@runtime_checkable
class Ragged(Protocol):
    """A batch whose tensors do not hold one row a case: it knows by itself which rows are of which case."""

    def joined(self, other: Self) -> Self:
        """These cases and then those of another batch."""
        ...

    def chosen(self, positions: Int64[Tensor, " cases"]) -> Self:
        """The cases at these positions."""
        ...


@dataclass(frozen=True, eq=False)
class Pool:
    """The cases of one partition, then those of another.

    Attributes:
        first: Numbered from 0.
        second: Numbered after them; None for none.
    """

    first: Batches[Any]
    second: "Batches[Any] | None" = None

    def __len__(self) -> int:
        return len(self.first) + (len(self.second) if self.second is not None else 0)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> Any:  # noqa: ANN401 - the batch of both
        """The cases at these positions, in order."""
        if self.second is None:
            return self.first.take(positions, where)
        inside = positions < len(self.first)
        if bool(inside.all()):
            return self.first.take(positions, where)
        if not bool(inside.any()):
            return self.second.take(positions - len(self.first), where)
        own = self.first.take(positions[inside], where)
        other = self.second.take(positions[~inside] - len(self.first), where)
        order = torch.cat([torch.nonzero(inside).flatten(), torch.nonzero(~inside).flatten()]).argsort().to(where)
        return chosen(joined(own, other), order)


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the cases of a pool.

    Attributes:
        pool: All of them.
        positions: Of these.
    """

    pool: Pool
    positions: Int64[Tensor, " cases"]

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> Any:  # noqa: ANN401
        """The cases at these positions of the part."""
        return self.pool.take(self.positions[positions], where)


def joined(one: B, other: B) -> B:
    """The cases of one batch and then those of another.

    Raises:
        StudyError: A batch is neither `Ragged` nor a tensor nor a named tuple of tensors.
    """
    if isinstance(one, Ragged):
        return cast("B", one.joined(cast("Any", other)))
    if isinstance(one, Tensor):
        return cast("B", torch.cat([one, cast("Tensor", other)]))
    if isinstance(one, tuple) and hasattr(one, "_fields"):
        pairs = zip(one, cast("tuple[Any, ...]", other), strict=True)
        return cast("B", type(one)(*(torch.cat(pair) for pair in pairs)))
    msg = f"batches of type {type(one).__name__} cannot be joined; a tensor or a named tuple of tensors can"
    raise StudyError(msg)


def chosen(batch: B, positions: Int64[Tensor, " cases"]) -> B:
    """The cases of a batch at these positions."""
    if isinstance(batch, Ragged):
        return batch.chosen(positions)
    if isinstance(batch, Tensor):
        return cast("B", batch[positions])
    fields = cast("tuple[Any, ...]", batch)
    return type(batch)(*(field[positions] for field in fields))
