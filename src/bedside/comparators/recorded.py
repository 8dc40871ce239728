"""A human reader whose readings were recorded: the same cases, judged as every learner is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from bedside.data.sample import Sample
from bedside.errors import ModelError
from bedside.training.learner import Settings, Trial
from bedside.training.storage import read_json, write_json
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")

_FILE = "recorded.json"


@dataclass(frozen=True, eq=False)
class Readings(Generic[X, P]):
    """The readings, looked up case by case.

    Attributes:
        name: Of the reader.
        reading: Of a case.
    """

    name: str
    reading: Callable[[X], P]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One reading a case."""
        return [self.reading(one) for one in predictors]

    def save(self, folder: Path) -> None:
        """Write who read; readings come with the cases."""
        write_json(folder / _FILE, {"reader": self.name})


@dataclass(frozen=True)
class Recorded(Generic[X, P]):
    """Recipe without settings: a reader whose readings travel with the predictors of each case.

    A reader who has not read the development cases says of them whatever `reading` gives for a case without a reading
    (nothing found): what the report tells of development is then no statement about the reader.

    Attributes:
        name: snake_case ("second_observer").
        label: As printed.
        reading: The reading of a case.
        description: Who read, and what they knew, for the methods section.
    """

    name: str
    label: str
    reading: Callable[[X], P]
    description: str
    members: ClassVar[int] = 1
    recorded: ClassVar[bool] = True
    defaults: ClassVar[Settings] = {}

    def propose(self, trial: Trial) -> Settings:  # noqa: ARG002 - there is nothing to propose
        """No settings."""
        return {}

    def fit(
        self,
        settings: Settings,  # noqa: ARG002 - there are none
        development: Sequence[Sample[X, Any]],  # noqa: ARG002 - a reader is not fitted
        selection: Sequence[Sample[X, Any]],  # noqa: ARG002
        *,
        seed: int,  # noqa: ARG002 - nothing is drawn
    ) -> tuple[Readings[X, P], Mapping[str, Json]]:
        """The readings as they were recorded."""
        return Readings(self.name, self.reading), {}

    def load(self, folder: Path) -> Readings[X, P]:
        """Read back what `save` wrote; raises ModelError when it is of another reader."""
        found = read_json(folder / _FILE).get("reader")
        if found != self.name:
            msg = (
                f"the saved readings are of {found!r}, not of {self.name!r}; load them with the learner that saved them"
            )
            raise ModelError(msg)
        return Readings(self.name, self.reading)
