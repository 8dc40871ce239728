"""Where versions of releases stand, from the log of their registry alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bedside.errors import RegistryProblem
from bedside.evidence.figure import Frozen
from bedside.evidence.release import State

Move = Literal["added", "approved", "shadow", "live", "demonstration", "withdrawn", "rolled back"]


class Entry(Frozen):
    """One line of the log.

    Attributes:
        at: UTC.
        by: Who did it.
        name, version: Of the release.
        move: What was done. "live" sends the version that was live before to shadow; "rolled back" withdraws this
            version and makes live again the one before it.
        why: In words.
        until: When the approval ends, and with it every state but withdrawn; None for never.
        manifest: SHA-256 of release.json when it was added; the folder is held to it.
        demonstration: Whether the release is one.
        before: SHA-256 of the line before.
    """

    at: datetime
    by: str
    name: str
    version: str
    move: Move
    why: str = ""
    until: datetime | None = None
    manifest: str = ""
    demonstration: bool = False
    before: str


@dataclass(frozen=True)
class Standing:
    """Where one version stands.

    Attributes:
        state: Now.
        approved_by: Who approved it last; "" for nobody.
        until: When that ends.
        since: When it came to its state.
        why: Of the last move.
        expired: Whether it is withdrawn because its approval has ended.
        lived: Numbers of the log's lines at which it became live, in order.
    """

    name: str
    version: str
    manifest: str
    demonstration: bool
    state: State
    since: datetime
    approved_by: str = ""
    until: datetime | None = None
    why: str = ""
    expired: bool = False
    lived: tuple[int, ...] = ()


ALLOWED: dict[Move, frozenset[State]] = {
    "approved": frozenset({State.CANDIDATE, State.SHADOW, State.LIVE}),
    "shadow": frozenset({State.CANDIDATE, State.LIVE, State.DEMONSTRATION}),
    "live": frozenset({State.SHADOW}),
    "demonstration": frozenset({State.CANDIDATE, State.SHADOW}),
    "withdrawn": frozenset({State.CANDIDATE, State.SHADOW, State.LIVE, State.DEMONSTRATION}),
    "rolled back": frozenset({State.LIVE}),
}
"""From which state a move may be made; "added" needs that there is none."""


def standings(entries: Sequence[Entry], at: datetime) -> dict[tuple[str, str], Standing]:
    """Where every version stands at a time, by name and version, from the log alone.

    Raises:
        RegistryProblem: The log holds a move that is not allowed.
    """
    found: dict[tuple[str, str], Standing] = {}
    for number, entry in enumerate(entries):
        if entry.at <= at:
            _apply(found, entry, number)
    return {key: _expired(standing, at) for key, standing in found.items()}


def _apply(found: dict[tuple[str, str], Standing], entry: Entry, number: int) -> None:
    key = (entry.name, entry.version)
    if entry.move == "added":
        if key in found:
            msg = f"{entry.name} {entry.version} is registered already; release it under another version"
            raise RegistryProblem(msg)
        found[key] = Standing(
            entry.name, entry.version, entry.manifest, entry.demonstration, State.CANDIDATE, entry.at, why=entry.why
        )
        return
    if key not in found:
        versions = ", ".join(version for name, version in found if name == entry.name) or "none"
        msg = f"{entry.name} {entry.version} is not registered; versions of {entry.name}: {versions}"
        raise RegistryProblem(msg)
    now = _expired(found[key], entry.at)
    _refuse(now, entry)
    match entry.move:
        case "approved":
            found[key] = _changed(now, now.state, entry, approved_by=entry.by, until=entry.until)
        case "live":
            before = _live(found, entry)
            if before is not None:
                found[before] = _changed(found[before], State.SHADOW, entry)
            found[key] = _changed(now, State.LIVE, entry, lived=(*now.lived, number))
        case "rolled back":
            back = _before(found, now, entry.at)
            found[key] = _changed(now, State.WITHDRAWN, entry)
            found[back.name, back.version] = _changed(back, State.LIVE, entry, lived=(*back.lived, number))
        case _:
            found[key] = _changed(now, State(entry.move), entry)


def _refuse(now: Standing, entry: Entry) -> None:
    label = f"{now.name} {now.version}"
    if now.expired:
        msg = f"the approval of {label} ended at {now.until:%Y-%m-%d %H:%M} UTC; release it again, or another version"
        raise RegistryProblem(msg)
    if now.state not in ALLOWED[entry.move]:
        allowed = ", ".join(sorted(ALLOWED[entry.move]))
        msg = f"{label} is {now.state} and cannot become {entry.move}; that is possible from {allowed}"
        raise RegistryProblem(msg)
    if now.demonstration and entry.move in ("live", "approved"):
        msg = f"{label} was made of simulated data for demonstrations; it can be shown as one and never be {entry.move}"
        raise RegistryProblem(msg)
    if entry.move == "demonstration" and not now.demonstration:
        msg = f"{label} was made of patients' data; demonstrations are of simulated data"
        raise RegistryProblem(msg)
    if entry.move == "live" and not now.approved_by:
        msg = f"nobody has approved {label}; approve it first: bedside registry approve {now.name} {now.version}"
        raise RegistryProblem(msg)


def _changed(
    now: Standing,
    state: State,
    entry: Entry,
    *,
    approved_by: str | None = None,
    until: datetime | None = None,
    lived: tuple[int, ...] | None = None,
) -> Standing:
    return Standing(
        name=now.name,
        version=now.version,
        manifest=now.manifest,
        demonstration=now.demonstration,
        state=state,
        since=now.since if state is now.state else entry.at,
        approved_by=now.approved_by if approved_by is None else approved_by,
        until=now.until if approved_by is None else until,
        why=entry.why,
        lived=now.lived if lived is None else lived,
    )


def _expired(standing: Standing, at: datetime) -> Standing:
    """The same, withdrawn where its approval has ended."""
    if standing.state is State.WITHDRAWN or standing.until is None or at < standing.until:
        return standing
    return Standing(
        name=standing.name,
        version=standing.version,
        manifest=standing.manifest,
        demonstration=standing.demonstration,
        state=State.WITHDRAWN,
        since=standing.until,
        approved_by=standing.approved_by,
        until=standing.until,
        why="its approval has ended",
        expired=True,
        lived=standing.lived,
    )


def _live(found: dict[tuple[str, str], Standing], entry: Entry) -> tuple[str, str] | None:
    """The version of the same name that is live."""
    return next(
        (
            key
            for key, other in found.items()
            if key[0] == entry.name and key[1] != entry.version and _expired(other, entry.at).state is State.LIVE
        ),
        None,
    )


def _before(found: dict[tuple[str, str], Standing], now: Standing, at: datetime) -> Standing:
    """The version that was live last before this one and may be again.

    Raises:
        RegistryProblem: There is none.
    """
    able = [
        standing
        for standing in (_expired(other, at) for other in found.values())
        if standing.name == now.name
        and standing.version != now.version
        and standing.lived
        and standing.state is State.SHADOW
    ]
    if not able:
        msg = (
            f"no earlier version of {now.name} was live and may be again; withdraw {now.version} instead: bedside "
            f"registry withdraw {now.name} {now.version}"
        )
        raise RegistryProblem(msg)
    return max(able, key=lambda standing: standing.lived[-1])
