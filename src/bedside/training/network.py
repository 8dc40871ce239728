"""A network as a recipe: a modality's trunk, an endpoint's head and a training loop, composed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from bedside.data.sample import Sample, weights_of
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.decoding import Decoded
from bedside.networks.encoder import Apart, Batches, Noted, Prepared, Trunk
from bedside.networks.head import Head, WeighingHead
from bedside.networks.losses import loss_words
from bedside.networks.range import Range
from bedside.training.calibration import REWEIGHTED, selection_loss
from bedside.training.conclusion import conclusion
from bedside.training.determinism import deterministic
from bedside.training.elsewhere import Elsewhere
from bedside.training.export import Graphed, NoGraph
from bedside.training.feed import Augment, Mixing, Views
from bedside.training.learner import CURVE, Settings, Trial
from bedside.training.loop import Loop, Trainer
from bedside.training.model import Model, weighing
from bedside.training.start import Prepares, Start
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.thaw import Thaw
from bedside.training.way import Way, Whole
from bedside.types import Json

X = TypeVar("X")
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)

RATES: Mapping[str, Range] = {
    "learning_rate": Range(2e-3, 5e-4, 1e-2, log=True),
    "weight_decay": Range(0.1, 1e-3, 1.0, log=True),
}


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
        endpoint: Pools the predictions of several views.
        views: Looks at each case whose predictions are pooled; None for the one look at it as it is.
        threads: Of the processor.
        way: How the network sees cases.
    """

    prepared: Prepared[X, Any]
    model: Model[Any]
    settings: Settings
    chunk: int
    endpoint: Endpoint[Any, P]
    views: "Views[Any] | None" = None
    threads: int = 1
    way: Way = field(default_factory=Whole)

    def predict(self, predictors: Sequence[X]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        with deterministic(0, threads=self.threads):
            ask = self.way.asked(self.model, self.prepared, predictors, chunk=self.chunk, views=self.views)
            looks: list[list[P]] | None = ask()
        if looks is None:
            msg = (
                f"a network for a {self.endpoint.name} endpoint gave outputs that are not finite for some of "
                f"{len(predictors)} cases; look for extreme values among the predictors, or fit the model again"
            )
            raise ModelError(msg)
        return looks[0] if len(looks) == 1 else self.endpoint.pool(looks)

    def graphed(self) -> "Graphed[X, P] | NoGraph":
        """The network as an ONNX graph, its preparation and decoding in NumPy; or why there is none.

        Raises:
            ModelError: The network cannot be written as a graph.
        """
        if not isinstance(self.way, Whole):
            return NoGraph(f"a network that sees cases by {type(self.way).__name__} has no ONNX form")
        if not isinstance(self.prepared, Apart) or not isinstance(self.model.head, Decoded):
            bare = self.model.head if isinstance(self.prepared, Apart) else self.prepared
            return NoGraph(f"{type(bare).__name__} has no part in NumPy that an ONNX graph needs beside it")
        # Here, because the exporter is slow to import and training has no need of it.
        from bedside.training.graph_model import GraphModel  # noqa: PLC0415
        from bedside.training.network_graph import network_graph  # noqa: PLC0415

        graph = network_graph(self.model, self.prepared, self.views)
        return GraphModel(self.endpoint, self.prepared.ahead, graph, self.model.head.decoding, self.chunk)

    def save(self, folder: Path) -> None:
        """Write settings and preparation as JSON, weights as safetensors."""
        content: dict[str, Json] = {"settings": dict(self.settings), "preparation": self.prepared.state()}
        if self.views is not None:
            content["views"] = self.views.description
        write_json(folder / "network.json", content)
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
        chunk: Cases predicted at a time; images need fewer than rows of a table.
        rates: Learning rate and weight decay: where the search begins and how far it may go.
        augment: Done to every training batch.
        mixing: Done to every training batch after it.
        views: Looks at each case whose predictions are pooled whenever the network predicts: judged, saved and served.
            While it is trained the one look at a case as it is chooses the epoch.
        start: Where the weights of the encoder begin; None for at random.
        thaw: Which stages of the encoder are trained when; None for all of them alike.
        way: How the network sees cases: whole, or in windows.
        threads: Of the processor, for training and prediction. Sums over several threads round differently, so that
            the number belongs to the result.
    """

    endpoint: Endpoint[Any, P]
    trunk: Trunk[X, Any]
    head: HeadMaker[P]
    name: str = "tabular_network"
    label: str = "Tabular network"
    loop: Trainer = field(default_factory=Loop)
    members: int = 3
    chunk: int = 4096
    rates: Mapping[str, Range] = field(default_factory=lambda: RATES)
    augment: "Augment[Any] | None" = None
    mixing: "Mixing[Any] | None" = None
    views: "Views[Any] | None" = None
    start: Start | None = None
    thaw: Thaw | None = None
    way: Way = field(default_factory=Whole)
    threads: int = 1

    @property
    def description(self) -> str:
        """How it is built and trained, for the methods section."""
        begun = [part.description for part in (self.start, self.thaw) if part is not None]
        way = [self.way.description] if self.way.description else []
        parts = [f"A neural network: {self.trunk.description}.", *begun, *way, self.loop.description]
        if isinstance(self.head, partial):
            parts.append(loss_words(self.head.keywords))
        done = [part.description for part in (self.augment, self.mixing) if part is not None]
        if done:
            parts.append(f"Training batches were changed at random: {'; '.join(done)}.")
        if self.views is not None:
            parts.append(f"Predictions are pooled over several looks at each case: {self.views.description}.")
        return " ".join(parts)

    @property
    def elsewhere(self) -> Elsewhere | None:
        """What the weights that it begins from have seen."""
        return None if self.start is None else self.start.elsewhere

    @property
    def weighs(self) -> bool:
        """Whether its head takes account of weights of cases, and sees each case whole."""
        made = self.head.func if isinstance(self.head, partial) else self.head
        return isinstance(made, type) and issubclass(made, WeighingHead) and isinstance(self.way, Whole)

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
        prepared = self._prepared(development)
        outcomes, stand = [sample.outcome for sample in selection], weights_of(selection)
        with deterministic(seed, threads=self.threads):
            model = self._model(prepared, settings)
            self._adapt(model, development)
            supply = self.way.feed(model, prepared, development, self.augment, self.mixing)
            begun = self._begun(model, settings, prepared, supply.cases)
            conclude = conclusion(model, self.way, supply.cases, development, chunk=self.chunk)
            ask = self.way.asked(model, prepared, [sample.predictors for sample in selection], chunk=self.chunk)

            def judge() -> float:
                told = ask() if conclude() else None
                if told is None:
                    return float("nan")
                return selection_loss(self.endpoint, outcomes, told[0], reweighted=model.head.reweighted, weights=stand)

            course = self.loop.train(
                model,
                supply,
                judge,
                learning_rate=float(settings["learning_rate"]),
                weight_decay=float(settings["weight_decay"]),
            )
        record: dict[str, Json] = {"best_epoch": course.best, "epochs": course.epochs, "selection_loss": course.loss}
        record |= begun
        if isinstance(prepared, Noted):
            record |= prepared.notes
        if course.precision:
            record["precision"] = course.precision
        if model.head.reweighted:
            record[REWEIGHTED] = True
        return self._fitted(prepared, model.cpu(), settings), record | {CURVE: course.to_json()}

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
        looks = self.views.description if self.views is not None else None
        if content.get("views") != looks:
            msg = (
                f"the saved network {self.name} pools its predictions over {content.get('views') or 'one look'}, the "
                f"learner that reads it over {looks or 'one look'}; load it with the learner that saved it"
            )
            raise ModelError(msg)
        return self._fitted(prepared, model.eval(), settings)

    @property
    def _space(self) -> dict[str, Range]:
        space = self.trunk.space if self.start is None else self.start.space(self.trunk.space)
        return {**self.rates, **space}

    def _prepared(self, development: Sequence[Sample[X, Any]]) -> Prepared[X, Any]:
        start: object = self.start
        brought = start.prepare(self.trunk) if isinstance(start, Prepares) else None
        return brought or self.trunk.prepare([sample.predictors for sample in development])

    def _adapt(self, model: Model[Any], development: Sequence[Sample[X, Any]]) -> None:
        outcomes, weights = [sample.outcome for sample in development], weights_of(development)
        if weights is None:
            model.head.adapt(outcomes)
        else:
            weighing(model.head).adapt(outcomes, weights)

    def _begun(
        self, model: Model[Any], settings: Settings, prepared: Prepared[X, Any], cases: Batches[Any]
    ) -> Mapping[str, Json]:
        if self.start is None:
            return {}
        own = {name: settings[name] for name in self.trunk.space}
        return self.start.begin(model.encoder, own, prepared, cases)

    def _fitted(self, prepared: Prepared[X, Any], model: Model[Any], settings: Settings) -> FittedNetwork[X, P]:
        return FittedNetwork(prepared, model, settings, self.chunk, self.endpoint, self.views, self.threads, self.way)

    def _model(self, prepared: Prepared[X, Any], settings: Settings) -> Model[Any]:
        encoder = prepared.encoder(settings)
        return Model(encoder, self.head(self.endpoint, encoder.width, encoder.members), self.thaw)


def _suggest(trial: Trial, name: str, allowed: Range) -> "float | int":
    if isinstance(allowed.default, int):
        return trial.suggest_int(name, int(allowed.low), int(allowed.high), log=allowed.log)
    return trial.suggest_float(name, allowed.low, allowed.high, log=allowed.log)


def _settings(content: Json) -> Settings:
    if not isinstance(content, dict):
        msg = f"settings are a {type(content).__name__}, not an object"
        raise TypeError(msg)
    return {name: value for name, value in content.items() if isinstance(value, bool | int | float | str)}
