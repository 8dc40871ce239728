"""A study put together from what every study.toml declares, of whatever data."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import Source
from bedside.endpoints.endpoint import Endpoint
from bedside.explain.explainer import Explainer
from bedside.modalities.modality import Modality
from bedside.own_data.declaration import Declared, Part
from bedside.own_data.validations import validation_of
from bedside.study.declare import Study
from bedside.training.learner import Learner

R = TypeVar("R")
X = TypeVar("X")


def assembled(
    declared: Declared,
    *,
    fingerprint: str,
    source: Source[R],
    cohort: Cohort[R, X, Any],
    modality: Modality[X],
    endpoint: Endpoint[Any, Any],
    learner: Callable[[str], Learner[X, Any, Any]],
    identity: str,
    limits: tuple[str, ...],
    explainers: tuple[Explainer[X], ...] = (),
) -> Study[R, X, Any, Any]:
    """The study of a declaration.

    Args:
        declared: What study.toml says.
        fingerprint: Of it.
        source: Of the records.
        cohort: Who is studied.
        modality: Of the predictors.
        endpoint: Of the outcome.
        learner: By its name.
        identity: How patients are recognised, in words.
        limits: What a reader should know before relying on the results.
        explainers: That are tried on every learner.

    Raises:
        StudyError: Parts of the declaration contradict each other.
    """
    part = declared.study
    model, *comparators = map(learner, (declared.learners.model, *declared.learners.comparators))
    return Study(
        name=part.name,
        fingerprint=fingerprint,
        question=part.question,
        intended_use=part.intended_use,
        source=source,
        cohort=cohort,
        modality=modality,
        endpoint=endpoint,
        model=model,
        comparators=tuple(comparators),
        validations=tuple(validation_of(one, declared.columns) for one in declared.validations),
        subgroups=tuple(declared.subgroups),
        primary_measure=part.primary_measure,
        primary_comparator=declared.learners.primary_comparator,
        margin=part.margin,
        group_margin=part.group_margin,
        minimum_group=part.minimum_group,
        smallest_cell=part.smallest_cell,
        trials=part.trials,
        bootstrap=part.bootstrap,
        identity=identity,
        limits=limits,
        title=part.name.replace("_", " ").capitalize(),
        explainers=explainers,
    )


def cohort_of(
    declared: Declared, outcome: str, horizon: str, draw: Callable[[R], list[Sample[X, Any] | Excluded]]
) -> Cohort[R, X, Any]:
    """Who is studied: eligibility as declared, the outcome in words, and when it is judged."""
    return Cohort(eligibility=declared.study.eligibility, outcome=outcome, horizon=horizon or "not stated", draw=draw)


def fingerprint_of(declared: Part, places: Mapping[str, set[str]]) -> str:
    """Hash of a declaration, whatever the seed and wherever data lie: `places` are names of paths, by part."""
    exclude = {name: part for name, part in places.items() if hasattr(declared, name)}
    return sha256(declared.model_dump_json(exclude={**exclude, "study": {"seed"}}).encode()).hexdigest()
