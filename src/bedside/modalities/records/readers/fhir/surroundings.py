"""What a resource needs to know of others: when its encounter ended, which drug is meant."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.fhir.codings import Named, named
from bedside.modalities.records.readers.fhir.files import resources
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.modalities.records.readers.fhir.times import known_by
from bedside.types import Integers

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - clock times of the source have no zone
UNDER_WAY = frozenset(["arrived", "triaged", "in-progress", "onleave"])
NOT_HELD = frozenset(["planned", "cancelled", "entered-in-error"])


class Surroundings(Protocol):
    """The rest of the source, as far as one resource needs it."""

    @property
    def addresses(self) -> Mapping[str, str]:
        """Identifiers by `fullUrl`; empty outside bundles."""
        ...

    def encounter_end(self, encounter: str) -> datetime | None:
        """When it ended; None if it did not, or is not in the source."""
        ...

    def medication(self, medication: str) -> Named | None:
        """What drug it is; None if it is not in the source."""
        ...


@dataclass(frozen=True)
class Together:
    """A bundle: everything is at hand.

    Attributes:
        addresses: Identifiers by `fullUrl`.
        ends: Ends of encounters, by identifier.
        drugs: Medications, by identifier.
    """

    addresses: dict[str, str] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    drugs: dict[str, Named] = field(default_factory=dict)

    def add(self, resource: Resource, key: str) -> None:
        """Take note of a resource others may refer to."""
        if resource["resourceType"] == "Encounter":
            end = end_of(resource)
            if end is not None:
                self.ends[key] = end
        elif resource["resourceType"] == "Medication":
            drug = named(resource.get("code"))
            if drug is not None:
                self.drugs[key] = drug

    def encounter_end(self, encounter: str) -> datetime | None:
        """See `Surroundings`."""
        return self.ends.get(encounter)

    def medication(self, medication: str) -> Named | None:
        """See `Surroundings`."""
        return self.drugs.get(medication)


@dataclass(frozen=True)
class Bulk:
    """Files of a bulk export; those that are asked about are read once a process, and only when first asked.

    Encounters take 16 bytes each in memory, medications a few hundred.

    Attributes:
        encounters: Files of encounters.
        medications: Files of medications.
        stamps: When they were changed last, so that what is remembered of them is of these files.
    """

    encounters: tuple[Path, ...] = ()
    medications: tuple[Path, ...] = ()
    stamps: tuple[int, ...] = ()

    @property
    def addresses(self) -> Mapping[str, str]:
        """None: references in bulk exports name identifiers."""
        return {}

    def encounter_end(self, encounter: str) -> datetime | None:
        """See `Surroundings`."""
        keys, ends = _ends(self.encounters, self.stamps)
        key = _key(encounter)
        place = int(np.searchsorted(keys, key))
        if place == len(keys) or keys[place] != key:
            return None
        return _EPOCH + timedelta(microseconds=int(ends[place]))

    def medication(self, medication: str) -> Named | None:
        """See `Surroundings`."""
        return _drugs(self.medications, self.stamps).get(medication)


def end_of(encounter: Resource) -> datetime | None:
    """When an encounter ended; None for one that is under way, was not held or says no readable end."""
    if encounter.get("status") in UNDER_WAY | NOT_HELD:
        return None
    return known_by((encounter.get("period") or {}).get("end"))


def _key(identifier: str) -> np.uint64:
    """64 bits of a hash: among 50 million encounters two fall together with a chance of 7 in 100,000."""
    return np.uint64(int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big"))


def _of_kind(files: Iterable[Path], kind: str) -> Iterable[Resource]:
    for path in files:
        for resource, _ in resources(path, 0, None, Problems()):
            if resource.get("resourceType") == kind and isinstance(resource.get("id"), str):
                yield resource


@lru_cache(maxsize=1)
def _ends(files: tuple[Path, ...], _: tuple[int, ...]) -> tuple[NDArray[np.uint64], Integers]:
    keys, ends = array("Q"), array("q")
    for resource in _of_kind(files, "Encounter"):
        try:
            end, key = end_of(resource), int(_key(resource["id"]))
        except (AttributeError, TypeError, ValueError):  # counted where encounters are read as events
            continue
        if end is not None:
            keys.append(key)
            ends.append((end - _EPOCH) // timedelta(microseconds=1))
    known = np.frombuffer(keys, dtype=np.uint64)
    order = np.argsort(known)
    return known[order], np.frombuffer(ends, dtype=np.int64)[order]


@lru_cache(maxsize=1)
def _drugs(files: tuple[Path, ...], _: tuple[int, ...]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    for resource in _of_kind(files, "Medication"):
        try:
            drug = named(resource.get("code"))
        except (AttributeError, TypeError):  # its requests are counted as without a drug
            continue
        if drug is not None:
            found[resource["id"]] = drug
    return found
