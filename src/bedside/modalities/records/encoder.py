"""The network's own half for records: events as vectors, gathered into moments, and facts beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from bedside.errors import ModelError
from bedside.modalities.records.batches import EventBatches, EventTensors
from bedside.modalities.records.history import History
from bedside.modalities.records.preparation import Preparation
from bedside.networks.encoder import Encoder, Values
from bedside.networks.features import Vector
from bedside.networks.range import Range
from bedside.networks.sequences.moments import Moments
from bedside.networks.sequences.sequencer import Sequencer
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.types import Json

BENDS = 16
"""Points at which a number's contribution to its event's vector may bend, learned for each token."""

FORGOTTEN = 0.1
"""Share of events that training takes away, so that the network has met records in which less was measured."""


class EventVectors(nn.Module):
    """An event as a vector: what it is, and how much, by a small function of its number of its own for each token."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.what = nn.Embedding(tokens, width)
        self.slope = nn.Embedding(tokens, BENDS)
        self.bend = nn.Embedding(tokens, BENDS)
        self.amount = nn.Linear(BENDS, width, bias=False)
        nn.init.normal_(self.what.weight, std=0.1)

    def forward(
        self, tokens: Int64[Tensor, " events"], numbers: Float[Tensor, " events"], known: Float[Tensor, " events"]
    ) -> Float[Tensor, "events width"]:
        """One vector an event."""
        bent = nn.functional.silu(self.slope(tokens) * numbers.unsqueeze(1) + self.bend(tokens))
        told: Tensor = self.what(tokens) + self.amount(bent * known.unsqueeze(1))
        return told


class RecordEncoder(Encoder[EventTensors, Vector]):
    """Events as vectors, moments through a network over time, facts joined at the end."""

    columns: Tensor

    def __init__(self, preparation: Preparation, sequencer: Sequencer, settings: Values) -> None:
        super().__init__()
        self.members, self.width = 1, int(settings["width"])
        dropout = float(settings["dropout"])
        variables = len(preparation.variables)
        self.variables = variables
        self.vectors = EventVectors(len(preparation.vocabulary), self.width)
        self.register_buffer("columns", torch.from_numpy(preparation.columns))
        self.network = sequencer.build(self.width, variables, self.width, dropout)
        self.join = nn.Sequential(nn.LayerNorm(2 * self.width), nn.Linear(2 * self.width, self.width), nn.SiLU())
        self.dropout = nn.Dropout(dropout)

    def forward(self, batch: EventTensors) -> Vector:
        """One vector a case."""
        return self.mix(self.embed(forgetful(batch, FORGOTTEN) if self.training else batch))

    def embed(self, batch: EventTensors) -> tuple[EventTensors, Tensor, Tensor]:
        """The batch, the vectors of its events and those of its facts: what explanations attribute to."""
        events = self.vectors(batch.tokens, batch.numbers, batch.known)
        facts = self.vectors(batch.fact_tokens, batch.fact_numbers, batch.fact_known)
        return batch, events, facts

    def mix(self, embedded: tuple[EventTensors, Tensor, Tensor]) -> Vector:
        """One vector a case, from what `embed` gives."""
        batch, events, facts = embedded
        cases = len(batch.moments)
        known = facts.new_zeros(cases, self.width).index_add(0, batch.fact_owners, facts)
        return self.joined(self.network(self.moments(batch, events)), known)

    def joined(self, told: Float[Tensor, "cases width"], known: Float[Tensor, "cases width"]) -> Vector:
        """One vector a case, from what the network over moments says and the sum of its facts' vectors."""
        return Vector(self.dropout(self.join(torch.cat([told, known], dim=1))).unsqueeze(0))

    def moments(self, batch: EventTensors, events: Float[Tensor, "events width"]) -> Moments:
        """Events gathered into the moments of their cases."""
        cases, longest = len(batch.moments), int(batch.moments.max())
        place = batch.owners * longest + batch.steps
        vectors = events.new_zeros(cases * longest, self.width).index_add(0, place, events)
        hours = events.new_zeros(cases * longest)
        hours[batch.moment_owners * longest + batch.moment_steps] = batch.moment_hours.to(hours.dtype)
        column = self.columns[batch.tokens]
        laid = (column >= 0) & (batch.known > 0)
        cell = place[laid] * max(self.variables, 1) + column[laid]
        cells = cases * longest * max(self.variables, 1)
        summed = events.new_zeros(cells).index_add(0, cell, batch.numbers[laid])
        count = events.new_zeros(cells).index_add(0, cell, batch.known[laid])
        shape = (cases, longest, max(self.variables, 1))
        return Moments(
            vectors.reshape(cases, longest, -1),
            hours.reshape(cases, longest),
            batch.moments,
            (summed / count.clamp_min(1.0)).reshape(shape)[..., : self.variables],
            (count > 0).to(events.dtype).reshape(shape)[..., : self.variables],
            events,
            batch.owners,
            batch.hours,
        )


