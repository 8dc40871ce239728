"""study.toml: a study over one's own table as a text that can be read, edited and run again."""

import difflib
import json
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Any, cast, get_args, get_origin

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import Table as TomlTable

from bedside.errors import FileProblem, StudyError
from bedside.modalities.tabular.column import nearest_name
from bedside.modalities.tabular.table import Record
from bedside.own_data.build import build
from bedside.own_data.declaration import Declaration, Part
from bedside.study.declare import Study

_HEADER = (
    "A study over a table of your own. Edit it and run it again: bedside run study.toml",
    "The same file, table and seed give the same evidence.",
)
_COMMENTS = {
    "study": "What is asked, and what holds for all learners.",
    "table": "The file, from this file's folder. A changed file is refused by its sha256.",
    "outcome": "Rows whose outcome is empty or one of `missing` are excluded and counted.",
    "columns": "Columns with another role; empty where there is none.",
    "validations": "The first is primary. Kinds: cross_validation, holdout, leave_site_out, temporal, predefined, "
    "learning_curve.",
    "learners": "Comparators from simple to complex: elastic_net, random_forest, boosting.",
    "subgroups": "Every measure is broken down by these columns; numbers are parted at `cuts`.",
    "predictors": "kind is number or category; `missing` lists values that mean not known.",
    "set_aside": "Columns that are not used, and why. To use one, move it to [predictors.NAME].",
}


def load(path: Path) -> Study[Record, Record, Any, Any]:
    """The study that a study.toml declares.

    Raises:
        FileProblem: The file is missing or no text.
        StudyError: It is not TOML, has unknown keys or wrong values, or contradicts itself.
    """
    return build(declaration(path), path.parent)


def declaration(path: Path) -> Declaration:
    """What a study.toml says; raises as `load` does."""
    if not path.is_file():
        names = [entry.name for entry in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        msg = f"{path} does not exist; {nearest_name(path.name, names)}"
        raise FileProblem(msg)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text; save it as UTF-8"
        raise FileProblem(msg) from error
    return parse(text, str(path))


def parse(text: str, called: str = "study.toml") -> Declaration:
    """What the text of a study.toml says; raises StudyError."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{called} is not valid TOML: {error}"
        raise StudyError(msg) from error
    try:
        # Through JSON, where a list may stand for a tuple and everything else stays strict.
        return Declaration.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        msg = f"{called}: {_sentence(error)}"
        raise StudyError(msg) from error


def relative(path: Path, folder: Path) -> str:
    """The path of a table as seen from a folder, with forward slashes."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def render(declared: Declaration, notes: Sequence[str] = ()) -> str:
    """A commented study.toml; `parse` gives back the same declaration."""
    document = tomlkit.document()
    for line in (*_HEADER, *(["", "What was found:"] if notes else []), *notes):
        document.add(tomlkit.comment(_one_line(line)))
    document.add(tomlkit.nl())
    content = declared.model_dump(mode="json", exclude_none=True)
    document.add("format", content["format"])
    for name in ("study", "table", "outcome", "columns"):
        document.add(name, _table(content[name], _COMMENTS[name]))
    validations = tomlkit.aot()
    for place, part in enumerate(content["validations"]):
        validations.append(_table(part, _COMMENTS["validations"] if place == 0 else ""))
    document.add("validations", validations)
    document.add("learners", _table(content["learners"], _COMMENTS["learners"]))
    for name in ("subgroups", "predictors"):
        document.add(name, _tables(content[name], _COMMENTS[name]))
    document.add("set_aside", _table(content["set_aside"], _COMMENTS["set_aside"]))
    return tomlkit.dumps(document)


def _one_line(text: str) -> str:
    """Text for a comment: TOML allows no control characters there."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


def _table(content: dict[str, Any], comment: str) -> TomlTable:
    table = tomlkit.table()
    if comment:
        table.add(tomlkit.comment(comment))
    for key, value in content.items():
        table.add(key, value)
    return table


def _tables(content: dict[str, dict[str, Any]], comment: str) -> TomlTable:
    """A table of tables; parts that say nothing (no unit, no missing codes) are left out."""
    table = tomlkit.table()
    table.add(tomlkit.comment(comment))
    for key, part in content.items():
        table.add(key, _table({name: value for name, value in part.items() if value not in ("", [])}, ""))
    return table


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, where it is and what to do."""
    first = error.errors()[0]
    where = first["loc"]
    spot = ".".join(str(part) for part in where)
    if first["type"] == "extra_forbidden":
        allowed = _fields(where[:-1])
        return f"unknown key {spot!r}; {nearest_name(str(where[-1]), allowed)}"
    if first["type"] == "missing":
        return f"the key {spot!r} is missing; it is required"
    received = first["input"]
    if first["type"] == "literal_error":
        allowed = [word.strip("' ") for word in str(first["ctx"]["expected"]).replace(" or ", ",").split(",")]
        near = difflib.get_close_matches(str(received), allowed, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{spot!r} is {received!r}; allowed are {', '.join(allowed)}{hint}"
    shown = f"{received!r}" if isinstance(received, str | int | float | bool) else type(received).__name__
    message = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{spot!r} is {shown}, but should be {message}"


def _fields(where: tuple[int | str, ...]) -> list[str]:
    """Names that are allowed at a place of the declaration."""
    model: type[BaseModel] = Declaration
    for part in where:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            model = inner or model
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations are any object
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return cast("type[BaseModel]", annotation)
    if get_origin(annotation) is not None or isinstance(annotation, UnionType):
        for inner in get_args(annotation):
            found = _model_in(inner)
            if found:
                return found
    return None
