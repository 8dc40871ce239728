"""A fitted model as an ONNX graph between two pieces of NumPy: what is served where a learner has such a form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.arrays import Arrays
from bedside.networks.decoding import Decoding
from bedside.training.named import address, named
from bedside.training.onnx_runtime import Session
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")

GRAPH = "graph.onnx"
_ENDS = "graph.json"


@dataclass(frozen=True, eq=False)
class GraphModel(Generic[X, P]):
    """A graph, what makes its inputs and what makes predictions of its outputs.

    Attributes:
        endpoint: Pools the predictions of several looks.
        ahead: Predictors to arrays.
        graph: An ONNX model, whole.
        behind: Outputs to predictions; a graph with several outputs looks at each case as often.
        chunk: Cases predicted at a time.
    """

    endpoint: Endpoint[Any, P]
    ahead: Arrays[X]
    graph: bytes
    behind: Decoding[P]
    chunk: int

    @cached_property
    def _session(self) -> Session:
        return Session(self.graph)

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case.

        Raises:
            ModelError: Outputs are not finite, or the graph does not belong to the rest.
        """
        if len(predictors) == 0:
            return []
        parts = [self._session.run(self.ahead.arrays(part)) for part in self._parts(predictors)]
        looks = [np.concatenate(look) for look in zip(*parts, strict=True)]
        if not all(np.isfinite(look).all() for look in looks):
            msg = (
                f"a graph for a {self.endpoint.name} endpoint gave outputs that are not finite for some of "
                f"{len(predictors)} cases; look for extreme values among the predictors, or fit the model again"
            )
            raise ModelError(msg)
        told = [self.behind(look) for look in looks]
        return told[0] if len(told) == 1 else self.endpoint.pool(told)

    def save(self, folder: Path) -> None:
        """Write the graph as it is and its two ends as JSON."""
        content: dict[str, Json] = {
            "ahead": {"of": address(type(self.ahead)), "state": self.ahead.state()},
            "behind": {"of": address(type(self.behind)), "state": self.behind.state()},
            "chunk": self.chunk,
        }
        write_json(folder / _ENDS, content)
        (folder / GRAPH).write_bytes(self.graph)

    @classmethod
    def load(cls, folder: Path, endpoint: Endpoint[Any, P], packages: Sequence[str]) -> "GraphModel[X, P]":
        """Read back what `save` wrote.

        Args:
            folder: Of the model.
            endpoint: That it was fitted for.
            packages: That the classes of its two ends may come from.

        Raises:
            ModelError: It is damaged, or of a class from elsewhere.
        """
        content = read_json(folder / _ENDS)
        try:
            ahead, behind, chunk = _part(content["ahead"]), _part(content["behind"]), content["chunk"]
            graph = (folder / GRAPH).read_bytes()
            made = named(ahead[0], ("arrays", "blank", "from_state"), packages).from_state(ahead[1])
            decoding = named(behind[0], ("__call__", "from_state"), packages).from_state(endpoint, behind[1])
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(folder / _ENDS, str(error)) from error
        if not isinstance(chunk, int) or chunk < 1:
            raise damaged(folder / _ENDS, f"{chunk!r} cases at a time")
        model = cls(endpoint, made, graph, decoding, chunk)
        expected = set(made.blank)
        if set(model._session.inputs) != expected:
            raise damaged(folder / GRAPH, f"it takes {sorted(model._session.inputs)}, not {sorted(expected)}")
        return model

    def _parts(self, predictors: Sequence[X]) -> Iterator[Sequence[X]]:
        for start in range(0, len(predictors), self.chunk):
            yield predictors[start : start + self.chunk]


def _part(content: Json) -> tuple[str, Json]:
    if not isinstance(content, dict) or not isinstance(content["of"], str):
        msg = "an end of the graph has no class"
        raise TypeError(msg)
    return content["of"], content["state"]
