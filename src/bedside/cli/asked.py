"""What a command was asked to run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def names_in(text: str | None) -> tuple[str, ...]:
    """Names that commas part.

    Example:
        >>> names_in("age, sex,")
        ('age', 'sex')
    """
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
