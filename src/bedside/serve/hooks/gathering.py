"""What is known of a patient: what the client sent along, and what its FHIR server has where that is not enough."""

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bedside.errors import CallRefused
from bedside.serve.hooks.messages import Call

Resource = dict[str, Any]
Fetch = Callable[[Call, str], Awaitable[list[Resource]]]
"""Resources that a query brings from the call's FHIR server, all pages; raises NotFetched."""

TOKEN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
TODAY = re.compile(r"today\(\)(?:\s*([+-])\s*(\d{1,5})\s*days?)?")
GRAVE = ("error", "fatal")


class NotFetched(Exception):  # noqa: N818 - reads as what it is
    """A FHIR server cannot be asked or does not answer; `why` holds nothing of the patient."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Satisfied:
    """What a client sent for one key; `whole` is False where it sent the first page of several."""

    resources: list[Resource]
    whole: bool = True


async def gather(call: Call, templates: Mapping[str, str], fetch: Fetch, at: datetime) -> list[Resource]:
    """All resources that the templates ask for.

    Raises:
        CallRefused: 412 where something was not sent and cannot be fetched; 400 where it is about another patient.
    """
    found: list[Resource] = []
    for key, template in templates.items():
        sent = satisfied(call, key, template)
        if sent is None or not sent.whole:
            sent = Satisfied(await _fetched(call, key, filled(template, call.context, at), fetch))
        for resource in sent.resources:
            if another_patient(resource, call.context["patientId"]):
                msg = f"prefetch.{key}: a resource belongs to another patient than context.patientId"
                raise CallRefused(400, "conflict", msg)
        found += sent.resources
    return found


async def _fetched(call: Call, key: str, query: str, fetch: Fetch) -> list[Resource]:
    try:
        return await fetch(call, query)
    except NotFetched as error:
        msg = f"prefetch.{key} was not sent, or not whole, and cannot be fetched: {error.why}"
        raise CallRefused(412, "processing", msg) from None


def satisfied(call: Call, key: str, template: str) -> Satisfied | None:
    """What was sent for a key; None where nothing was, or an error, or something else than was asked for.

    `null` is an answer: the client looked and there is nothing.
    """
    if key not in call.prefetch:
        return None
    sent = call.prefetch[key]
    if sent is None:
        return Satisfied([])
    kind, asked = sent.get("resourceType"), re.split(r"[/?]", template, maxsplit=1)[0]
    if kind != "Bundle":
        return Satisfied([sent]) if kind == asked else None
    resources = list(entries_of(sent))
    if any(_is_grave(resource) for resource in resources):
        return None
    links = sent.get("link")
    more = isinstance(links, list) and any(isinstance(one, dict) and one.get("relation") == "next" for one in links)
    usable = [resource for resource in resources if resource.get("resourceType") != "OperationOutcome"]
    return Satisfied(usable, whole=not more or "_count=" in template)


def entries_of(bundle: Resource) -> Iterator[Resource]:
    """Resources of a bundle; what is none is passed over."""
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource


def _is_grave(resource: Resource) -> bool:
    issues = resource.get("issue") if resource.get("resourceType") == "OperationOutcome" else None
    listed = issues if isinstance(issues, list) else ()
    return any(isinstance(issue, dict) and issue.get("severity") in GRAVE for issue in listed)


def another_patient(resource: Resource, patient: str) -> bool:
    """Whether a resource says that it belongs to somebody else; where it says nothing, the query said it."""
    if resource.get("resourceType") == "Patient":
        return bool(resource.get("id", patient) != patient)
    for field in ("subject", "patient"):
        of = resource.get(field)
        reference = of.get("reference") if isinstance(of, dict) else None
        if isinstance(reference, str):
            path = reference.split("/_history/", 1)[0].split("/")
            if len(path) >= 2 and path[-2] == "Patient" and path[-1] != patient:
                return True
    return False


def filled(template: str, context: Mapping[str, Any], at: datetime) -> str:
    """A query with its tokens replaced; what a context says can only become one value of it.

    Raises:
        CallRefused: 400 where the context lacks what the template needs.
    """

    def value(token: re.Match[str]) -> str:
        name = token.group(1)
        today = TODAY.fullmatch(name)
        if today is not None:
            days = int(today.group(2) or 0)
            return (at.date() + timedelta(days=-days if today.group(1) == "-" else days)).isoformat()
        field = name.removeprefix("context.")
        told = context.get(field) if name.startswith("context.") else None
        if not isinstance(told, str) or not told:
            msg = f"context.{field}: needed to find the patient's record, and missing or no text"
            raise CallRefused(400, "required", msg)
        return quote(told, safe="")

    return TOKEN.sub(value, template)
