"""Reporting checklists, filled from Evidence and the study's card; what is not known is marked open.

A checklist is a TOML file beside this one. Each item says, in our own words, what to report, and how to answer:

- `answer`: a template over the evidence; an empty result is no answer;
- `card`: words of a heading in card.md below which the answer may stand;
- `place`: the section of the report that shows it, or several separated by `|`, of which the first that is there;
- `todo`: what the author must write when none of these answers;
- `also`: what the author must add even when they do.
"""

import tomllib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from bedside.errors import StudyError
from bedside.evidence.schema import Evidence
from bedside.report import contents, markdown
from bedside.report.facts import Facts
from bedside.report.filled import Filled, Group, Item, Status


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


def _item(source: dict[str, str], evidence: Evidence, facts: Facts, places: dict[str, str]) -> Item:
    answer = _template(source.get("answer", "")).render(study=evidence.study, evidence=evidence, facts=facts)
    card = markdown.section(evidence.study.card, *source["card"].split("|")) if source.get("card") else ""
    place = next((name for name in source.get("place", "").split("|") if name in places), "")
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
