"""What a command was asked to run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bedside.study.declare import Study


@dataclass(frozen=True)
class Asked:
    """What is to be run.

    Attributes:
        toml: The text of a study.toml for a folder, when the study is of a table; None otherwise.
    """

    study: "Study[Any, Any, Any, Any]"
    seed: int
    toml: Callable[[Path], str] | None = None


class Made(Protocol):
    """A study that was made from data of one's own."""

    @property
    def study(self) -> "Study[Any, Any, Any, Any]":
        """Ready to run."""
        ...

    @property
    def seed(self) -> int:
        """The seed that study.toml names."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should read before training."""
        ...

    def toml_for(self, folder: Path) -> str:
        """Its study.toml in a folder."""
        ...


def told(made: Made, *, quiet: bool) -> Asked:
    """What is to be run, after what was inferred has been said; `quiet` where only results may be printed."""
    from bedside.cli import terminal

    for text in made.notes:
        terminal.note(text) if quiet else terminal.say(text)
    return Asked(made.study, made.seed, made.toml_for)


def names_in(text: str | None) -> tuple[str, ...]:
    """Names that commas part.

    Example:
        >>> names_in("age, sex,")
        ('age', 'sex')
    """
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
