"""Which version of what is served: a folder of releases and one log that is only ever added to.

The log is one JSON object a line. Each line holds the SHA-256 of the line before it, so that a changed, inserted or
removed line is seen. States follow from the log alone. A line that was cut short by a killed process was never made.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from bedside.errors import RegistryProblem
from bedside.evidence.release import Manifest, State
from bedside.serve.release import Release, Resolve, open_release
from bedside.serve.sealed import verified
from bedside.serve.standing import Entry, Move, Standing, standings
from bedside.study.folder import explain
from bedside.study.hashes import sha256
from bedside.study.release import MANIFEST

LOG = "log.jsonl"
START = "0" * 64
"""Stands for the line before the first."""


@dataclass(frozen=True)
class Registry:
    """A folder with releases in `NAME/VERSION` and their log.

    Attributes:
        path: The folder.
    """

    path: Path

    def folder(self, name: str, version: str) -> Path:
        """Where a release lies."""
        return self.path / name / version

    def entries(self) -> list[Entry]:
        """The log, oldest first.

        Raises:
            RegistryProblem: A line is damaged, or does not follow on the one before it.
        """
        return [entry for entry, _ in self._lines()]

    def standings(self, at: datetime | None = None) -> dict[tuple[str, str], Standing]:
        """Where every version stands, now or at a time; a clock that was set back takes nothing back."""
        entries = self.entries()
        now = max([datetime.now(UTC), *(entry.at for entry in entries[-1:])])
        return standings(entries, at or now)

    def standing(self, name: str, version: str) -> Standing:
        """Where one version stands now.

        Raises:
            RegistryProblem: It is not registered.
        """
        found = self.standings()
        if (name, version) not in found:
            there = ", ".join(f"{other} {number}" for other, number in found) or "nothing yet"
            msg = f"{name} {version} is not registered in {self.path}; there is {there}"
            raise RegistryProblem(msg)
        return found[name, version]

    def served(self, name: str, version: str = "") -> Path:
        """The folder of a version that may answer: the named one, else the one that is shown, else the newest.

        Raises:
            RegistryProblem: There is none.
        """
        able = [one for one in self.standings().values() if one.name == name and one.state.answers]
        if version:
            able = [one for one in able if one.version == version]
        if not able:
            msg = f"no release {' '.join(filter(None, [name, version]))} in {self.path} may answer; move one to shadow"
            raise RegistryProblem(msg)
        first = max(able, key=lambda one: (one.state.shown, one.since))
        return self.folder(first.name, first.version)

    def next_version(self, name: str) -> str:
        """One more than the largest whole-number version of a name, in the log and on disk."""
        on_disk = {path.name for path in (self.path / name).glob("*")}
        known = on_disk | {version for other, version in self.standings() if other == name}
        return str(1 + max((int(version) for version in known if version.isdecimal()), default=0))

    def add(self, name: str, version: str, *, by: str, why: str = "") -> Entry:
        """Register the release that lies in `NAME/VERSION`, as a candidate.

        Raises:
            ReleaseProblem: It is not whole.
            RegistryProblem: It is registered already, or lies under another name or version than its own.
        """
        folder = self.folder(name, version)
        manifest = verified(folder)
        if (manifest.name, manifest.version) != (name, version):
            msg = f"{folder} holds the release {manifest.label}; it belongs in {self.folder(*_of(manifest))}"
            raise RegistryProblem(msg)
        digest = sha256((folder / MANIFEST).read_bytes())
        return self._write(name, version, "added", by, why, manifest=digest, demonstration=manifest.demonstration)

    def move(
        self, name: str, version: str, move: Move, *, by: str, why: str = "", until: datetime | None = None
    ) -> Entry:
        """Write down a move, if it is allowed; the release must be the one that was added, whole.

        Raises:
            RegistryProblem: It is not allowed from the state that the release is in.
            ReleaseProblem: What lies there was altered.
        """
        if move != "withdrawn":
            self.check(name, version)
        if until is not None and until <= datetime.now(UTC):
            msg = f"{until:%Y-%m-%d} is over; give a day to come, or leave --until out"
            raise RegistryProblem(msg)
        return self._write(name, version, move, by, why, until=until)

    def check(self, name: str, version: str) -> Manifest:
        """The manifest of a registered release, which must be the one that was added.

        Raises:
            RegistryProblem: It is another, or not registered.
            ReleaseProblem: It is not whole.
        """
        folder, standing = self.folder(name, version), self.standing(name, version)
        manifest = verified(folder)
        if sha256((folder / MANIFEST).read_bytes()) != standing.manifest:
            msg = f"{folder} is another release than the {name} {version} that was registered; restore that one"
            raise RegistryProblem(msg)
        return manifest

    def _write(
        self,
        name: str,
        version: str,
        move: Move,
        by: str,
        why: str,
        *,
        until: datetime | None = None,
        manifest: str = "",
        demonstration: bool = False,
    ) -> Entry:
        if not by.strip():
            msg = "say who does this: --by NAME"
            raise RegistryProblem(msg)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path / ".lock", timeout=60):
                lines = self._lines()
                entry = Entry(
                    at=max([datetime.now(UTC), *(known.at for known, _ in lines[-1:])]),
                    by=by.strip(),
                    name=name,
                    version=version,
                    move=move,
                    why=why,
                    until=until,
                    manifest=manifest,
                    demonstration=demonstration,
                    before=sha256(lines[-1][1]) if lines else START,
                )
                standings([*(known for known, _ in lines), entry], entry.at)
                self._append(entry, sum(len(line) + 1 for _, line in lines))
        except Timeout as error:
            msg = f"another process holds {self.path}; try again"
            raise RegistryProblem(msg) from error
        except OSError as error:
            raise explain(error, self.path) from error
        return entry

    def _append(self, entry: Entry, size: int) -> None:
        """Add a line after the whole ones; what a killed process left half is cut off first."""
        with (self.path / LOG).open("ab") as file:
            file.truncate(size)
            file.write(entry.model_dump_json(exclude_defaults=True).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _lines(self) -> Sequence[tuple[Entry, bytes]]:
        """Every whole line, with its bytes."""
        path = self.path / LOG
        try:
            now = path.stat()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise explain(error, self.path) from error
        return _parsed(path, now.st_mtime_ns, now.st_size)


@dataclass(frozen=True)
class Registered:
    """Tells the state of one registered release, as the log has it at the moment of asking."""

    registry: Registry
    name: str
    version: str

    def __call__(self) -> State:
        """Its state now."""
        return self.registry.standing(self.name, self.version).state


def opened(folder: Path, resolve: Resolve, *, keys: Sequence[str] = ()) -> Release:
    """Open a release; where its folder is that of a registered one, its state is the registry's, always anew.

    Raises:
        ReleaseProblem: It is altered, incomplete, newer, or of other code than is installed.
        RegistryProblem: The registry is damaged, or has another release under that name and version.
    """
    place = folder.resolve()
    registry = Registry(place.parent.parent)
    key = (place.parent.name, place.name)
    if key not in registry.standings():
        return open_release(folder, resolve, keys=keys)
    registry.check(*key)
    return open_release(folder, resolve, keys=keys, standing=Registered(registry, *key))


@lru_cache(maxsize=16)
def _parsed(path: Path, changed: int, size: int) -> tuple[tuple[Entry, bytes], ...]:
    """Every whole line of a log that was last changed at a time and has a size."""
    del changed, size  # they are the key of what is remembered
    try:
        *whole, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise explain(error, path) from error
    found: list[tuple[Entry, bytes]] = []
    for number, line in enumerate(whole, 1):
        try:
            entry = Entry.model_validate(json.loads(line))
        except (ValueError, ValidationError) as error:
            msg = f"line {number} of {path} is damaged; restore the log from a copy"
            raise RegistryProblem(msg) from error
        if entry.before != (sha256(found[-1][1]) if found else START):
            msg = f"line {number} of {path} does not follow on the one before: the log was changed; restore it"
            raise RegistryProblem(msg)
        found.append((entry, line))
    return tuple(found)


def _of(manifest: Manifest) -> tuple[str, str]:
    return manifest.name, manifest.version
