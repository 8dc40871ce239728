"""Several inputs of the same case, by name: each encoded by a trunk of its own, any of them may be missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, cast

import torch
from jaxtyping import Bool, Int64
from torch import Tensor, device, nn

from bedside.errors import ModelError, StudyError
from bedside.networks.blocks import Residual
from bedside.networks.encoder import Batches, Encoder, Noted, Prepared, Trunk, Values
from bedside.networks.features import Pooled, Vector
from bedside.networks.range import Range
from bedside.types import Json

X = TypeVar("X")


@dataclass(frozen=True)
class Input(Generic[X]):
    """One input of a case.

    Attributes:
        name: snake_case, unique in a fusion ("record", "image").
        select: Of a case what the trunk sees; None where the case has none.
        trunk: Of the input's own modality.
    """

    name: str
    select: Callable[[X], Any]
    trunk: Trunk[Any, Any]


class FusedTensors(NamedTuple):
    """A batch of cases, each input apart.

    Attributes:
        parts: Of each input the batch of the cases that have it; None where no case has.
        owners: Of each input which cases those are.
        cases: How many cases there are.
    """

    parts: tuple[Any, ...]
    owners: tuple[Int64[Tensor, " present"], ...]
    cases: int


@dataclass(frozen=True, eq=False)
class FusedBatches:
    """A partition of cases, each input prepared for those that have it.

    Attributes:
        inputs: Batches of each input; None where no case has it.
        places: Position of each case among those of an input, -1 where it has none; shape (cases, inputs).
    """

    inputs: tuple["Batches[Any] | None", ...]
    places: Int64[Tensor, "cases inputs"]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> FusedTensors:
        """The cases at these positions."""
        parts, owners = [], []
        for batches, places in zip(self.inputs, self.places[positions].T, strict=True):
            owner = torch.nonzero(places >= 0).flatten()
            has = batches is not None and len(owner) > 0
            parts.append(cast("Batches[Any]", batches).take(places[owner], where) if has else None)
            owners.append(owner.to(where))
        return FusedTensors(tuple(parts), tuple(owners), len(positions))


class FusedEncoder(Encoder[FusedTensors, Vector]):
    """Vectors of the inputs that are there, and a learned one in the place of each that is not, joined by dense layers.

    While training, inputs that are there are taken away at random, never all of a case: the network has met cases in
    which any of them is missing (Neverova et al., ModDrop, TPAMI 2016).
    """

    def __init__(self, encoders: Sequence[Encoder[Any, Any]], settings: Values, taken: float) -> None:
        super().__init__()
        self.members = max(encoder.members for encoder in encoders)
        if any(encoder.members not in {1, self.members} for encoder in encoders):
            told = ", ".join(str(encoder.members) for encoder in encoders)
            msg = f"inputs were declared with {told} members; allowed is one number for all, and 1"
            raise ModelError(msg)
        self.width, self.taken = int(settings["width"]), taken
        self.encoders = nn.ModuleList(encoders)
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(encoder.width, self.width), nn.LayerNorm(self.width)) for encoder in encoders
        )
        self.missing = nn.Parameter(torch.randn(len(encoders), self.width) * 0.1)
        self.join = nn.Sequential(
            nn.Linear(len(encoders) * self.width, self.width),
            nn.SiLU(),
            Residual(self.width, float(settings["dropout"])),
        )

    def forward(self, batch: FusedTensors) -> Vector:
        """One vector a case and member."""
        kept = self._kept(batch)
        told = []
        for place, (encoder, projection) in enumerate(zip(self.encoders, self.projections, strict=True)):
            values = self.missing[place].expand(self.members, batch.cases, self.width)
            if batch.parts[place] is not None:
                seen = cast("Pooled", encoder(batch.parts[place])).values
                owners, here = batch.owners[place], kept[batch.owners[place], place]
                projected = projection(seen).expand(self.members, -1, -1)[:, here]
                values = values.index_copy(1, owners[here], projected.to(values.dtype))
            told.append(values)
        return Vector(self.join(torch.cat(told, dim=2)))

    def _kept(self, batch: FusedTensors) -> Bool[Tensor, "cases inputs"]:
        """Which inputs of each case are looked at."""
        there = torch.zeros(batch.cases, len(batch.owners), dtype=torch.bool, device=self.missing.device)
        for place, owners in enumerate(batch.owners):
            there[owners, place] = True
        if not self.training or not self.taken:
            return there
        drawn = torch.rand(there.shape, device=there.device)
        # The one of a case that is drawn highest stays.
        last = (drawn.masked_fill(~there, -1.0)).argmax(dim=1, keepdim=True)
        kept = there & (drawn >= self.taken)
        return kept | (torch.zeros_like(kept).scatter(1, last, value=True) & there)


@dataclass(frozen=True, eq=False)
class PreparedFusion(Generic[X]):
    """Each input's preparation, fitted on the development cases that have it."""

    inputs: tuple[Input[X], ...]
    prepared: tuple[Prepared[Any, Any], ...]
    taken: float

    @property
    def notes(self) -> Mapping[str, Json]:
        """What each preparation chose, under its input's name."""
        pairs = zip(self.inputs, self.prepared, strict=True)
        told = ((one.name, part.notes) for one, part in pairs if isinstance(part, Noted))
        return {f"{name}: {what}": value for name, notes in told for what, value in notes.items()}

    def batches(self, predictors: Sequence[X]) -> FusedBatches:
        """Cases ready to be taken in batches."""
        made: list[Batches[Any] | None] = []
        places = torch.full((len(predictors), len(self.inputs)), -1)
        for place, (one, prepared) in enumerate(zip(self.inputs, self.prepared, strict=True)):
            parts = [one.select(case) for case in predictors]
            there = [case for case, part in enumerate(parts) if part is not None]
            places[there, place] = torch.arange(len(there))
            made.append(prepared.batches([parts[case] for case in there]) if there else None)
        return FusedBatches(tuple(made), places)

    def encoder(self, settings: Values) -> FusedEncoder:
        """A new encoder of all inputs."""
        pairs = zip(self.inputs, self.prepared, strict=True)
        return FusedEncoder([part.encoder(_own(settings, one.name)) for one, part in pairs], settings, self.taken)

    def state(self) -> Json:
        """Every input's preparation, as JSON."""
        return {"inputs": [one.name for one in self.inputs], "prepared": [part.state() for part in self.prepared]}


