"""Which events a model tells apart: learned from development, everything rarer falls back to what is more general."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from bedside.modalities.records.history import Events, History
from bedside.types import Integers, Json

UNKNOWN = 0
"""The token of what development never saw."""

_WRITTEN = "="
_REST = "//*"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens of events, the most general last resort first.

    An event with a text and no number is told apart by its text ("LOINC//72166-2=Never smoked") where enough patients
    had that, else by its code, else by the code's system ("LOINC//*").

    Attributes:
        tokens: By number; the first is what was never seen.
    """

    tokens: tuple[str, ...]

    @classmethod
    def fit(cls, histories: Sequence[History], *, least: int) -> "Vocabulary":
        """Tokens that at least so many development histories hold, sorted.

        Args:
            histories: Of development only.
            least: Histories, at least 1.
        """
        counts: dict[str, int] = {}
        for events, positions, owners in tables(histories):
            names, table, pair = _names(events, positions)
            seen = np.unique(pair * len(histories) + owners)
            level, owner = table[:, seen // len(histories)].ravel(), np.tile(seen % len(histories), len(table))
            held = np.unique(level * len(histories) + owner) // len(histories)
            for name, count in zip(*np.unique(held, return_counts=True), strict=True):
                counts[names[name]] = counts.get(names[name], 0) + int(count)
        kept = sorted(name for name, count in counts.items() if name and count >= least)
        return cls(("", *kept))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {token: number for number, token in enumerate(self.tokens) if token}

    def numbers(self, events: Events, positions: Integers) -> Integers:
        """The token of each of these events, shape (n,)."""
        names, table, pair = _names(events, positions)
        known = np.array([self._numbers.get(name, UNKNOWN) for name in names], dtype=np.int64)
        found = known[table]
        # The most specific one that is known: text, then code, then system.
        told: Integers = np.where(found[0] > 0, found[0], np.where(found[1] > 0, found[1], found[2]))[pair]
        return told

    def state(self) -> Json:
        """As JSON."""
        return list(self.tokens)

    @classmethod
    def from_state(cls, state: Json) -> "Vocabulary":
        """The inverse of `state`."""
        return cls(tuple(cast("list[str]", state)))


def code_of(token: str) -> str:
    """The code of a token, without the text that may tell it apart."""
    return token.partition(_WRITTEN)[0]


def tables(histories: Sequence[History]) -> list[tuple[Events, Integers, Integers]]:
    """Of each table that the histories are of: the rows they see, and which history each row is seen by."""
    grouped: dict[int, tuple[Events, list[Integers], list[Integers]]] = {}
    for place, history in enumerate(histories):
        _, positions, owners = grouped.setdefault(id(history.events), (history.events, [], []))
        own = history.positions()
        positions.append(own)
        owners.append(np.full(len(own), place, dtype=np.int64))
    return [(events, np.concatenate(seen), np.concatenate(owners)) for events, seen, owners in grouped.values()]


def _names(events: Events, positions: Integers) -> tuple[list[str], Integers, Integers]:
    """What events are called.

    Returns:
        All names; of each kind of event its names, shape (3, kinds): with its text, of its code, of its system; and
        the kind of each event, shape (n,).
    """
    width = len(events.written) + 1
    codes = events.codes[positions].astype(np.int64)
    texts = np.where(np.isnan(events.numbers[positions]), events.texts[positions], -1)
    keys = codes * width + texts + 1
    if len(events.words) * width <= max(1_000_000, 4 * len(keys)):  # far faster than sorting, where there is room
        there = np.zeros(len(events.words) * width, dtype=bool)
        there[keys] = True
        kinds, place = np.flatnonzero(there), np.cumsum(there) - 1
        pair = place[keys]
    else:
        kinds, pair = np.unique(keys, return_inverse=True)
        pair = pair.reshape(-1)
    names: dict[str, int] = {"": 0}
    table = np.zeros((3, len(kinds)), dtype=np.int64)
    for column, kind in enumerate(kinds.tolist()):
        word, text = events.words[kind // width], kind % width - 1
        levels = (f"{word}{_WRITTEN}{events.written[text]}" if text >= 0 else "", word, _system(word))
        for level, name in enumerate(levels):
            table[level, column] = names.setdefault(name, len(names))
    return list(names), table, pair


def _system(word: str) -> str:
    system, mark, _ = word.partition("//")
    return f"{system}{_REST}" if mark else ""
