"""Everything a run knows once the data are read and before anything is fitted."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bedside.data.sample import Censored, Sample
from bedside.data.split import Split, Validation
from bedside.evidence.schema import ExternalFlow, Finding, FlowStep, Plan
from bedside.study.cohort import Drawn
from bedside.study.declare import Study
from bedside.study.fits import Task
from bedside.study.folder import RunFolder
from bedside.study.weighing import SplitWeights
from bedside.types import Floats


@dataclass(frozen=True)
class Division:
    """One validation, divided.

    Attributes:
        samples: What its splits index: the cohort, followed by external samples if it has a source of its own.
        digests: Content of each sample's predictors.
        cases: Hash of each sample.
        external_flow: Where everyone of its own source went; empty if it has none.
        censored: Cases whose outcome is not known because watching ended, and who stand in no split.
        weights: Of each split; empty where the study weighs nothing.
    """

    validation: Validation
    splits: tuple[Split, ...]
    samples: tuple[Sample[Any, Any], ...]
    digests: tuple[bytes, ...]
    cases: tuple[bytes, ...]
    external_flow: tuple[FlowStep, ...] = ()
    censored: tuple[Censored, ...] = ()
    weights: tuple[SplitWeights, ...] = ()

    def weighed(self, split: int, *partitions: str) -> Floats:
        """How many cases each of these partitions of a split stands for, one after the other, shape (n,)."""
        positions = [getattr(self.splits[split], name) for name in partitions]
        if not self.weights:
            return np.ones(sum(part.size for part in positions))
        return np.concatenate([self.weights[split].of(name) for name in partitions])


@dataclass(frozen=True)
class Job:
    """Everything a run knows once the data are read and before anything is fitted."""

    study: Study[Any, Any, Any, Any]
    folder: RunFolder
    drawn: Drawn[Any, Any]
    divisions: tuple[Division, ...]
    tasks: tuple[Task[Any, Any, Any], ...]
    plan: Plan
    findings: tuple[Finding, ...]
    seed: int
    simulated: int | None
    command: str
    data_hash: str
    study_hash: str
    code_hash: str
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def external_flows(self) -> tuple[ExternalFlow, ...]:
        """The flow of each validation on another source."""
        return tuple(
            ExternalFlow(
                validation=division.validation.name,
                source=source.name,
                licence=source.licence,
                citation=source.citation,
                steps=division.external_flow,
            )
            for division in self.divisions
            if (source := division.validation.source) is not None
        )

    def task(self, validation: str, split: str, learner: str) -> Task[Any, Any, Any]:
        """The task of one learner on one split."""
        return next(
            task
            for task in self.tasks
            if (task.validation, task.split.name, task.learner.name) == (validation, split, learner)
        )
