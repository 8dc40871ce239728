"""Files of resources: lines of NDJSON, ranges of them, and bundles, compressed or not."""

import gzip
import json
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import cast

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.fhir.rows import Resource

BROKEN = "line that is truncated or no JSON"
_BLOCK = 1 << 20
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LARGEST_BUNDLE = 1 << 30
"""Bytes; a bundle is held in memory as a whole, at about ten times its size."""


def opened(path: Path) -> BufferedIOBase:
    """The bytes of a file, decompressed where its name ends in ".gz".

    Raises:
        RecordsProblem: It is not there or may not be read.
    """
    try:
        return cast("BufferedIOBase", gzip.open(path) if path.suffix == ".gz" else path.open("rb"))
    except OSError as error:
        msg = f"{path.name} cannot be opened ({error.strerror}); check the path and its permissions"
        raise RecordsProblem(msg) from error


def lines(path: Path, start: int, end: int | None) -> Iterator[tuple[int, bytes]]:
    """Lines that begin in a range of bytes, with where they begin; blank ones are left out.

    Raises:
        RecordsProblem: The file cannot be opened, is in UTF-16, or is compressed and damaged.
    """
    with opened(path) as file:
        try:
            position = start
            if start:
                file.seek(start - 1)
                position = start - 1 + len(file.readline())
            for line in file:
                if end is not None and position >= end:
                    return
                if position == 0 and line[:2] in _UTF_16:
                    msg = f"{path.name} is encoded in UTF-16; NDJSON is UTF-8: convert it, then start again"
                    raise RecordsProblem(msg)
                if not line.isspace():
                    yield position, line
                position += len(line)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            msg = f"{path.name} is not a complete gzip file; copy or export it again"
            raise RecordsProblem(msg) from error


def line_number(path: Path, position: int) -> int:
    """Of the line that begins here, counted from 1; reads the file up to there."""
    found, left = 1, position
    with opened(path) as file:
        while left and (block := file.read(min(_BLOCK, left))):
            found += block.count(b"\n")
            left -= len(block)
    return found


def resources(path: Path, start: int, end: int | None, problems: Problems) -> Iterator[tuple[Resource, bytes]]:
    """Resources of a range of an NDJSON file with their bytes; lines that hold none are counted.

    Raises:
        RecordsProblem: See `lines`.
    """
    for position, line in lines(path, start, end):
        try:
            resource = json.loads(line)
        except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError too
            problems.add(BROKEN, f"{path.name} line {line_number(path, position)}")
            continue
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            yield resource, line
        else:
            problems.add("line that holds no FHIR resource", f"{path.name} line {line_number(path, position)}")


def kind_of(path: Path) -> str:
    """The one type of resources in an NDJSON file, as its name and first line tell; empty where they do not agree."""
    try:
        _, line = next(lines(path, 0, None), (0, b""))
        resource = json.loads(line)
    except (ValueError, RecursionError, RecordsProblem):  # told when the file is read as a part
        return ""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind.lower() in path.name.lower() else ""


def entries(path: Path, called: str, problems: Problems) -> list[tuple[str, Resource]]:
    """Resources of a bundle with their `fullUrl`; a file of a single resource is a bundle of one.

    Args:
        path: Of the file; its name may name a patient and is therefore never told.
        called: What it is called where something is the matter with it.
        problems: What cannot be read is counted here.
    """
    try:
        with opened(path) as file:
            content = file.read(LARGEST_BUNDLE + 1)
        if len(content) > LARGEST_BUNDLE:
            problems.add("bundle larger than 1 GiB, which is not read: export it as NDJSON", called)
            return []
        top = json.loads(content)
    except (ValueError, RecursionError):
        problems.add("bundle that is truncated or no JSON", called)
        return []
    except (EOFError, zlib.error, OSError, RecordsProblem):
        problems.add("bundle that cannot be opened or decompressed", called)
        return []
    if not isinstance(top, dict) or not isinstance(top.get("resourceType"), str):
        problems.add("JSON file that holds no FHIR resource", called)
        return []
    return list(_inside("", top, called, problems))


def _inside(address: str, resource: Resource, called: str, problems: Problems) -> Iterator[tuple[str, Resource]]:
    if resource["resourceType"] != "Bundle":
        yield address, resource
        return
    held = resource.get("entry") or []
    if not isinstance(held, list):
        problems.add("Bundle: entry is not a list", called)
        return
    for entry in held:
        inner = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
            url = entry.get("fullUrl")
            yield from _inside(url if isinstance(url, str) else "", inner, called, problems)
        else:
            problems.add("Bundle: entry without a resource", called)
