"""Whom or what a FHIR reference means, by identifier."""

from collections.abc import Mapping
from typing import Any

_URN = "urn:uuid:"


def identifier(reference: Mapping[str, Any] | None, kind: str, addresses: Mapping[str, str]) -> str | None:
    """The identifier of the resource that is meant; None where it cannot be told or is not of this kind.

    Read are "Patient/7", "https://host/fhir/Patient/7", the same with "/_history/2", and "urn:uuid:…". A search
    ("Patient?identifier=…"), a contained resource ("#p") and a reference by business identifier alone name nothing
    that can be found in an export.

    Args:
        reference: As in the file.
        kind: Resource type that is asked for.
        addresses: Identifiers by the `fullUrl` of the entries of the same bundle.
    """
    text = (reference or {}).get("reference")
    if not text:
        return None
    if text in addresses:
        return addresses[text]
    if text.startswith(_URN):
        return str(text[len(_URN) :]) or None
    if text.startswith("#") or "?" in text:
        return None
    pieces = text.partition("/_history/")[0].partition("|")[0].split("/")
    if len(pieces) < 2 or pieces[-2] != kind:
        return None
    return str(pieces[-1]) or None


def own(full_url: str) -> str:
    """The identifier in the `fullUrl` of an entry."""
    return full_url.removeprefix(_URN).rstrip("/").rpartition("/")[2]
