"""From what was typed to a study: an application's name, a study.toml, a Python module."""

import difflib
import importlib
import sys
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedside.cli import catalogue
from bedside.errors import StudyError

if TYPE_CHECKING:
    from bedside.study.declare import Study

_TABLES = {".csv", ".tsv", ".parquet", ".pq", ".xlsx"}


def resolve(what: str) -> "Study[Any, Any, Any, Any]":
    """The study behind a name.

    Raises:
        StudyError: Nothing is called so (the nearest name is suggested), or it is broken.
    """
    path = Path(what)
    if path.suffix == ".toml":
        from bedside.own_data.toml import load

        return _named(load(path), what)
    if path.suffix in _TABLES:
        msg = f"{what} is a table, not a study; try `bedside run --table {what} --outcome COLUMN`"
        raise StudyError(msg)
    if path.is_dir() and not (path / "study.py").is_file() and catalogue.find(what) is None:
        msg = f"{what} is a folder, not a study; for a folder of images try `bedside run --images {what}`"
        raise StudyError(msg)
    application = catalogue.find(what)
    if application is not None:
        return _named(from_module(application.module), what)
    module = _module(what)
    if module is not None:
        return _named(from_module(module), what)
    raise StudyError(_unknown(what))


def of_run(run: Path) -> "Study[Any, Any, Any, Any]":
    """The study of a run's folder: as its study.toml says, or as the run was started.

    Raises:
        RunMismatch: The folder holds no run.
        StudyError: Its study cannot be found any more.
    """
    from bedside.errors import RunMismatch
    from bedside.study.folder import RunFolder, read_json

    if (run / "study.toml").is_file():
        return resolve(str(run / "study.toml"))
    state = read_json(RunFolder(run).state)
    if not isinstance(state, dict):
        msg = f"{run} holds no run; give a folder that `bedside run` has written"
        raise RunMismatch(msg)
    return resolve(str(state.get("origin") or state.get("study")))


def from_module(module: str) -> "Study[Any, Any, Any, Any]":
    """What `study()` of a module returns.

    Raises:
        StudyError: It cannot be imported, or has no such function, or that returns something else.
    """
    from bedside.study.declare import Study

    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        msg = f"study module {module} cannot be imported: {error}"
        raise StudyError(msg) from error
    make = getattr(loaded, "study", None)
    if not callable(make):
        msg = f"module {module} has no function study(); define `def study() -> Study` in it"
        raise StudyError(msg)
    made = make()
    if not isinstance(made, Study):
        msg = f"study() of {module} returned {type(made).__name__}; it must return a bedside.study.declare.Study"
        raise StudyError(msg)
    code = Path(loaded.__file__).read_bytes() if loaded.__file__ else b""
    return made if made.fingerprint or made.folder else replace(made, fingerprint=sha256(code).hexdigest())


def _named(study: "Study[Any, Any, Any, Any]", origin: str) -> "Study[Any, Any, Any, Any]":
    return study if study.origin else replace(study, origin=origin)


def _module(what: str) -> str | None:
    """The module meant by `package.module` or by a package in the current folder that has study.py."""
    if not all(part.isidentifier() for part in what.split(".")):
        return None
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does
    place = Path(*what.split("."))
    if (place / "study.py").is_file():
        return f"{what}.study"
    return what if "." in what or place.with_suffix(".py").is_file() else None


def _unknown(what: str) -> str:
    nearest = suggest(what, catalogue.places())
    hint = f"did you mean {nearest!r}? " if nearest else ""
    return (
        f"there is no study called {what!r}; {hint}`bedside list` shows the names; a study.toml, a Python module "
        "(package.module), `--table FILE --outcome COLUMN` or `--images DIR` can be given too"
    )


def suggest(what: str, names: Iterable[str]) -> str | None:
    """The name that is nearest to what was typed, when one is near."""
    known = sorted(names)
    near = difflib.get_close_matches(what, known, n=1) or [name for name in known if what and what in name]
    return near[0] if near else None