def forgetful(batch: EventTensors, share: float) -> EventTensors:
    """The batch without a share of its events and facts, at random; moments stay, though they may be empty."""
    events = torch.rand(batch.hours.shape, device=batch.hours.device) >= share
    facts = torch.rand(batch.fact_numbers.shape, device=batch.hours.device) >= share
    return batch.kept(events, facts)


@dataclass(frozen=True, eq=False)
class PreparedRecords:
    """A preparation that was fitted on development, and the network that follows it."""

    preparation: Preparation
    sequencer: Sequencer

    @property
    def notes(self) -> Mapping[str, Json]:
        """What the preparation chose."""
        return self.preparation.notes

    def batches(self, predictors: Sequence[History]) -> EventBatches:
        """Histories ready to be taken in batches."""
        return EventBatches.of(self.preparation, self.preparation.transform(predictors))

    def encoder(self, settings: Values) -> RecordEncoder:
        """A new encoder for these events."""
        return RecordEncoder(self.preparation, self.sequencer, settings)

    def state(self) -> Json:
        """Preparation and network as JSON."""
        return {"preparation": self.preparation.state(), "sequencer": self.sequencer.state()}


@dataclass(frozen=True)
class RecordTrunk:
    """The trunk of a network on records over time.

    Attributes:
        sequencer: The network over moments.
        least: Development histories that must hold a kind of event for it to be told apart.
        most: Moments of a case that are told apart, the latest; what came before is one moment.
    """

    sequencer: Sequencer = field(default_factory=BagOfEvents)
    least: int = 10
    most: int = 128

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"events that at least {self.least} development histories hold as learned vectors with a learned function "
            f"of their numbers, gathered into at most {self.most} moments, {self.sequencer.details}, and facts without "
            "a time joined behind"
        )

    @property
    def space(self) -> Mapping[str, Range]:
        """Settings that tuning may vary."""
        return {"width": Range(64, 32, 128, log=True), "dropout": Range(0.2, 0.0, 0.5)}

    def prepare(self, predictors: Sequence[History]) -> PreparedRecords:
        """Fit tokens and scales on development histories.

        Raises:
            ModelError: There are no histories, or nothing in them.
        """
        return PreparedRecords(Preparation.fit(predictors, least=self.least, most=self.most), self.sequencer)

    def restore(self, state: Json) -> PreparedRecords:
        """The inverse of `PreparedRecords.state`.

        Raises:
            ModelError: It was saved with another network than the one declared.
        """
        given = cast("dict[str, Json]", state)
        if given["sequencer"] != self.sequencer.state():
            msg = (
                f"the saved network was declared as {given['sequencer']} and the trunk declares "
                f"{self.sequencer.state()}; declare the saved one, or fit the model again"
            )
            raise ModelError(msg)
        return PreparedRecords(Preparation.from_state(given["preparation"]), self.sequencer)
