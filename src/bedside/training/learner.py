"""What can be tried in a study: a network, a logistic regression, a score, a reader.

Free of torch, as all files of this floor are that the spine imports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.evidence.hazards import Associations
from bedside.types import Json

X = TypeVar("X")
Y = TypeVar("Y")
P = TypeVar("P")
X_contra = TypeVar("X_contra", contravariant=True)
Y_contra = TypeVar("Y_contra", contravariant=True)
P_co = TypeVar("P_co", covariant=True)

CURVE = "curve"
"""Where the record of one fit keeps its training curve, for recipes that have one."""

CURVES = "curves"
"""Where the record of a learner keeps those of its members."""

Settings: TypeAlias = Mapping[str, "float | int | str | bool"]


class Fitted(Protocol[X_contra, P_co]):
    """A model that can predict. P is the prediction for ONE case."""

    def predict(self, predictors: Sequence[X_contra]) -> Sequence[P_co]:
        """One prediction a case, in order; the same alone as in company."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything needed to predict; no pickle (safetensors, JSON, skops, text)."""
        ...


@dataclass(frozen=True)
class Fit(Generic[X, P]):
    """What fitting gives.

    Attributes:
        fitted: The model that is judged and saved.
        reference: Predictions by models that were not fitted on the case: for `tuning.calibration` in order when
            held out, for every development sample in order when cross-fitted.
        record: What happened, for evidence: chosen settings, trials, epochs, training curves. JSON, no patient data.
    """

    fitted: Fitted[X, P]
    reference: Sequence[P]
    record: Mapping[str, Json] = field(default_factory=dict)


@runtime_checkable
class OfRecord(Protocol):
    """A learner or recipe that may repeat what was recorded of a case and never look at it."""

    @property
    def recorded(self) -> bool:
        """Whether it does; changes of a case then tell nothing about it."""
        ...


@runtime_checkable
class Weighing(Protocol):
    """A learner or recipe that may be able to let a case count for as many as its weight says."""

    @property
    def weighs(self) -> bool:
        """Whether it does, wherever it learns, chooses or calibrates."""
        ...


def weighs(learner: object) -> bool:
    """Whether a learner or recipe takes account of weights of cases; one that does not say so does not."""
    return isinstance(learner, Weighing) and learner.weighs


@runtime_checkable
class Associated(Protocol):
    """A learner or recipe that tells how the outcome goes with each predictor, by hazard ratios."""

    def associations(self, development: Sequence[Sample[Any, Any]]) -> Associations:
        """Of these cases; nothing that is judged rests on it."""
        ...


def associations(learner: object, development: Sequence[Sample[Any, Any]]) -> Associations:
    """What a learner or recipe tells of these cases; nothing where it tells none."""
    return learner.associations(development) if isinstance(learner, Associated) else Associations()


class Learner(Protocol[X, Y_contra, P]):
    """Anything that learns (or needs not learn) to predict the endpoint from the predictors."""

    @property
    def name(self) -> str:
        """snake_case, unique in a study ("elastic_net")."""
        ...

    @property
    def label(self) -> str:
        """As printed ("Logistic regression (elastic net)")."""
        ...

    @property
    def description(self) -> str:
        """One sentence for the methods section."""
        ...

    def fit(self, development: Sequence[Sample[X, Y_contra]], tuning: Tuning[X, Y_contra], *, seed: int) -> Fit[X, P]:
        """Fit on development, select and calibrate on tuning; same seed, same bytes."""
        ...

    def load(self, folder: Path) -> Fitted[X, P]:
        """Read back what `Fitted.save` wrote; raises ModelError when it is damaged."""
        ...


class Trial(Protocol):
    """The part of an Optuna trial that a recipe uses to propose settings."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int: ...
    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


class Recipe(Protocol[X_contra, Y_contra, P_co]):
    """One family of models with settings; `Tuned` turns a recipe into a Learner.

    Attributes:
        defaults: Settings of the first trial; empty when there is nothing to tune.
        members: How many seeds to average when the tuning partition is held out (1 for deterministic recipes).
    """

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def defaults(self) -> Settings: ...
    @property
    def members(self) -> int: ...

    def propose(self, trial: Trial) -> Settings:
        """Settings for one trial."""
        ...

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[X_contra, Y_contra]],
        selection: Sequence[Sample[X_contra, Y_contra]],
        *,
        seed: int,
    ) -> tuple[Fitted[X_contra, P_co], Mapping[str, Json]]:
        """Fit with these settings; `selection` may stop training early and nothing else. Returns model, record."""
        ...

    def load(self, folder: Path) -> Fitted[X_contra, P_co]: ...
