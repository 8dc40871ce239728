"""The tabular network's own half: prepared batches to one vector a case and member."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor, cat, device, from_numpy, nn, rand

from bedside.errors import ModelError
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.preparation import Preparation
from bedside.modalities.tabular.table import Record
from bedside.networks.blocks import MemberScaling, Residual
from bedside.networks.embeddings import Categories, PiecewiseLinear, quantile_edges
from bedside.networks.encoder import Encoder, Values
from bedside.networks.features import Vector
from bedside.networks.range import Range
from bedside.types import Floats, Json

BINS = 8
WIDEST = 16
"""Widest embedding of a category."""

FORGOTTEN = 0.1
"""Share of cells that training takes away, so that the network has met what may be missing at the bedside only:
a number that development always had, a word that it never saw."""


class TabularTensors(NamedTuple):
    """Cases as tensors.

    Attributes:
        numbers: Scaled, 0 where missing.
        missing: 1 where a number is missing, else 0.
        codes: Category codes, 0 = missing or unknown.
    """

    numbers: Float[Tensor, "cases numbers"]
    missing: Float[Tensor, "cases numbers"]
    codes: Int64[Tensor, "cases categories"]


@dataclass(frozen=True, eq=False)
class TabularBatches:
    """A whole partition in memory."""

    tensors: TabularTensors

    def __len__(self) -> int:
        return len(self.tensors.numbers)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> TabularTensors:
        """The cases at these positions."""
        return TabularTensors(*(tensor[positions].to(where) for tensor in self.tensors))


class TabularEncoder(Encoder[TabularTensors, Vector]):
    """Piecewise-linear numbers, missingness and category embeddings, through residual layers shared by members."""

    def __init__(self, edges: Floats, cardinalities: Sequence[int], members: int, settings: Values) -> None:
        super().__init__()
        self.members = members
        self.width = int(settings["width"])
        self.numbers = PiecewiseLinear(edges)
        self.categories = Categories(cardinalities, WIDEST) if cardinalities else None
        inputs = 2 * len(edges) + self.numbers.width + (self.categories.width if self.categories else 0)
        dropout = float(settings["dropout"])
        self.scaling = MemberScaling(self.members, inputs)
        self.first = nn.Sequential(nn.Linear(inputs, self.width), nn.SiLU(), nn.Dropout(dropout))
        self.residuals = nn.Sequential(
            *(Residual(self.width, dropout) for _ in range(int(settings["layers"]) - 1)),
        )

    def forward(self, batch: TabularTensors) -> Vector:
        """One vector a case and member."""
        return self.mix(self.embed(forgetful(batch, FORGOTTEN) if self.training else batch))

    def embed(self, batch: TabularTensors) -> Float[Tensor, "cases inputs"]:
        """Numbers, missingness, bins and category vectors side by side: what explanations attribute to."""
        parts = [batch.numbers, batch.missing, self.numbers(batch.numbers, batch.missing)]
        if self.categories is not None:
            parts.append(self.categories(batch.codes))
        return cat(parts, dim=1)

    def mix(self, inputs: Float[Tensor, "cases inputs"]) -> Vector:
        """One vector a case and member, from what `embed` gives."""
        return Vector(self.residuals(self.first(self.scaling(inputs))))


def forgetful(batch: TabularTensors, share: float) -> TabularTensors:
    """The batch with a share of its cells missing, at random."""
    unknown = rand(batch.numbers.shape, device=batch.numbers.device) < share
    unread = rand(batch.codes.shape, device=batch.codes.device) < share
    numbers, missing = batch.numbers.masked_fill(unknown, 0.0), batch.missing.masked_fill(unknown, 1.0)
    return TabularTensors(numbers, missing, batch.codes.masked_fill(unread, 0))


@dataclass(frozen=True, eq=False)
class PreparedTable:
    """Preparation and bin edges, fitted on development, and the number of members."""

    preparation: Preparation
    edges: Floats
    members: int

    def batches(self, predictors: Sequence[Record]) -> TabularBatches:
        """Records as tensors."""
        arrays = self.preparation.arrays(predictors)
        return TabularBatches(self.batch({name: from_numpy(array) for name, array in arrays.items()}))

    @property
    def ahead(self) -> Preparation:
        """What makes arrays of records, without torch."""
        return self.preparation

    def batch(self, tensors: Mapping[str, Tensor]) -> TabularTensors:
        """The arrays' tensors as a batch."""
        return TabularTensors(**tensors)

    def encoder(self, settings: Values) -> TabularEncoder:
        """A new encoder for these columns."""
        return TabularEncoder(self.edges, self.preparation.cardinalities, self.members, settings)

    def state(self) -> Json:
        """Preparation and edges as JSON."""
        edges = cast("Json", self.edges.tolist())
        return {"preparation": self.preparation.state(), "edges": edges, "members": self.members}


@dataclass(frozen=True)
class TabularTrunk:
    """The trunk of a network on a table.

    Attributes:
        schema: The predictors.
        members: How many members share a pass.
    """

    schema: Schema
    members: int = 4

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"numbers encoded piecewise linearly in {BINS} quantile bins with indicators of missingness, categories "
            f"as learned vectors, and residual layers shared by {self.members} members that differ in their scaling "
            "of the inputs"
        )

    @property
    def space(self) -> Mapping[str, Range]:
        """Settings that tuning may vary."""
        return {
            "width": Range(64, 32, 128, log=True),
            "layers": Range(2, 1, 3),
            "dropout": Range(0.2, 0.0, 0.5),
        }

    def prepare(self, predictors: Sequence[Record]) -> PreparedTable:
        """Fit scales, words and bins on development records.

        Raises:
            ModelError: There are no records.
        """
        if len(predictors) == 0:
            msg = "a tabular network was given no development records; it needs at least one of each outcome"
            raise ModelError(msg)
        preparation = Preparation.fit(self.schema, predictors)
        batch = preparation.transform(predictors)
        columns = zip(batch.numbers.T, batch.missing.T, strict=True)
        known = [column[~absent].astype(np.float64) for column, absent in columns]
        return PreparedTable(preparation, quantile_edges(known, BINS), self.members)

    def restore(self, state: Json) -> PreparedTable:
        """The inverse of `PreparedTable.state`."""
        given = cast("dict[str, Json]", state)
        edges = np.array(given["edges"], dtype=np.float64).reshape(-1, BINS + 1)
        return PreparedTable(Preparation.from_state(given["preparation"]), edges, cast("int", given["members"]))
