"""Evidence to one self-contained HTML page."""

import base64
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pydantic import ValidationError

from bedside.errors import FileProblem, OutputProblem
from bedside.evidence.schema import Evidence, Validation
from bedside.report import checklist, contents, markdown, pictures, plot
from bedside.report.forest import Forest
from bedside.report.look import anchor
from bedside.report.number import typeset
from bedside.report.results import Results
from bedside.report.sections import (
    conduct,
    contrasts,
    explanation,
    fairness,
    gallery,
    groups,
    hazards,
    participants,
    performance,
    robustness,
    sensitivity,
    shift,
    size,
    uncertainty,
)
from bedside.report.sections.summary import setting, summary, validation_words
from bedside.report.table import Table


@dataclass(frozen=True, slots=True)
class Judged:
    """One validation and everything the report says of it."""

    validation: Validation
    title: str
    setting: str
    performance: Table | None
    contrasts: Table | None
    differences: Forest | None
    subgroups: Forest | None
    subgroup_table: Table | None
    subgroup_measures: Table | None
    splits: Forest | None
    split_table: Table | None


def read_evidence(folder: Path) -> Evidence:
    """The evidence of a run.

    Raises:
        FileProblem: There is no evidence.json in the folder, or it is not valid.
    """
    path = folder / "evidence.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        msg = f"{path} does not exist; give the folder of a finished run (`bedside run` prints it)"
        raise FileProblem(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise FileProblem(msg) from error
    try:
        return Evidence.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path} is not evidence of this version of bedside: {where}: {first['msg']}; run the study again"
        raise FileProblem(msg) from error


def write_report(folder: Path) -> Path:
    """Write `report.html` into the folder of a finished run and return its path.

    Raises:
        FileProblem: The folder holds no valid evidence.json, or pictures other than those that the run wrote.
        OutputProblem: The page cannot be written.
    """
    return write(folder / "report.html", render(read_evidence(folder), folder).encode())


def write(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all.

    Raises:
        OutputProblem: The folder cannot be written or the disk is full.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        msg = f"{path} cannot be written: {error.strerror}; free space or choose another folder"
        raise OutputProblem(msg) from error
    return path


def render(evidence: Evidence, folder: Path | None = None) -> str:
    """The page as text; the same evidence gives the same page.

    Args:
        evidence: Of a run.
        folder: Of that run, for the pictures beside its evidence; None leaves them out and says where they are.

    Raises:
        FileProblem: The folder holds other pictures than those that the run wrote.
    """
    results = Results(evidence)
    judged = [_judged(results, validation) for validation in results.validations]
    return page(
        "report.html.j2",
        title=evidence.study.title,
        evidence=evidence,
        study=evidence.study,
        results=results,
        summary=summary(results),
        diagram=participants.diagram(results),
        external_diagrams=participants.external_diagrams(results),
        characteristics=participants.characteristics(results),
        partitions=participants.partitions(results),
        censoring=participants.censoring(results),
        primary=judged[0],
        others=judged[1:],
        apparent=performance.apparent(results),
        sections=contents.figures(evidence),
        contents=contents.entries(evidence),
        own=contents.own,
        conduct=conduct,
        fairness=fairness,
        robustness=robustness,
        sensitivity=sensitivity,
        shift=shift,
        explanation=explanation,
        gallery=gallery,
        hazards=hazards,
        addresses=pictures.inline(evidence, folder),
        uncertainty=uncertainty,
        size=size,
        checklists=[checklist.fill(name, evidence) for name in checklist.suited(evidence)],
        home="",
    )


def page(template: str, **values: Any) -> str:  # noqa: ANN401 - whatever a template asks for
    """A template with the page's style and script set inline, and a policy that allows nothing else."""
    style, script = _asset("style.css"), _asset("script.js")
    plots = _asset("plot.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template(template)
        .render(
            style=Markup(style),  # noqa: S704 - our own file
            plot_style=Markup(plots),  # noqa: S704
            script=Markup(script),  # noqa: S704
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:",
            **values,
        )
    )


@cache
def environment() -> Environment:
    """Templates that escape every value and refuse an unknown name."""
    made = Environment(
        loader=PackageLoader("bedside.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(draw=plot.draw, figure_data=plot.data, anchor=anchor)
    made.filters.update(markdown=markdown.html, inline=markdown.inline, typeset=typeset)
    return made


@cache
def _asset(name: str) -> str:
    return files("bedside.report").joinpath("templates", name).read_text(encoding="utf-8")


def _judged(results: Results, validation: Validation) -> Judged:
    return Judged(
        validation=validation,
        title=validation_words(validation.name).capitalize(),
        setting=setting(validation),
        performance=performance.performance(results, validation),
        contrasts=contrasts.table(results, validation),
        differences=contrasts.figure(results, validation),
        subgroups=groups.subgroups(results, validation),
        subgroup_table=groups.table(results, validation),
        subgroup_measures=groups.every_measure(results, validation),
        splits=groups.splits(results, validation),
        split_table=groups.table(results, validation, of_splits=True),
    )
