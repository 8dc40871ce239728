"""COHORT.toml: a cohort as a text that can be read, edited and written back, always the same bytes."""

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.cohort.criterion import AgeLimits, Calendar, Forbidden, PriorObservation, Required
from bedside.modalities.records.cohort.declaration import Attribute, Censoring, EventCohort, Index, Observation
from bedside.modalities.records.cohort.outcome import Binary, Multilabel, Number, Outcome, Until
from bedside.modalities.records.cohort.predicate import AllOf, AnyOf, Coded, Predicate, Repeated
from bedside.modalities.records.cohort.span import (
    ALLOWED_DURATIONS,
    ALLOWED_EDGES,
    Edge,
    Window,
    duration,
    duration_text,
    edge,
)

T = TypeVar("T")

FORMAT = 1
_EXACT = 2.0**53
_TABLES = ("index", "observation", "predicates", "windows", "criteria", "outcome", "censoring", "attributes")
_TOP = ("format", "name", "eligibility", "keep_flagged")
_PREDICATES: dict[str, type[Predicate]] = {"any_of": AnyOf, "all_of": AllOf, "repeated": Repeated}
_CRITERIA: dict[str, type[Any]] = {
    "age_at_least": AgeLimits,
    "age_below": AgeLimits,
    "prior_observation": PriorObservation,
    "require": Required,
    "forbid": Forbidden,
    "index_from": Calendar,
    "index_before": Calendar,
}
_OUTCOMES: dict[str, type[Outcome]] = {kind.kind: kind for kind in (Binary, Multilabel, Until, Number)}


def load_cohort(path: Path) -> EventCohort:
    """The cohort that a file declares.

    Raises:
        FileProblem: The file is missing or no text.
        RecordsProblem: It is not TOML, has unknown keys or wrong values, or contradicts itself.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        msg = f"{path} cannot be read as a file; give the path of a cohort file (TOML)"
        raise FileProblem(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text; save it as UTF-8"
        raise FileProblem(msg) from error
    return parse(text, str(path))


def parse(text: str, called: str = "COHORT.toml") -> EventCohort:
    """The cohort that a text declares; raises RecordsProblem."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{called} is not valid TOML: {error}"
        raise RecordsProblem(msg) from error
    try:
        return _cohort(content)
    except RecordsProblem as error:
        msg = f"{called}: {error}"
        raise RecordsProblem(msg) from error


def render(cohort: EventCohort) -> str:
    """The text of a cohort, without what is left at its default; `parse` gives back the same cohort."""
    parts = [_lines({"format": FORMAT, "name": cohort.name, "eligibility": cohort.eligibility})]
    if cohort.keep_flagged:
        parts[0] += _lines({"keep_flagged": list(cohort.keep_flagged)})
    parts.append(_table("[index]", cohort.index))
    if cohort.observation != Observation():
        parts.append(_table("[observation]", cohort.observation))
    parts += [_table(f"[predicates.{name}]", each) for name, each in cohort.predicates.items()]
    parts += [_table(f"[windows.{name}]", each) for name, each in cohort.windows.items()]
    parts += [_table("[[criteria]]", each) for each in cohort.criteria]
    parts.append(_table("[outcome]", cohort.outcome, {"kind": cohort.outcome.kind}))
    if cohort.censoring != Censoring():
        parts.append(_table("[censoring]", cohort.censoring))
    parts += [_table(f"[attributes.{name}]", each) for name, each in cohort.attributes.items()]
    return "\n".join(parts)


def _cohort(content: Mapping[str, Any]) -> EventCohort:
    unknown = [key for key in content if key not in {*_TOP, *_TABLES}]
    if unknown:
        _refuse(unknown[0], "a key that is not known", ", ".join((*_TOP, *_TABLES)))
    if content.get("format") != FORMAT:
        _refuse("format", repr(content.get("format")), str(FORMAT))
    for needed in ("name", "eligibility", "index", "predicates", "outcome"):
        if needed not in content:
            _refuse(needed, "nothing", "it must be given")
    criteria = content.get("criteria", [])
    if not isinstance(criteria, list):
        _refuse("criteria", type(criteria).__name__, "tables written as [[criteria]]")
    outcome = dict(_mapping("outcome", content["outcome"]))
    kind = outcome.pop("kind", None)
    if not isinstance(kind, str) or kind not in _OUTCOMES:
        _refuse("outcome.kind", repr(kind), ", ".join(_OUTCOMES))
    kept = content.get("keep_flagged", [])
    return EventCohort(
        name=_TEXT(content["name"], "name"),
        eligibility=_TEXT(content["eligibility"], "eligibility"),
        keep_flagged=_sequence(str)(kept, "keep_flagged"),
        index=_made(Index, content["index"], "index"),
        observation=_made(Observation, content.get("observation", {}), "observation"),
        predicates={
            name: _made(_kind(_PREDICATES, each, Coded), each, f"predicates.{name}")
            for name, each in _mapping("predicates", content["predicates"]).items()
        },
        windows={
            name: _made(Window, each, f"windows.{name}")
            for name, each in _mapping("windows", content.get("windows", {})).items()
        },
        criteria=tuple(
            _made(_kind(_CRITERIA, each, None, f"criteria[{k}]"), each, f"criteria[{k}]")
            for k, each in enumerate(criteria, 1)
        ),
        outcome=_made(_OUTCOMES[kind], outcome, "outcome"),
        censoring=_made(Censoring, content.get("censoring", {}), "censoring"),
        attributes={
            name: _made(Attribute, each, f"attributes.{name}")
            for name, each in _mapping("attributes", content.get("attributes", {})).items()
        },
    )


