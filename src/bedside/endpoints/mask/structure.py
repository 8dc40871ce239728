"""The structures that are outlined, by name."""

import re
from dataclasses import dataclass

from bedside.errors import StudyError

_MOST = 254


@dataclass(frozen=True)
class Structure:
    """One structure.

    Attributes:
        name: As printed ("anterior hippocampus").
        place: Its position; its label in a mask is one more.
        count: How many structures there are.
    """

    name: str
    place: int
    count: int

    @property
    def slug(self) -> str:
        """The name in snake_case."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.casefold()).strip("_")

    @property
    def suffix(self) -> str:
        """What tells its measures and columns from those of other structures; "" where it is the only one."""
        return "" if self.count == 1 else f"_{self.slug}"

    @property
    def tail(self) -> str:
        """The same for printed labels."""
        return "" if self.count == 1 else f", {self.name}"


def structured(names: tuple[str, ...]) -> tuple[Structure, ...]:
    """The structures by these names.

    Raises:
        StudyError: None, too many, or two whose names are the same but for case and punctuation, or empty.
    """
    found = tuple(Structure(name, place, len(names)) for place, name in enumerate(names))
    slugs = {structure.slug for structure in found}
    if not 1 <= len(names) <= _MOST or len(slugs) < len(names) or "" in slugs:
        msg = f"structures are {names!r}; give one to {_MOST} different words, as a tuple"
        raise StudyError(msg)
    return found
