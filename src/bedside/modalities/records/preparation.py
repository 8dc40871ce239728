"""From histories to arrays that a network takes: what is fitted on development and how it is applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from bedside.errors import ModelError
from bedside.modalities.records.history import History
from bedside.modalities.records.packed import Packed, packed
from bedside.modalities.records.scales import Scales
from bedside.modalities.records.vocabulary import Vocabulary
from bedside.types import Integers, Json

VARIABLES = 64
"""Most kinds of measurement that are also laid out as variables over time."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """A fitted map from histories to arrays.

    Attributes:
        vocabulary: Which events are told apart.
        scales: How their numbers are scaled.
        variables: Tokens laid out as variables over time, those with the most numbers in development first.
        most: Moments of a case that are told apart.
        notes: What was chosen, for the record of a fit.
    """

    vocabulary: Vocabulary
    scales: Scales
    variables: tuple[int, ...]
    most: int
    notes: Mapping[str, Json]

    @classmethod
    def fit(cls, histories: Sequence[History], *, least: int, most: int) -> "Preparation":
        """Learn tokens and scales from development histories only.

        Args:
            histories: Of development.
            least: Histories that must hold a token for it to be told apart.
            most: Moments of a case that are told apart.

        Raises:
            ModelError: There are no histories, or nothing in them.
        """
        if not any(len(history) or history.facts[1] > history.facts[0] for history in histories):
            msg = (
                f"a network of events was given {len(histories)} development histories without a single event in "
                "them; widen the observation window of the cohort, or check the codes of its records"
            )
            raise ModelError(msg)
        vocabulary = Vocabulary.fit(histories, least=least)
        told = packed(histories, vocabulary, most=most)
        tokens = np.concatenate([told.tokens, told.fact_tokens])
        numbers = np.concatenate([told.numbers, told.fact_numbers])
        scales = Scales.fit(tokens, numbers, count=len(vocabulary))
        counts = np.bincount(told.tokens[np.isfinite(told.numbers)], minlength=len(vocabulary))
        order = np.argsort(-counts, kind="stable")
        variables = tuple(int(token) for token in order[:VARIABLES] if counts[token])
        events = np.diff(told.starts)
        notes: dict[str, Json] = {
            "kinds of event told apart": len(vocabulary) - 1,
            "events of kinds too rare to tell apart": int((told.tokens == 0).sum()),
            "variables over time": len(variables),
            "events of a case, median": float(np.median(events)),
            "events of a case, most": int(events.max(initial=0)),
            "moments of a case, median": float(np.median(told.moments)),
            "events before the earliest moment told apart": told.merged,
        }
        return cls(vocabulary, scales, variables, most, notes)

    @cached_property
    def columns(self) -> Integers:
        """The variable of each token, -1 where it is none."""
        found = np.full(len(self.vocabulary), -1, dtype=np.int64)
        found[list(self.variables)] = np.arange(len(self.variables))
        return found

    def transform(self, histories: Sequence[History]) -> Packed:
        """Histories as arrays, in order."""
        return packed(histories, self.vocabulary, most=self.most)

    def state(self) -> Json:
        """Everything `transform` needs, as JSON."""
        return {
            "vocabulary": self.vocabulary.state(),
            "scales": self.scales.state(),
            "variables": list(self.variables),
            "most": self.most,
            "notes": dict(self.notes),
        }

    @classmethod
    def from_state(cls, state: Json) -> "Preparation":
        """The inverse of `state`."""
        given = cast("dict[str, Json]", state)
        return cls(
            Vocabulary.from_state(given["vocabulary"]),
            Scales.from_state(given["scales"]),
            tuple(cast("list[int]", given["variables"])),
            cast("int", given["most"]),
            cast("dict[str, Json]", given["notes"]),
        )
