"""The model card, in the form that model hubs read: metadata, then what the model is for and how it did."""

import json

from bedside.evidence.schema import Evidence, Performance
from bedside.report.facts import Facts
from bedside.report.number import interval

TASKS = {"binary": "tabular-classification", "multiclass": "tabular-classification", "continuous": "tabular-regression"}


def model_card(evidence: Evidence) -> str:
    """A Hugging Face model card (Markdown with YAML metadata and a model index) of the model on trial.

    Where the release rule chose a comparator, the card is that learner's: a card describes what may be released.
    """
    facts = Facts(evidence)
    name = evidence.released or evidence.study.model
    return "\n".join(["---", *_metadata(evidence, facts, name), "---", "", *_body(evidence, facts, name), ""])


def _quoted(text: str) -> str:
    """A string that YAML reads back exactly (JSON strings are YAML)."""
    return json.dumps(text, ensure_ascii=False)


def _metadata(evidence: Evidence, facts: Facts, name: str) -> list[str]:
    study = evidence.study
    task = TASKS.get(study.endpoint, study.endpoint) if study.modality == "tabular" else study.endpoint
    tags = ["bedside", "medical", study.modality, study.endpoint, *(["simulated-data"] if study.simulated else [])]
    lines = [
        "library_name: bedside",
        "license: unknown",
        f"pipeline_tag: {_quoted(task)}",
        "tags:",
        *[f"- {_quoted(tag)}" for tag in tags],
        "model-index:",
        f"- name: {_quoted(f'{study.name}/{name}')}",
        "  results:",
        "  - task:",
        f"      type: {_quoted(task)}",
        "    dataset:",
        f"      type: {_quoted(study.source)}",
        f"      name: {_quoted(study.source)}",
        f"      split: {_quoted(facts.results.validation.name)}",
        "    metrics:",
    ]
    for row in _rows(facts, name):
        label = facts.results.measure_of(row.measure).label
        lines += [
            f"    - type: {_quoted(row.measure)}",
            f"      name: {_quoted(label)}",
            f"      value: {row.value!r}",
            "      verified: false",
        ]
    return lines


def _rows(facts: Facts, name: str) -> list[Performance]:
    rows = (facts.results.row(name, measure.name) for measure in facts.evidence.measures)
    return [row for row in rows if row is not None and row.value is not None]


def _body(evidence: Evidence, facts: Facts, name: str) -> list[str]:
    study, results = evidence.study, facts.results
    learner = results.learner(name)
    simulated = ["> **Simulated data.** No real patient stands behind these numbers.", ""] if study.simulated else []
    doubts = [f"> **Caution.** {_line(doubt)}" for doubt in evidence.doubts]
    table = ["| Measure | Estimate | Method |", "|---|---|---|"]
    for row in _rows(facts, name):
        if row.value is not None:
            words = (results.measure_of(row.measure).label, interval(row.value, row.low, row.high), row.method)
            table.append("| " + " | ".join(_cell(word) for word in words) + " |")
    return [
        f"# {_line(results.label(name))}: {_line(study.title)}",
        "",
        *simulated,
        f"**{_line(evidence.verdict)}**",
        "",
        *doubts,
        "",
        "Not a medical device. Research evidence; no decision about a patient may rest on it.",
        "",
        *_part("Model", learner.description if learner else name),
        *_part("Intended use", study.intended_use),
        *_part("Question", study.question),
        *_part(
            "Population and data", f"{study.eligibility} Source: {study.source} ({study.licence}). {study.citation}"
        ),
        *_part("Outcome", f"{study.outcome} Horizon: {study.horizon}."),
        *_part("Development and evaluation", f"{facts.validations} {facts.partitions} {facts.judged}"),
        "## Performance",
        "",
        *table,
        "",
        _line(facts.contrast),
        "",
        *_part("Fairness", facts.fairness or facts.subgroups),
        *_part("Robustness", facts.robustness),
        *_part("Missing outcomes", facts.sensitivity),
        *_part("Shift between development and judged patients", facts.shift),
        *_part(
            "Explanation", facts.explanation and f"{facts.explanation} Importance is about the model, not about causes."
        ),
        *_part("Hazard ratios", facts.hazards),
        *_part("Uncertainty", facts.uncertainty),
        *_part("Sample size", facts.sample_size),
        *_part("Limits", facts.limits or "None declared; see the study's report."),
        *_part("Integrity", f"{facts.plan} {facts.ledger} {facts.audit}"),
        *_part("Provenance", f"{facts.environment} Data hash {evidence.provenance.data_hash}."),
    ]


def _part(title: str, text: str) -> list[str]:
    return [f"## {title}", "", _line(text), ""] if text.strip() else []


def _line(text: str) -> str:
    """Text as one line that cannot start markup."""
    return " ".join(text.split()).replace("<", "&lt;")


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
