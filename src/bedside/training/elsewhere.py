"""What a learner has seen besides the development cases that it is given. Free of torch: the audit of a study asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Elsewhere:
    """Cases that a learner has seen besides those of the study's development.

    Attributes:
        words: As in "... begins from the weights of ...".
        contents: Hashes of what it has learned from, as `bedside.study.lineage` makes them; None where nobody knows.
        predictors: Of cases without outcomes that it will learn from; none of them may be judged.
        sha256: Of the file of weights that it begins from, lower-case hex; "" where it begins from none.
    """

    words: str
    contents: "frozenset[bytes] | None" = frozenset()
    predictors: Sequence[Any] = ()
    sha256: str = ""


@runtime_checkable
class HasSeen(Protocol):
    """A learner, or a recipe, that may have seen cases elsewhere."""

    @property
    def elsewhere(self) -> "Elsewhere | None":
        """What it has seen; None for nothing."""
        ...


@dataclass(frozen=True)
class EarlierFit:
    """A stored fit of an earlier run.

    Attributes:
        folder: Where it was saved.
        study: Name of the study that was run.
        learner: Name of the learner in that study.
        split: Of its primary validation.
        contents: Hashes of the cases that it has learned from; None where the run does not tell.
        simulated: Whether these were simulated.
    """

    folder: Path
    study: str
    learner: str
    split: str
    contents: "frozenset[bytes] | None"
    simulated: bool = False
