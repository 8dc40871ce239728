"""The only place that knows what kind of outcome a study has."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from bedside.data.marks import Drawing
from bedside.endpoints.columns import Columns
from bedside.endpoints.measure import Measure
from bedside.endpoints.target import Quantity, Question, Target, log_losses
from bedside.evidence.figure import Figure
from bedside.types import Booleans, Floats, Integers, Json

Y = TypeVar("Y")
P = TypeVar("P")
Y_contra = TypeVar("Y_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Reference(Generic[Y, P]):
    """What measures may be fixed on before the test partition is opened.

    Attributes:
        development: Outcomes of the development samples.
        tuning: Outcomes that go with `predictions`: the calibration half, or all development samples when
            cross-fitted.
        predictions: Predictions for them by models that were not fitted on them.
        weights: How many cases each of `tuning` stands for, shape (n,); None where each stands for itself.
    """

    development: Sequence[Y]
    tuning: Sequence[Y]
    predictions: Sequence[P]
    weights: Floats | None = None


@dataclass(frozen=True, slots=True)
class View(Generic[Y, P]):
    """The judged rows of one learner in one validation, for figures.

    Attributes:
        learner: Its name.
        label: As printed.
        outcomes: Outcomes, in row order.
        predictions: Predictions, same order.
        fold: Which split each row comes from, shape (n,).
        patient: Integer code of each row's patient, shape (n,).
        settings: What the endpoint fixed on tuning, by split number ({"threshold": 0.31}).
        smallest_cell: Smallest number of patients that a figure may show in a cell; 0 shows all.
        weights: How many cases each row stands for, shape (n,); None where each stands for itself.
        compared: Whether it is the comparator of the one pre-specified contrast.
    """

    learner: str
    outcomes: Sequence[Y]
    predictions: Sequence[P]
    fold: Integers
    patient: Integers
    settings: Sequence[Mapping[str, float]]
    label: str = ""
    smallest_cell: int = 0
    weights: Floats | None = None
    compared: bool = False


@dataclass(frozen=True, kw_only=True)
class Categorical(Generic[Y, P]):
    """A target that is one of k classes: what conventional classifiers need, and its own one question."""

    classes: tuple[str, ...]
    index: Callable[[Sequence[Y]], Integers]
    """Outcomes to class numbers, shape (n,)."""
    probabilities: Callable[[Sequence[P]], Floats]
    """Predictions to class probabilities, shape (n, k)."""
    predictions: Callable[[Floats], list[P]]
    """Class probabilities, shape (n, k), to predictions."""
    outcomes: Callable[[Integers], list[Y]]
    """Class numbers, shape (n,), to outcomes."""

    @property
    def name(self) -> str:
        """The outcome answers no other question."""
        return ""

    @property
    def unanswered(self) -> str:
        """Every case holds an answer."""
        return ""

    @property
    def questions(self) -> tuple[Question[Y, P], ...]:
        """Itself."""
        return (self,)

    @property
    def quantities(self) -> tuple[Quantity[Y, P], ...]:
        """None."""
        return ()

    def known(self, outcomes: Sequence[Y]) -> Booleans:
        """All of them."""
        return np.ones(len(outcomes), dtype=np.bool_)

    def uninformed(self, outcomes: Sequence[Y]) -> list[P]:
        """The same probability for every class."""
        count = len(self.classes)
        return self.predictions(np.full((len(outcomes), count), 1 / count))

    def replaced(self, predictions: Sequence[P], answers: Sequence[Floats], numbers: Sequence[Floats]) -> list[P]:
        """Predictions of these probabilities."""
        del predictions, numbers
        return self.predictions(answers[0])

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Y]:
        """Outcomes of these class numbers."""
        del numbers
        return self.outcomes(answers[0])

    def losses(self, outcomes: Sequence[Y], predictions: Sequence[P]) -> Floats:
        """Log loss."""
        return log_losses(self, outcomes, predictions)


@dataclass(frozen=True, kw_only=True)
class Numeric(Generic[Y, P]):
    """A target that is a number: what conventional regressors need, and its own one quantity."""

    unit: str
    values: Callable[[Sequence[Y]], Floats]
    """Outcomes to numbers, shape (n,)."""
    estimates: Callable[[Sequence[P]], Floats]
    """Predictions to numbers, shape (n,)."""
    predictions: Callable[[Floats], list[P]]
    """Numbers, shape (n,), to predictions."""
    outcomes: Callable[[Floats], list[Y]]
    """Numbers, shape (n,), to outcomes."""

    @property
    def questions(self) -> tuple[Question[Y, P], ...]:
        """None."""
        return ()

    @property
    def quantities(self) -> tuple[Quantity[Y, P], ...]:
        """Itself."""
        return (self,)

    def uninformed(self, outcomes: Sequence[Y]) -> list[P]:
        """The outcomes' mean."""
        return self.predictions(np.full(len(outcomes), self.values(outcomes).mean()))

    def replaced(self, predictions: Sequence[P], answers: Sequence[Floats], numbers: Sequence[Floats]) -> list[P]:
        """Predictions of these numbers."""
        del predictions, answers
        return self.predictions(numbers[0])

    def assumed(self, answers: Sequence[Integers], numbers: Sequence[Floats]) -> list[Y]:
        """Outcomes of these numbers."""
        del answers
        return self.outcomes(numbers[0])

    def losses(self, outcomes: Sequence[Y], predictions: Sequence[P]) -> Floats:
        """Squared error."""
        return np.square(self.estimates(predictions) - self.values(outcomes))


