"""Which sections a report has, in order: the contents list, and the places that checklists point to."""

from bedside.evidence.figure import Figure
from bedside.evidence.schema import Evidence
from bedside.report.look import anchor

FIGURES = {
    "discrimination": "Discrimination",
    "calibration": "Calibration",
    "utility": "Clinical utility",
    "errors": "Errors",
    "training": "Training",
}
"""Sections of figures that stand together under "Figures"; robustness and explanation have sections of their own."""


def figures(evidence: Evidence) -> dict[str, list[Figure]]:
    """Figures by the title of their section, in the order of a paper."""
    by_title: dict[str, list[Figure]] = {title: [] for title in FIGURES.values()}
    for figure in evidence.figures:
        if figure.section not in FIGURES:
            continue
        by_title[FIGURES[figure.section]].append(figure)
    return {title: found for title, found in by_title.items() if found}


def own(evidence: Evidence, section: str) -> list[Figure]:
    """Figures that the endpoint drew for a section of its own ("robustness", "explanation")."""
    return [figure for figure in evidence.figures if figure.section == section]


def entries(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """(anchor, title) of every section that this evidence fills."""
    primary = next((validation for validation in evidence.validations if validation.primary), evidence.validations[0])
    judged = [row for row in evidence.performance if row.validation == primary.name]
    optional = (
        ("head-to-head", "Head to head", any(row.validation == primary.name for row in evidence.comparisons)),
        ("subgroups", "Subgroups", any("=" in row.group and not row.group.startswith("split=") for row in judged)),
        ("fairness", "Fairness", bool(evidence.gaps)),
        ("splits", "Single splits", any(row.group.startswith("split=") for row in judged)),
        ("other-validations", "Other validations", len(evidence.validations) > 1),
        ("robustness", "Robustness", bool(evidence.robustness or own(evidence, "robustness"))),
        ("missing-outcomes", "Missing outcomes", bool(evidence.sensitivity)),
        ("shift", "Shift", bool(evidence.shift)),
        (
            "explanation",
            "Explanation",
            bool(
                evidence.explanations
                or evidence.explanation_checks
                or any(picture.kind != "drawn" for picture in evidence.pictures)
                or own(evidence, "explanation")
            ),
        ),
        ("hazard-ratios", "Hazard ratios", bool(evidence.hazard_ratios)),
        ("uncertainty", "Uncertainty", bool(evidence.coverage or evidence.selective)),
        ("sample-size", "Sample size", bool(evidence.sample_size)),
        ("agreement", "Agreement", bool(evidence.agreement)),
    )
    return (
        ("verdict", "Verdict"),
        ("question", "Question"),
        ("participants", "Participants"),
        ("performance", "Performance"),
        *((anchor(title), title) for title in figures(evidence)),
        *((("cases", "Cases"),) if any(picture.kind == "drawn" for picture in evidence.pictures) else ()),
        *((name, title) for name, title, there in optional if there),
        ("conduct", "Conduct"),
        ("limits", "Limits"),
        ("methods", "Methods"),
        ("checklists", "Checklists"),
        ("reproduce", "Reproduce"),
    )
