"""A reporting checklist, filled for one run."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Status = Literal["answered", "partly", "open"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item, answered as far as the evidence goes.

    Attributes:
        number: Its number in the guideline ("12e").
        applies: To which kind of study, in the guideline's letters; "" where it makes no difference.
        ask: What to report, in our words.
        status: Whether the author still has to write something.
        answer: Text that answers it, or "".
        place: Anchor of the section of the report that shows it, or "".
        place_title: Title of that section.
        todo: What the author must still write, or "".
    """

    number: str
    applies: str
    ask: str
    status: Status
    answer: str
    place: str
    place_title: str
    todo: str


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one heading of the guideline."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A checklist, filled for one run."""

    name: str
    title: str
    about: str
    study: str
    groups: tuple[Group, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in order."""
        return tuple(item for group in self.groups for item in group.items)

    @property
    def tally(self) -> str:
        """How many items are answered, partly answered and open."""
        number = Counter(item.status for item in self.items)
        return (
            f"{number['answered']} of {len(self.items)} answered, {number['partly']} partly, "
            f"{number['open']} open for the author."
        )