class Finish(Protocol[P]):
    """What is done to every prediction of a learner, chosen on cases that it was not fitted on."""

    def __call__(self, predictions: Sequence[P]) -> list[P]:
        """The predictions finished, in order."""
        ...

    def state(self) -> dict[str, Json]:
        """What `Finishing.restore` needs."""
        ...


class Finishing(Protocol[Y_contra, P]):
    """How predictions that are no probabilities are finished: the same choice for the network and for comparators."""

    def fit(self, outcomes: Sequence[Y_contra], predictions: Sequence[P], /) -> Finish[P]:
        """Choose on cases that the learner was not fitted on; there may be none."""
        ...

    def restore(self, state: Mapping[str, Json], /) -> Finish[P]:
        """The inverse of `Finish.state`; raises ModelError for the state of something else."""
        ...


@dataclass(frozen=True, kw_only=True)
class Endpoint(Generic[Y, P]):
    """A kind of outcome: its measures, how predictions are pooled, stored and drawn, and its words.

    Attributes:
        name: "binary", "multiclass", "continuous", ...
        target: What the outcome answers in classes and numbers, as conventional learners and the spine see it.
        primary: Name of the default primary measure.
        stratum: Outcome to a hashable by which splits are stratified.
        describe: Outcome to the word used in tables ("malignant"); continuous outcomes give a range.
        parse: One cell of a table to an outcome; raises OutcomeProblem with what is allowed.
        measures: All measures, fixed on the reference (operating points, censoring weights), per split.
        settings: What was fixed on the reference, for the record ({"threshold": 0.31}).
        rule: How it was fixed, in words ("largest Youden index on tuning data"); "" when nothing is.
        loss: (outcomes, predictions) to the proper score that tuning minimises, equally for every learner.
        pool: Several members' predictions for the same cases, to one prediction a case.
        cells: Predictions to named columns: numbers, shape (n,), for predictions.parquet, or one array a case.
        restore: The inverse of `cells`, exact.
        told: Predictions to the columns that somebody who scores new cases reads; None where those of `cells` are few.
        outcome_cells: Outcomes to named columns.
        restore_outcomes: The inverse of `outcome_cells`.
        figures: Views of all learners in the primary validation, to figures.
        joint: Names of measures that are tested together for equality in all groups of patients, by what would hold
            if they were equal ({"equalised odds": ("sensitivity", "specificity")}); the primary measure is besides.
        drawing: (outcome, prediction) of one case to what is drawn of them over its picture; None where a case is not
            drawn but told in a word or number.
        finishing: How predictions are finished before they are judged; None where recalibration is all.
        weighs: Whether thresholds, measures and figures take account of weights of cases.
        declared: What else the study's author fixed (ranges, a prevalence, cuts), for the analysis plan.
        doubt: Values by measure name (and, where there are classes, "smallest_class": judged cases of the rarest one),
            to a sentence that belongs beside the verdict, or "".
    """

    name: str
    target: Target[Y, P]
    primary: str
    stratum: Callable[[Y], Hashable]
    describe: Callable[[Y], str]
    parse: Callable[[object], Y]
    measures: Callable[[Reference[Y, P]], tuple[Measure[Y, P], ...]]
    settings: Callable[[Reference[Y, P]], Mapping[str, float]]
    loss: Callable[[Sequence[Y], Sequence[P]], float]
    pool: Callable[[Sequence[Sequence[P]]], list[P]]
    cells: Callable[[Sequence[P]], Columns]
    restore: Callable[[Mapping[str, Any]], list[P]]
    outcome_cells: Callable[[Sequence[Y]], Columns]
    restore_outcomes: Callable[[Mapping[str, Any]], list[Y]]
    figures: Callable[[Sequence[View[Y, P]]], tuple[Figure, ...]]
    doubt: Callable[[Mapping[str, float]], str]
    rule: str = ""
    told: Callable[[Sequence[P]], Columns] | None = None
    drawing: "Callable[[Y, P], Drawing] | None" = None
    finishing: "Finishing[Y, P] | None" = None
    joint: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, "float | str | None"] = field(default_factory=dict)
    weighs: bool = False

    @property
    def lies_in_cases(self) -> bool:
        """Whether outcomes are places in their cases, which must not be moved without them."""
        return self.drawing is not None
