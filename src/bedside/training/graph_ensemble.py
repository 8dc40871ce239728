"""Members that were fitted together, each as an ONNX graph, with their calibration in NumPy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from bedside.endpoints.endpoint import Endpoint
from bedside.training.calibration import Calibrator, restore
from bedside.training.export import Graphed
from bedside.training.named import address, named
from bedside.training.storage import damaged, read_json, write_json

X = TypeVar("X")
P = TypeVar("P")

_FILE = "ensemble.json"


@dataclass(frozen=True, eq=False)
class GraphEnsemble(Generic[X, P]):
    """What `tuned.Ensemble` is, of graphs.

    Attributes:
        endpoint: Pools the members' predictions.
        members: As graphs.
        calibrator: Applied to pooled predictions.
    """

    endpoint: Endpoint[Any, P]
    members: tuple[Graphed[X, P], ...]
    calibrator: Calibrator[P]

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One calibrated prediction a case, in order."""
        if len(predictors) == 0:
            return []
        told = [member.predict(predictors) for member in self.members]
        return self.calibrator(list(told[0]) if len(told) == 1 else self.endpoint.pool(told))

    def save(self, folder: Path) -> None:
        """Write members and calibration."""
        for number, member in enumerate(self.members):
            where = folder / _member(number)
            where.mkdir(parents=True, exist_ok=True)
            member.save(where)
        classes = [address(type(member)) for member in self.members]
        write_json(folder / _FILE, {"members": [*classes], "calibration": self.calibrator.state()})

    @classmethod
    def load(cls, folder: Path, endpoint: Endpoint[Any, P], packages: Sequence[str]) -> "GraphEnsemble[X, P]":
        """Read back what `save` wrote.

        Raises:
            ModelError: It is damaged, or asks for a class that is in none of these packages.
        """
        content = read_json(folder / _FILE)
        classes, calibration = content.get("members"), content.get("calibration")
        if not isinstance(classes, list) or not classes or not isinstance(calibration, dict):
            raise damaged(folder / _FILE, "it names no members or no calibration")
        members = tuple(
            named(str(of), ("load", "predict"), packages).load(folder / _member(number), endpoint, packages)
            for number, of in enumerate(classes)
        )
        return cls(endpoint, members, restore(endpoint, calibration))


def _member(number: int) -> str:
    return f"member-{number}"
