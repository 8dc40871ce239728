"""Finds the layouts of records that can be read: every module of this folder that exposes a `READER`."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from bedside.errors import RecordsProblem
from bedside.modalities.records import readers
from bedside.modalities.records.events.reader import Layout


def layout(name: str) -> Layout:
    """The layout of a name; strokes and underscores mean the same. Imports no other.

    Raises:
        RecordsProblem: There is none of this name; the message lists all.
    """
    word = name.replace("-", "_")
    module = f"{readers.__name__}.{word}"
    there = word.isidentifier() and find_spec(module) is not None
    found = getattr(import_module(module), "READER", None) if there else None
    if not isinstance(found, Layout):
        msg = f"no layout of records is called {name!r}; there are {', '.join(layouts())}"
        raise RecordsProblem(msg)
    return found


def layouts() -> Mapping[str, Layout]:
    """All layouts by name, as on the command line."""
    found = {}
    for module in pkgutil.iter_modules(readers.__path__):
        reader = getattr(import_module(f"{readers.__name__}.{module.name}"), "READER", None)
        if isinstance(reader, Layout):
            found[module.name] = reader
    return found
