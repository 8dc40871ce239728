"""What a caller or a FHIR server gave, as plain resources of one patient, with the times of one clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

from bedside.errors import CallRefused
from bedside.modalities.records.readers.fhir.references import identifier, own
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.modalities.records.readers.fhir.times import known_by, zone

READ: Final = frozenset({"Condition", "Encounter", "Observation", "Patient"})
"""Types of resources that predictors, and the times of what is said of them, are found in."""

DEEPEST: Final = 4
"""So many bundles may lie in one another; a search inside a batch inside a transaction is three."""

FAULTS: Final = (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""Raised by what is not built as FHIR says."""

GRAVE: Final = ("error", "fatal")
"""Severities of issues that leave something out."""

_TIMES: Final = (
    "effectiveDateTime",
    "effectiveInstant",
    "issued",
    "recordedDate",
    "onsetDateTime",
    "abatementDateTime",
)
_PERIODS: Final = ("effectivePeriod", "onsetPeriod", "abatementPeriod", "period")


@dataclass
class Given:
    """Resources, sorted.

    Attributes:
        resources: Those that are read, by type; times are clock times of the clock that was asked for.
        addresses: Identifiers by the `fullUrl` of entries of bundles.
        whole: Whether nothing says that something could not be given.
    """

    resources: dict[str, list[Resource]] = field(default_factory=lambda: {kind: [] for kind in READ})
    addresses: dict[str, str] = field(default_factory=dict)
    whole: bool = True


def given(resources: Iterable[Mapping[str, Any] | None], clock: tzinfo | None) -> Given:
    """Sort resources; those in bundles too, as deep as `DEEPEST`.

    Args:
        resources: As JSON has them. What is no resource, and null, which stands for "nothing was found", are passed
            over; an OperationOutcome with an error says that not everything could be given.
        clock: To whose times all times with an offset are brought; None leaves every clock as it is written.

    Raises:
        CallRefused: 400 where bundles lie deeper in one another.
    """
    found = Given()
    for address, resource in _inside(resources):
        kind = resource["resourceType"]
        if kind == "OperationOutcome":
            found.whole &= not _is_grave(resource)
        if kind not in READ:
            continue
        key = resource.get("id")
        if address and kind in ("Patient", "Encounter"):
            found.addresses[address] = key if isinstance(key, str) else own(address)
        found.resources[kind].append(_on_clock(resource, clock) if clock is not None else resource)
    return found


def one_patient(found: Given) -> str | None:
    """Identifier of the only patient that resources are about; None where none says whom it is about.

    Raises:
        CallRefused: 400 where they are about several.
    """
    keys = {key for one in found.resources["Patient"] if isinstance(key := one.get("id"), str) and key}
    for kind in READ - {"Patient"}:
        for resource in found.resources[kind]:
            try:
                keys.add(identifier(resource.get("subject"), "Patient", found.addresses) or "")
            except FAULTS:  # says nothing that can be read, and is not read later
                continue
    keys.discard("")
    if len(keys) > 1:
        msg = f"resources of {len(keys)} patients were given, and an answer is about one; send those of one patient"
        raise CallRefused(400, "conflict", msg)
    return next(iter(keys), None)


def _inside(resources: Iterable[Mapping[str, Any] | None]) -> Iterator[tuple[str, Resource]]:
    """Resources with their `fullUrl`, out of bundles; no call for a bundle in a bundle, so that none is too deep."""
    waiting: list[tuple[int, str, Any]] = [(0, "", one) for one in resources]
    waiting.reverse()
    while waiting:
        depth, address, one = waiting.pop()
        if not isinstance(one, dict) or not isinstance(one.get("resourceType"), str):
            continue
        if one["resourceType"] != "Bundle":
            yield address, one
            continue
        if depth == DEEPEST:
            msg = f"more than {DEEPEST} bundles lie in one another; send resources, or bundles of resources"
            raise CallRefused(400, "structure", msg)
        entries = one.get("entry")
        for entry in reversed(entries) if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                url = entry.get("fullUrl")
                waiting.append((depth + 1, url if isinstance(url, str) else "", _held(entry)))


def _held(entry: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever stands in the bundle
    """The resource of an entry, or the outcome that stands in its place."""
    response = entry.get("response")
    outcome = response.get("outcome") if isinstance(response, dict) else None
    return entry.get("resource") or outcome


def _is_grave(outcome: Resource) -> bool:
    issues = outcome.get("issue")
    listed = issues if isinstance(issues, list) else ()
    return any(isinstance(issue, dict) and issue.get("severity") in GRAVE for issue in listed)


def _on_clock(resource: Resource, clock: tzinfo) -> Resource:
    """The resource with its times as the clock shows them."""
    moved: dict[str, Any] = {name: _shown(resource[name], clock) for name in _TIMES if name in resource}
    for name in _PERIODS:
        period = resource.get(name)
        if isinstance(period, dict):
            moved[name] = period | {end: _shown(period[end], clock) for end in ("start", "end") if end in period}
    timing = resource.get("effectiveTiming")
    if isinstance(timing, dict) and isinstance(timing.get("event"), list):
        moved["effectiveTiming"] = timing | {"event": [_shown(text, clock) for text in timing["event"]]}
    return resource | moved


def _shown(text: Any, clock: tzinfo) -> Any:  # noqa: ANN401 - whatever stands there; what is no time stays as it is
    """A time with an offset as the clock shows it then, to the microsecond and without an offset."""
    if not isinstance(text, str) or (offset := zone(text)) is None or (written := known_by(text)) is None:
        return text
    try:
        there = datetime.fromisoformat(f"{written.isoformat()}{'+00:00' if offset == 'Z' else offset}")
        return there.astimezone(clock).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError):
        return text
