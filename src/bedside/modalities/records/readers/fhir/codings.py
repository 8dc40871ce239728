"""FHIR codings as codes of the table: `SYSTEM//CODE`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "LOINC": ("loinc.org", "urn:oid:2.16.840.1.113883.6.1"),
    "RXNORM": ("www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"),
    "CVX": ("hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"),
    "SNOMED": ("snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"),
    "ICD10CM": ("hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90"),
    "ICD10": ("hl7.org/fhir/sid/icd-10", "urn:oid:2.16.840.1.113883.6.3"),
    "ICD9CM": ("hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.103"),
    "CPT": ("www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12"),
    "HCPCS": (
        "www.cms.gov/medicare/coding/hcpcsreleasecodesets",
        "www.cms.gov/medicare/coding/medhcpcsgeninfo",
        "urn:oid:2.16.840.1.113883.6.285",
    ),
    "ICD10PCS": (
        "www.cms.gov/medicare/coding/icd10",
        "hl7.org/fhir/sid/icd-10-pcs",
        "urn:oid:2.16.840.1.113883.6.4",
    ),
    "ICD9PCS": ("hl7.org/fhir/sid/icd-9-pcs", "urn:oid:2.16.840.1.113883.6.104"),
    "ATC": ("www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73"),
    "NDC": ("hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69"),
}
"""Our names of systems and their addresses without "http://"; the first in this order is chosen of several codings."""

_NAMES = {address: name for name, addresses in KNOWN.items() for address in addresses}
_RANKS = {name: rank for rank, name in enumerate(KNOWN)}

NO_SYSTEM = "NO_SYSTEM"
"""Stands for the system where a coding has a code and names none."""
TEXT_ONLY = "TEXT"
"""Stands for the system where a concept has words and no code."""


class Named(NamedTuple):
    """What a concept is called in the table.

    Attributes:
        code: With its system ("LOINC//2160-0").
        words: What the source calls it; empty where it does not say.
        choices: How many codings there were.
    """

    code: str
    words: str
    choices: int


@lru_cache(maxsize=4096)
def system_name(address: str) -> str:
    """Our name of a code system, or its address as the source writes it where we have none; a version is left off."""
    plain = address.partition("|")[0].strip()
    bare = plain.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    return _NAMES.get(bare, plain)


def named(concept: Mapping[str, Any] | None) -> Named | None:
    """The code of a CodeableConcept: of several codings the one whose system comes first in `KNOWN`, else the first.

    Codes of systems that have no name here keep the address as their system; words without a code become
    "TEXT//words". None where there is neither.

    Raises:
        AttributeError: It is not an object of codings.
        TypeError: As above.
    """
    if not concept:
        return None
    text = str(concept.get("text") or "")
    best: tuple[int, str, str] | None = None
    choices = 0
    for coding in concept.get("coding") or ():
        code = coding.get("code")
        if not code or not code.strip():
            continue
        choices += 1
        name = system_name(coding.get("system") or NO_SYSTEM)
        rank = _RANKS.get(name, len(_RANKS))
        if best is None or rank < best[0]:
            best = (rank, f"{name}//{code.strip()}", str(coding.get("display") or ""))
    if best is not None:
        return Named(best[1], best[2] or text, choices)
    words = " ".join((text or _display(concept)).split())
    return Named(f"{TEXT_ONLY}//{words}", words, 0) if words else None


def bare_code(concept: Mapping[str, Any] | None) -> str:
    """The first code of a concept without its system ("entered-in-error"), else its words, else nothing."""
    if not concept:
        return ""
    for coding in concept.get("coding") or ():
        if coding.get("code"):
            return str(coding["code"])
    return str(concept.get("text") or "")


def _display(concept: Mapping[str, Any]) -> str:
    return next((str(coding["display"]) for coding in concept.get("coding") or () if coding.get("display")), "")
