"""What was asked and how it is read: the study as declared, its learners, measures and validations."""

from typing import Literal

from bedside.evidence.figure import Frozen


class Learner(Frozen):
    """A learner of the study; `name` is what rows refer to."""

    name: str
    label: str
    description: str
    role: Literal["model", "comparator"]


class Study(Frozen):
    """What was asked, as declared before the run."""

    name: str
    title: str
    question: str
    intended_use: str
    modality: str
    endpoint: str
    classes: tuple[str, ...] = ()
    unanswered: str = ""
    """What cases are called that belong to none of the classes because their outcome is not known in time."""
    unit: str = ""
    eligibility: str
    outcome: str
    horizon: str
    source: str
    licence: str
    citation: str
    model: str
    comparators: tuple[str, ...]
    learners: tuple[Learner, ...]
    primary_measure: str
    primary_comparator: str
    primary_validation: str
    release_rule: str
    subgroups: tuple[str, ...] = ()
    minimum_group: int
    smallest_cell: int = 0
    """Counts from 1 to one less than this are withheld; 0 withholds none."""
    show_cases: bool = True
    """Whether pictures of single cases may be shown."""
    margin: float
    trials: int
    simulated: bool = False
    card: str = ""
    """The text of card.md without its front matter."""
    limits: tuple[str, ...] = ()
    identity: str = "by patient"
    """How repeated patients are recognised, or that they cannot be."""


class Measure(Frozen):
    """How a measure is printed and read."""

    name: str
    label: str
    higher_is_better: bool | None
    target: float | None = None
    operating: bool = False
    bounds: tuple[float | None, float | None] = (0.0, 1.0)


class Validation(Frozen):
    """A validation that was done; `primary` marks the one the verdict rests on."""

    name: str
    description: str
    partition: Literal["test", "out_of_fold"]
    splits: tuple[str, ...]
    primary: bool


class Plan(Frozen):
    """Whether an analysis plan was frozen before the run, and whether it was followed."""

    frozen: bool
    followed: bool | None
    plan_hash: str | None
    frozen_at: str | None
    departures: tuple[str, ...] = ()
