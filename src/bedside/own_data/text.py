"""A checked declaration as TOML text that can be read and edited, and back."""

import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin

import tomlkit
from pydantic import BaseModel, ValidationError
from tomlkit.items import Table as TomlTable

from bedside.errors import FileProblem, StudyError
from bedside.modalities.tabular.column import nearest_name
from bedside.own_data.declaration import Part

T = TypeVar("T", bound=Part)


def content_of(path: Path) -> dict[str, Any]:
    """What a TOML file holds, unchecked.

    Raises:
        FileProblem: It is missing or no text.
        StudyError: It is not TOML.
    """
    if not path.is_file():
        names = [entry.name for entry in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        msg = f"{path} does not exist; {nearest_name(path.name, names)}"
        raise FileProblem(msg)
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text; save it as UTF-8"
        raise FileProblem(msg) from error
    return read_toml(text, str(path))


def read_toml(text: str, called: str) -> dict[str, Any]:
    """What a TOML text holds, unchecked; raises StudyError when it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{called} is not valid TOML: {error}"
        raise StudyError(msg) from error


def checked(model: type[T], content: Mapping[str, Any], called: str) -> T:
    """The declaration that a content makes; raises StudyError with the first thing that is wrong."""
    try:
        # Through JSON, where a list may stand for a tuple and everything else stays strict.
        return model.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        msg = f"{called}: {_sentence(model, error)}"
        raise StudyError(msg) from error


def relative(path: Path, folder: Path) -> str:
    """A path as seen from a folder, with forward slashes."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def written(
    declared: Part,
    header: Sequence[str],
    comments: Mapping[str, str],
    notes: Sequence[str] = (),
    *,
    nested: Sequence[str] = ("subgroups",),
) -> str:
    """A commented TOML text of a declaration; `checked` gives back the same.

    Args:
        declared: What is written, part by part in the order of its fields.
        header: Lines at the top.
        comments: A line for each part, by its name.
        notes: What was found, in lines below the header.
        nested: Names of parts that are tables of tables.
    """
    document = tomlkit.document()
    for line in (*header, *(["", "What was found:"] if notes else []), *notes):
        document.add(tomlkit.comment(_one_line(line)))
    document.add(tomlkit.nl())
    for name, content in declared.model_dump(mode="json", exclude_none=True).items():
        comment = comments.get(name, "")
        if name in nested:
            document.add(name, tables(content, comment))
        else:
            document.add(name, several(content, comment) if isinstance(content, list) else _plain(content, comment))
    return tomlkit.dumps(document)


def tables(content: dict[str, dict[str, Any]], comment: str) -> TomlTable:
    """A table of tables; parts that say nothing (no unit, no missing codes) are left out."""
    table = tomlkit.table()
    table.add(tomlkit.comment(comment))
    for key, part in content.items():
        table.add(key, _table({name: value for name, value in part.items() if value not in ("", [])}, ""))
    return table


def several(content: list[dict[str, Any]], comment: str) -> Any:  # noqa: ANN401 - an array of tables
    """An array of tables, the comment in the first."""
    array = tomlkit.aot()
    for place, part in enumerate(content):
        array.append(_table(part, comment if place == 0 else ""))
    return array


def _plain(content: Any, comment: str) -> Any:  # noqa: ANN401 - TOML holds any of its types
    return _table(content, comment) if isinstance(content, dict) else content


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


def _sentence(root: type[Part], error: ValidationError) -> str:
    """The first thing that is wrong, where it is and what to do."""
    first = error.errors()[0]
    where = first["loc"]
    spot = ".".join(str(part) for part in where)
    if first["type"] == "extra_forbidden":
        allowed = _fields(root, where[:-1])
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


def _fields(root: type[Part], where: tuple[int | str, ...]) -> list[str]:
    """Names that are allowed at a place of the declaration."""
    model: type[BaseModel] = root
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
