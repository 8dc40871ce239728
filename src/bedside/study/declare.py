"""A study, as declared before any result is seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar, runtime_checkable

from bedside.data.censoring import CensoringWeights
from bedside.data.cohort import Cohort
from bedside.data.source import Source
from bedside.data.split import Validation
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import StudyError
from bedside.evidence.release import Bindings, ChangePlan, Regulation
from bedside.explain.explainer import Explainer
from bedside.modalities.modality import Modality
from bedside.study.gates import Gate
from bedside.training.learner import Learner, weighs

R = TypeVar("R")
X = TypeVar("X")
Y = TypeVar("Y")
P = TypeVar("P")


@runtime_checkable
class Searched(Protocol):
    """A learner whose settings are searched."""

    trials: int


@dataclass(frozen=True, kw_only=True)
class Study(Generic[R, X, Y, P]):
    """One clinical question put on trial.

    Attributes:
        name: snake_case; the folder's name for applications.
        question: The clinical question, in one sentence.
        intended_use: Who would use the answer, for whom, at which moment.
        source: Where the records come from.
        cohort: Who is studied and what the outcome is.
        modality: What the predictors are, described for table 1 and the audit.
        endpoint: The kind of outcome.
        model: The deep model on trial.
        comparators: What clinicians use today and what is simpler; never empty.
        validations: The primary one first.
        subgroups: Names of sample attributes by which every measure is broken down.
        primary_measure: Name of the measure the verdict rests on; the endpoint's own when empty.
        primary_comparator: The comparator of the one pre-specified contrast; the first when empty.
        margin: Difference in the primary measure that is too small to matter.
        group_margin: Difference between groups that is too small to matter, for tests of equivalence.
        minimum_group: Smallest subgroup that is reported.
        smallest_cell: Smallest number of patients that may be shown in a cell; smaller counts are withheld in all the
            evidence. 0 withholds nothing; CMS asks for 11.
        show_cases: Whether pictures and timelines of single cases, and maps of groups of them, may stand in the report;
            a licence or a hospital may forbid it, and pictures may hold burnt-in names. Nothing is drawn where it is
            False.
        trials: Settings tried for each learner, equally.
        bootstrap: Number of bootstrap replicates.
        identity: How repeated patients are recognised, or that they cannot be.
        folder: Where card.md lies; None when there is none.
        limits: Known limits that the report must print.
        title: As printed; made from the name when empty.
        fingerprint: Hash of whatever else declares the study (a study.toml, a module); its folder is hashed besides.
        origin: How this study is named on the command line, to reproduce it.
        explainers: Methods that tell what learners rely on; each is tried on every learner it applies to.
        judged_only: Names of comparators that are judged and compared, and neither explained nor tried on worse cases.
        weighing: How known outcomes stand for censored ones; None where the cohort censors nobody.
        gates: What the evidence must show before a learner may be released; the default ones when empty.
        bindings: Where a record holds the predictors; None where the study cannot be served from records.
        change_plan: What may change after release without asking anew; nothing when None.
        regulation: What the makers say of the law; that it is no medical device when None.
    """

    name: str
    question: str
    intended_use: str
    source: Source[R]
    cohort: Cohort[R, X, Y]
    modality: Modality[X]
    endpoint: Endpoint[Y, P]
    model: Learner[X, Y, P]
    comparators: tuple[Learner[X, Y, P], ...]
    validations: tuple[Validation, ...]
    subgroups: tuple[str, ...] = ()
    primary_measure: str = ""
    primary_comparator: str = ""
    margin: float = 0.01
    group_margin: float = 0.05
    minimum_group: int = 20
    smallest_cell: int = 0
    show_cases: bool = True
    trials: int = 10
    bootstrap: int = 2000
    identity: str = "by patient"
    folder: Path | None = None
    limits: tuple[str, ...] = ()
    title: str = ""
    fingerprint: str = ""
    origin: str = ""
    explainers: tuple[Explainer[X], ...] = ()
    judged_only: tuple[str, ...] = ()
    weighing: CensoringWeights | None = None
    gates: tuple[Gate, ...] = ()
    bindings: Bindings | None = None
    change_plan: ChangePlan | None = None
    regulation: Regulation | None = None

    def __post_init__(self) -> None:
        if not self.comparators:
            msg = f"study {self.name!r} names no comparator; a model is only ever tried against one"
            raise StudyError(msg)
        if not self.validations:
            msg = f"study {self.name!r} names no validation; declare at least one, the primary first"
            raise StudyError(msg)
        if self.smallest_cell < 0:
            msg = (
                f"study {self.name!r} has a smallest cell of {self.smallest_cell}; give the smallest number of "
                "patients that may be shown, or 0 to show every count"
            )
            raise StudyError(msg)
        names = [learner.name for learner in self.learners]
        if len(set(names)) != len(names):
            msg = f"study {self.name!r} has learners of the same name: {sorted(names)}; names must be unique"
            raise StudyError(msg)
        told = {learner.name: learner.trials for learner in self.learners if isinstance(learner, Searched)}
        if set(told.values()) - {self.trials}:
            msg = f"study {self.name!r} declares {self.trials} trials for every learner, but its learners have {told}"
            raise StudyError(msg)
        if self.primary_comparator and self.primary_comparator not in names[1:]:
            msg = f"primary comparator {self.primary_comparator!r} is none of the comparators {names[1:]}"
            raise StudyError(msg)
        if set(self.judged_only) - set(names[1:]):
            msg = f"{sorted(set(self.judged_only) - set(names[1:]))} are to be judged only; comparators are {names[1:]}"
            raise StudyError(msg)
        if self.weighing is not None:
            self._check_weighing()

    def _check_weighing(self) -> None:
        """Every part that must take account of weights can."""
        if not self.endpoint.weighs:
            msg = (
                f"study {self.name!r} weighs censored outcomes, and measures of a {self.endpoint.name} outcome take no "
                "account of weights; declare a binary outcome at a horizon, or leave weighing out and exclude the "
                "censored"
            )
            raise StudyError(msg)
        cannot = [learner.name for learner in self.learners if not weighs(learner)]
        if cannot:
            msg = (
                f"study {self.name!r} weighs censored outcomes, and {', '.join(cannot)} cannot learn from weighted "
                "cases; leave such learners out, or choose one that can (a network with a head that weighs, elastic "
                "net, boosting, a score)"
            )
            raise StudyError(msg)

    @property
    def release_rule(self) -> str:
        """Which learner would be released, in words; `bedside.study.release_rule` applies it."""
        return "the simplest learner within the margin of the best on tuning data"

    @property
    def learners(self) -> tuple[Learner[X, Y, P], ...]:
        """The model, then the comparators."""
        return (self.model, *self.comparators)
