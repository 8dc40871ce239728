"""What boxes are drawn around."""

import re
from dataclasses import dataclass

from bedside.errors import StudyError


@dataclass(frozen=True)
class Kind:
    """One kind of thing.

    Attributes:
        name: As printed ("platelet").
        place: Its number in `Boxes.kinds`.
        alone: Whether it is the only kind.
    """

    name: str
    place: int
    alone: bool

    @property
    def slug(self) -> str:
        """The name in snake_case, for measures and settings."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.casefold()).strip("_")

    def named(self, measure: str) -> str:
        """The name of a measure or setting of this kind; that of the whole where there is no other kind."""
        return measure if self.alone else f"{measure}_{self.slug}"

    def labelled(self, label: str) -> str:
        """The same as printed."""
        return label if self.alone else f"{label}: {self.name}"


def kinds_named(names: tuple[str, ...]) -> tuple[Kind, ...]:
    """The kinds by these names.

    Raises:
        StudyError: There is none, or two whose names are the same but for case and punctuation, or empty.
    """
    found = tuple(Kind(name, place, len(names) == 1) for place, name in enumerate(names))
    slugs = {kind.slug for kind in found}
    if not names or len(slugs) < len(names) or "" in slugs:
        msg = f"kinds of boxes are {names!r}; give one or more different words"
        raise StudyError(msg)
    return found