def _kind(kinds: Mapping[str, type[Any]], content: object, otherwise: type[Any] | None, where: str = "") -> type[Any]:
    """Which kind a table is: that of the first key which only one kind has."""
    keys = content if isinstance(content, dict) else {}
    found = next((kinds[key] for key in keys if key in kinds), otherwise)
    if found is None:
        _refuse(where, "none of the keys that tell what is asked", f"one of {', '.join(kinds)}")
    return found


def _made(kind: type[T], content: object, where: str) -> T:
    """A part of a declaration from a TOML table, every key checked."""
    given = _mapping(where, content)
    hints = get_type_hints(kind)
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # every kind is a dataclass
    for key in given:
        if key not in known:
            _refuse(f"{where}.{key}", "a key that is not known", ", ".join(known))
    for name, each in known.items():
        if name not in given and _needed(each):
            _refuse(f"{where}.{name}", "nothing", "it must be given")
    values = {name: _reader(hints[name])(value, f"{where}.{name}") for name, value in given.items()}
    try:
        return kind(**values)
    except RecordsProblem as error:
        msg = f"[{where}] {error}"
        raise RecordsProblem(msg) from error


def _needed(each: "Field[Any]") -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _reader(hint: Any) -> Callable[[Any, str], Any]:  # noqa: ANN401 - any type annotation
    """What turns a TOML value into a value of a type, or refuses it."""
    if get_origin(hint) is UnionType:
        hint = next(each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is tuple:
        return _sequence(get_args(hint)[0])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(hint)
    return _SIMPLE[hint]


def _simple(kinds: tuple[type, ...], allowed: str, make: Callable[[Any], Any]) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:  # noqa: ANN401 - TOML holds any of its types
        if type(value) not in kinds:
            _refuse(where, f"{value!r}", allowed)
        try:
            return make(value)
        except RecordsProblem as error:
            msg = f"{where}: {error}"
            raise RecordsProblem(msg) from error

    return read


def _finite(value: float) -> float:
    if not math.isfinite(value):
        msg = f"received {value}; allowed: a finite number"
        raise RecordsProblem(msg)
    return float(value)


def _last_second(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(23, 59, 59))


_TEXT = _simple((str,), "text in quotes", str)
_SIMPLE: dict[Any, Callable[[Any, str], Any]] = {
    str: _TEXT,
    bool: _simple((bool,), "true or false", bool),
    int: _simple((int,), "a whole number", int),
    float: _simple((int, float), "a finite number", _finite),
    timedelta: _simple((str,), ALLOWED_DURATIONS, duration),
    Edge: _simple((str,), ALLOWED_EDGES, edge),
    date: _simple((date,), "a date without quotes (2015-01-31)", lambda value: value),
    datetime: _simple(
        (date, datetime),
        "a date or time without quotes (2015-01-31, 2015-01-31T12:00:00); a day means its last second",
        _last_second,
    ),
}


def _sequence(item: type) -> Callable[[Any, str], tuple[Any, ...]]:
    def read(value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401 - TOML holds any of its types
        values = value if isinstance(value, list) else [value]
        return tuple(_SIMPLE[item](each, where) for each in values)

    return read


def _choice(kind: type[StrEnum]) -> Callable[[Any, str], StrEnum]:
    def read(value: Any, where: str) -> StrEnum:  # noqa: ANN401 - TOML holds any of its types
        if value not in list(kind):
            _refuse(where, repr(value), ", ".join(each.value for each in kind))
        return kind(value)

    return read


def _mapping(where: str, content: object) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        _refuse(where, repr(content), f"a table, written as [{where}]")
    return content


def _table(heading: str, part: Any, first: Mapping[str, Any] | None = None) -> str:  # noqa: ANN401 - any part
    given = {
        each.name: getattr(part, each.name)
        for each in fields(part)
        if _needed(each) or getattr(part, each.name) != each.default
    }
    return f"{heading}\n{_lines({**(first or {}), **given})}"


def _lines(values: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_written(value)}\n" for key, value in values.items())


def _written(value: Any) -> str:  # noqa: ANN401 - any value of a declaration
    if isinstance(value, tuple) and len(value) == 1:
        return _written(value[0])
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, timedelta):
        value = duration_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, bool | str | Edge):
        text = str(value) if isinstance(value, Edge) else value
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)


def _refuse(where: str, received: str, allowed: str) -> NoReturn:
    msg = f"{where} is {received}; allowed: {allowed}"
    raise RecordsProblem(msg)