@dataclass(frozen=True)
class Fusion(Generic[X]):
    """The trunk of a network on several inputs of each case.

    A case that has none of them is predicted too: from what the network learned for cases in general.

    Attributes:
        inputs: By name; only of the same patient, which is what a case is.
        taken: Share of the inputs that training takes away.

    Raises:
        StudyError: Fewer than two inputs, names that repeat, or a share out of range.
    """

    inputs: tuple[Input[X], ...]
    taken: float = 0.2

    def __post_init__(self) -> None:
        names = [one.name for one in self.inputs]
        if len(names) < 2 or len(set(names)) < len(names) or not 0 <= self.taken < 1:
            msg = (
                f"a fusion was declared of the inputs {names}, of which {self.taken:g} are taken away in training; it "
                "needs two or more, each of its own name, and a share from 0 to below 1"
            )
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        each = "; ".join(f"{one.name}: {one.trunk.description}" for one in self.inputs)
        return (
            f"{len(self.inputs)} inputs of each case, encoded apart ({each}) and joined, a learned vector standing for "
            f"an input that is missing, and {self.taken:.0%} of inputs taken away in training"
        )

    @property
    def space(self) -> Mapping[str, Range]:
        """Settings that tuning may vary: those of every input under its name, and those of what joins them."""
        own = {f"{one.name}.{name}": found for one in self.inputs for name, found in one.trunk.space.items()}
        return {"width": Range(64, 32, 128, log=True), "dropout": Range(0.2, 0.0, 0.5), **own}

    def prepare(self, predictors: Sequence[X]) -> PreparedFusion[X]:
        """Fit every preparation on the development cases that have its input.

        Raises:
            ModelError: An input is missing in all of them.
        """
        prepared = []
        for one in self.inputs:
            parts = [part for case in predictors if (part := one.select(case)) is not None]
            if not parts:
                msg = (
                    f"none of {len(predictors)} development cases has the input {one.name!r}; leave it out, or give "
                    "cases that have it"
                )
                raise ModelError(msg)
            prepared.append(one.trunk.prepare(parts))
        return PreparedFusion(self.inputs, tuple(prepared), self.taken)

    def restore(self, state: Json) -> PreparedFusion[X]:
        """The inverse of `PreparedFusion.state`.

        Raises:
            ModelError: It was saved with other inputs.
        """
        given, names = cast("dict[str, list[Json]]", state), [one.name for one in self.inputs]
        if given["inputs"] != names:
            msg = (
                f"the saved network has the inputs {given['inputs']} and the trunk declares {names}; declare the saved "
                "ones, in their order"
            )
            raise ModelError(msg)
        pairs = zip(self.inputs, given["prepared"], strict=True)
        return PreparedFusion(self.inputs, tuple(one.trunk.restore(part) for one, part in pairs), self.taken)


def _own(settings: Values, name: str) -> Values:
    """The settings of one input."""
    return {key.removeprefix(f"{name}."): value for key, value in settings.items() if key.startswith(f"{name}.")}
