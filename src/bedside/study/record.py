"""What was declared and how each learner was tuned, in the words of the evidence schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.endpoints.measure import Measure
from bedside.endpoints.target import outcome_words
from bedside.evidence import schema
from bedside.study.fits import Judgement
from bedside.study.job import Division, Job
from bedside.types import Json


@dataclass(frozen=True)
class Read:
    """The stored judgements of one validation: by learner, one a split."""

    division: Division
    by_learner: Mapping[str, Sequence[Judgement[Any]]]
    measures: Mapping[str, Sequence[tuple[Measure[Any, Any], ...]]]
    settings: Mapping[str, Sequence[Mapping[str, float]]]


def primary(job: Job) -> tuple[str, str, str]:
    """Model, comparator and measure of the one pre-specified contrast."""
    study = job.study
    return (
        study.model.name,
        study.primary_comparator or study.comparators[0].name,
        study.primary_measure or study.endpoint.primary,
    )


def study(job: Job) -> schema.Study:
    """The study as declared, with the card's text."""
    study = job.study
    target = study.endpoint.target
    model, comparator, measure = primary(job)
    card = study.folder / "card.md" if study.folder is not None else None
    text = card.read_text("utf-8") if card is not None and card.exists() else ""
    return schema.Study.model_validate(
        {
            "name": study.name,
            "title": study.title or study.name.replace("_", " ").capitalize(),
            "question": study.question,
            "intended_use": study.intended_use,
            "modality": study.modality.name,
            "endpoint": study.endpoint.name,
            "classes": outcome_words(target),
            "unanswered": target.questions[0].unanswered if len(target.questions) == 1 else "",
            "unit": ", ".join(quantity.unit for quantity in target.quantities),
            "eligibility": study.cohort.eligibility,
            "outcome": study.cohort.outcome,
            "horizon": study.cohort.horizon,
            "source": study.source.name,
            "licence": study.source.licence,
            "citation": study.source.citation,
            "model": model,
            "comparators": tuple(learner.name for learner in study.comparators),
            "learners": tuple(
                {
                    "name": learner.name,
                    "label": learner.label,
                    "description": learner.description,
                    "role": "model" if learner is study.model else "comparator",
                }
                for learner in study.learners
            ),
            "primary_measure": measure,
            "primary_comparator": comparator,
            "primary_validation": study.validations[0].name,
            "release_rule": study.release_rule,
            "subgroups": study.subgroups,
            "minimum_group": study.minimum_group,
            "smallest_cell": study.smallest_cell,
            "show_cases": study.show_cases,
            "margin": study.margin,
            "trials": study.trials,
            "simulated": job.simulated is not None,
            "card": _without_front_matter(text),
            "limits": study.limits,
            "identity": study.identity,
        }
    )


def _without_front_matter(text: str) -> str:
    if not text.startswith("---\n"):
        return text
    return text.split("\n---\n", 1)[-1].lstrip()


def measures(stored: Read) -> tuple[schema.Measure, ...]:
    """How each measure is printed and read."""
    found = []
    for measure in next(iter(stored.measures.values()))[0]:
        low, high = (limit if np.isfinite(limit) else None for limit in measure.bounds)
        found.append(
            schema.Measure(
                name=measure.name,
                label=measure.label,
                higher_is_better=measure.higher_is_better,
                target=measure.target,
                operating=measure.operating,
                bounds=(low, high),
            )
        )
    return tuple(found)


def validations(job: Job) -> tuple[schema.Validation, ...]:
    """The validations that were done, the primary one first."""
    return tuple(
        schema.Validation.model_validate(
            {
                "name": division.validation.name,
                "description": division.validation.description,
                "partition": division.validation.partition,
                "splits": tuple(split.name for split in division.splits),
                "primary": number == 0,
            }
        )
        for number, division in enumerate(job.divisions)
    )


def operating_points(job: Job, stored: Read) -> list[schema.OperatingPoint]:
    """What the endpoint fixed on tuning data, by learner and split."""
    return [
        schema.OperatingPoint(
            learner=learner.name,
            validation=stored.division.validation.name,
            split=split.name,
            rule=job.study.endpoint.rule,
            settings=dict(settings),
        )
        for learner in job.study.learners
        for split, settings in zip(stored.division.splits, stored.settings[learner.name], strict=True)
        if settings
    ]


def tuning(job: Job, stored: Read) -> list[schema.Tuning]:
    """Trials and chosen settings, by learner and split."""
    found = []
    for learner in job.study.learners:
        for split, judgement in zip(stored.division.splits, stored.by_learner[learner.name], strict=True):
            record = dict(judgement.record)
            found.append(
                schema.Tuning.model_validate(
                    {
                        "learner": learner.name,
                        "validation": stored.division.validation.name,
                        "split": split.name,
                        "trials": record.get("trials", 0),
                        "best_loss": record.get("best_loss"),
                        "settings": record.get("settings", {}),
                        "notes": _plain(record.get("notes", {})),
                    }
                )
            )
    return found


def _plain(notes: Json) -> dict[str, Json]:
    """Notes with anything nested written as JSON text, so that rows stay flat."""
    if not isinstance(notes, dict):
        return {}
    flat = str | int | float | bool | None
    return {k: v if isinstance(v, flat) else json.dumps(v, sort_keys=True) for k, v in notes.items()}
