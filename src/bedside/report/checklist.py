"""Reporting checklists, filled from Evidence and the study's card; what is not known is marked open.

A checklist is a TOML file beside this one. Each item says, in our own words, what to report, and how to answer:

- `answer`: a template over the evidence; an empty result is no answer;
- `card`: words of a heading in card.md below which the answer may stand;
- `place`: the section of the report that shows it;
- `todo`: what the author must write when none of these answers;
- `also`: what the author must add even when they do.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from jinja2 import Environment, StrictUndefined

from bedside.errors import StudyError
from bedside.evidence.schema import Evidence
from bedside.report import contents, document, markdown
from bedside.report.facts import Facts

Status = Literal["answered", "partly", "open"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item, answered as far as the evidence goes.

    Attributes:
        number: Its number in the guideline ("12e").
        applies: To which kind of study, in the guideline's letters; "" where it makes no difference.
        ask: What to report, in our words.
        status: Whether the author still has to write something.
        answer: Text that answers it, or "".
        place: Anchor of the section of the report that shows it, or "".
        place_title: Title of that section.
        todo: What the author must still write, or "".
    """

    number: str
    applies: str
    ask: str
    status: Status
    answer: str
    place: str
    place_title: str
    todo: str


@dataclass(frozen=True, slots=True)
class Group:
    """Items under one heading of the guideline."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A checklist, filled for one run."""

    name: str
    title: str
    about: str
    study: str
    groups: tuple[Group, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items in order."""
        return tuple(item for group in self.groups for item in group.items)

    @property
    def tally(self) -> str:
        """How many items are answered, partly answered and open."""
        number = Counter(item.status for item in self.items)
        return (
            f"{number['answered']} of {len(self.items)} answered, {number['partly']} partly, "
            f"{number['open']} open for the author."
        )


def names() -> tuple[str, ...]:
    """Names of all checklists ("tripod-ai", "claim-2024" ...)."""
    folder = files("bedside.report").joinpath("checklists")
    return tuple(sorted(entry.name[: -len(".toml")] for entry in folder.iterdir() if entry.name.endswith(".toml")))


def suited(evidence: Evidence) -> tuple[str, ...]:
    """Checklists that belong in the report of this study, the general ones first."""
    found = []
    for name in names():
        source = _read(name)
        modalities, endpoints = source["modalities"], source["endpoints"]
        if not source["in_report"] or (modalities and evidence.study.modality not in modalities):
            continue
        if not endpoints or evidence.study.endpoint in endpoints:
            found.append((source["order"], name))
    return tuple(name for _, name in sorted(found))


def fill(name: str, evidence: Evidence) -> Filled:
    """Fill a checklist from evidence.

    Raises:
        StudyError: There is no checklist of that name.
    """
    source = _read(name)
    facts, places = Facts(evidence), dict(contents.entries(evidence))
    groups = tuple(
        Group(group["title"], tuple(_item(item, evidence, facts, places) for item in group["items"]))
        for group in source["groups"]
    )
    return Filled(name, source["title"], source["about"], evidence.study.title, groups)


def write_checklist(folder: Path, name: str, format: str = "md") -> Path:  # noqa: A002 - the word users know
    """Write a filled checklist beside the report of a finished run.

    Args:
        folder: The run's folder.
        name: One of `names()`.
        format: "md", "html" or "docx" (which needs the extra `bedside[docx]`).

    Returns:
        The path of the file, `<name>.<format>` in the folder.

    Raises:
        StudyError: There is no checklist of that name, or no such format.
        FileProblem: The folder holds no valid evidence.json.
        OutputProblem: The file cannot be written.
    """
    from bedside.report.page import page, read_evidence, write  # noqa: PLC0415 - the page shows checklists itself

    filled = fill(name, read_evidence(folder))
    if format == "md":
        content = document.to_markdown(filled).encode()
    elif format == "html":
        title = f"{filled.title}: {filled.study}"
        content = page("checklist-page.html.j2", title=title, filled=filled, home="report.html").encode()
    elif format == "docx":
        content = document.to_docx(filled)
    else:
        msg = f"{format!r} is no format of a checklist; choose md, html or docx"
        raise StudyError(msg)
    return write(folder / f"{name}.{format}", content)


def _item(source: dict[str, str], evidence: Evidence, facts: Facts, places: dict[str, str]) -> Item:
    answer = _template(source.get("answer", "")).render(study=evidence.study, evidence=evidence, facts=facts)
    card = markdown.section(evidence.study.card, *source["card"].split("|")) if source.get("card") else ""
    place = source.get("place", "")
    place = place if place in places else ""
    answer = " ".join(f"{answer} {card}".split())
    also = source.get("also", "")
    known = bool(answer or place)
    status: Status = "open" if not known else "partly" if also else "answered"
    return Item(
        number=source["number"],
        applies=source.get("applies", ""),
        ask=source["ask"],
        status=status,
        answer=answer,
        place=place,
        place_title=places.get(place, ""),
        todo=also if known else source.get("todo") or source.get("also", ""),
    )


@cache
def _template(text: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return Environment(undefined=StrictUndefined, autoescape=False).from_string(text)  # noqa: S701 - escaped when shown


@cache
def _read(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    if name not in names():
        msg = f"there is no checklist {name!r}; choose one of {', '.join(names())}"
        raise StudyError(msg)
    text = files("bedside.report").joinpath("checklists", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
