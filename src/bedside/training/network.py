"""A network as a recipe: a modality's trunk, an endpoint's head and a training loop, composed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.encoder import Prepared, Trunk
from bedside.networks.head import Head
from bedside.networks.range import Range
from bedside.training.determinism import deterministic
from bedside.training.learner import Settings, Trial
from bedside.training.loop import Loop, Trainer
from bedside.training.model import Model
from bedside.training.storage import damaged, read_json, write_json
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)


class HeadMaker(Protocol[P_co]):
    """A head class, or anything that makes a head for an endpoint."""

    def __call__(self, endpoint: Endpoint[Any, Any], width: int, members: int) -> Head[Any, Any, P_co]:
        """A head for features of this width and as many members."""
        ...


@dataclass(frozen=True, eq=False)
class FittedNetwork(Generic[X, P]):
    """A trained network with its fitted preparation.

    Attributes:
        prepared: Makes batches of predictors.
        model: Encoder and head.
        settings: The network was built with.
        chunk: Cases predicted at a time.
    """

    prepared: Prepared[X, Any]
    model: Model[Any]
    settings: Settings
    chunk: int

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        with deterministic(0):
            outputs = self.model.outputs(self.prepared.batches(predictors), chunk=self.chunk)
        predictions: list[P] = self.model.head.decode(outputs)
        return predictions

    def save(self, folder: Path) -> None:
        """Write settings and preparation as JSON, weights as safetensors."""
        write_json(folder / "network.json", {"settings": dict(self.settings), "preparation": self.prepared.state()})
        weights = {name: value.detach().cpu().contiguous() for name, value in self.model.state_dict().items()}
        save_file(weights, folder / "weights.safetensors")


@dataclass(frozen=True)
class Network(Generic[X, P]):
    """Recipe: trunk and head trained together.

    Attributes:
        endpoint: What is predicted; its loss stops training.
        trunk: The modality's half ("TabularTrunk(schema)").
        head: The endpoint's half: its head class ("BinaryHead").
        name: snake_case, unique in a study.
        label: As printed.
        loop: How weights are fitted.
        members: Networks of different seeds that are averaged where the tuning partition is held out.
        chunk: Cases predicted at a time.
    """

    endpoint: Endpoint[Any, P]
    trunk: Trunk[X, Any]
    head: HeadMaker[P]
    name: str = "tabular_network"
    label: str = "Tabular network"
    loop: Trainer = field(default_factory=Loop)
    members: int = 3
    chunk: int = 4096
    rates: ClassVar[Mapping[str, Range]] = {
        "learning_rate": Range(2e-3, 5e-4, 1e-2, log=True),
        "weight_decay": Range(0.1, 1e-3, 1.0, log=True),
    }

    @property
    def description(self) -> str:
        """How it is built and trained, for the methods section."""
        return f"A neural network: {self.trunk.description}. {self.loop.description}"

    @property
    def defaults(self) -> Settings:
        """Settings of the first trial."""
        return {name: allowed.default for name, allowed in self._space.items()}

    def propose(self, trial: Trial) -> Settings:
        """Learning rate, weight decay and what the trunk lets vary."""
        return {name: _suggest(trial, name, allowed) for name, allowed in self._space.items()}

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[X, Any]],
        selection: Sequence[Sample[X, Any]],
        *,
        seed: int,
    ) -> tuple[FittedNetwork[X, P], Mapping[str, Json]]:
        """Fit with these settings; selection stops training and chooses the epoch.

        Raises:
            ModelError: Nothing can be learned from development outcomes, there is no selection, or training diverged.
        """
        if len(selection) == 0:
            msg = f"{self.name} was given no selection samples; early stopping needs them"
            raise ModelError(msg)
        prepared = self.trunk.prepare([sample.predictors for sample in development])
        cases = prepared.batches([sample.predictors for sample in development])
        judged = prepared.batches([sample.predictors for sample in selection])
        outcomes = [sample.outcome for sample in selection]
        with deterministic(seed):
            model = self._model(prepared, settings)
            model.head.adapt([sample.outcome for sample in development])
            targets = model.head.targets([sample.outcome for sample in development])

            def judge() -> float:
                outputs = model.outputs(judged, chunk=self.chunk)
                # Not-a-number is told apart from a bad loss before the endpoint sees it.
                return self.endpoint.loss(outcomes, model.head.decode(outputs)) if finite(outputs) else float("nan")

            course = self.loop.train(
                model,
                cases,
                targets,
                judge,
                learning_rate=float(settings["learning_rate"]),
                weight_decay=float(settings["weight_decay"]),
            )
        record = {"best_epoch": course.best, "epochs": course.epochs, "selection_loss": course.loss}
        return FittedNetwork(prepared, model.cpu(), settings, self.chunk), record

    def load(self, folder: Path) -> FittedNetwork[X, P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        content = read_json(folder / "network.json")
        path = folder / "weights.safetensors"
        try:
            settings = _settings(content["settings"])
            prepared = self.trunk.restore(content["preparation"])
            with deterministic(0):
                model = self._model(prepared, settings)
            model.load_state_dict(load_file(path))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise damaged(path, str(error)) from error
        return FittedNetwork(prepared, model.eval(), settings, self.chunk)

    @property
    def _space(self) -> dict[str, Range]:
        return {**self.rates, **self.trunk.space}

    def _model(self, prepared: Prepared[X, Any], settings: Settings) -> Model[Any]:
        encoder = prepared.encoder(settings)
        return Model(encoder, self.head(self.endpoint, encoder.width, encoder.members))


def finite(outputs: Any) -> bool:  # noqa: ANN401 - any array
    """Whether all raw outputs are finite."""
    return bool(torch.isfinite(torch.as_tensor(outputs)).all())


def _suggest(trial: Trial, name: str, allowed: Range) -> "float | int":
    if isinstance(allowed.default, int):
        return trial.suggest_int(name, int(allowed.low), int(allowed.high), log=allowed.log)
    return trial.suggest_float(name, allowed.low, allowed.high, log=allowed.log)


def _settings(content: Json) -> Settings:
    if not isinstance(content, dict):
        msg = f"settings are a {type(content).__name__}, not an object"
        raise TypeError(msg)
    return {name: value for name, value in content.items() if isinstance(value, bool | int | float | str)}
