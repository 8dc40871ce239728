"""A FHIR R4 server, asked and written to: one that is allowed, all pages, within limits of time and size."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from bedside.errors import CallRefused
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.serve.addresses import is_safe, parts

KIND: Final = "application/fhir+json"
LARGEST_PAGE: Final = 8 * 1024 * 1024
MOST_PAGES: Final = 20

Token = Callable[[], Awaitable[str]]
"""The bearer token of the next request; "" for none."""


@dataclass(frozen=True)
class FhirClient:
    """Asks one server. Nothing that it says holds an address with a patient in it, or what a server sent.

    Attributes:
        http: Sends requests; must follow no redirect.
        base: Address of the server, without a stroke at its end.
        token: Gives the token for it; None where it asks for none.
        seconds: For all pages of a search together, and for a resource to be written.
    """

    http: httpx.AsyncClient
    base: str
    token: Token | None = None
    seconds: float = 10.0

    async def search(self, query: str) -> list[Resource]:
        """Resources that a query brings: those of all pages, or the one that it reads.

        Args:
            query: Below the base ("Observation?patient=7&code=…", "Patient/7").

        Raises:
            CallRefused: 502 where the server refuses, sends something else, too much, or sends elsewhere; 504 where it
                is too slow.
        """
        found: list[Resource] = []
        address = f"{self.base}/{query}"
        if not _below(address, self.base):
            msg = "a query leads out of the FHIR server's base; give one such as Patient/7"
            raise CallRefused(400, "security", msg)
        async with self._in_time():
            for _ in range(MOST_PAGES):
                body = await self._sent("GET", address)
                if body.get("resourceType") != "Bundle":
                    return [*found, body]
                found += _held(body)
                following = _next(body, self.base)
                if following is None:
                    return found
                address = following
        msg = f"the FHIR server has more than {MOST_PAGES} pages; ask for less"
        raise CallRefused(502, "too-costly", msg)

    async def create(self, resource: Mapping[str, Any]) -> Resource:
        """Write a resource; returns it as the server has it, with its id.

        Raises:
            CallRefused: As `search`. It is not tried again: it may have been written.
        """
        async with self._in_time():
            return await self._sent("POST", f"{self.base}/{resource['resourceType']}", dict(resource))

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.seconds):
                yield
        except (TimeoutError, httpx.TimeoutException):
            msg = f"the FHIR server did not answer in time ({self.seconds:g} s)"
            raise CallRefused(504, "timeout", msg) from None

    async def _sent(self, method: str, address: str, resource: Resource | None = None) -> Resource:
        headers = {"accept": KIND} | ({"prefer": "return=representation"} if resource is not None else {})
        if self.token is not None and (token := await self.token()):
            headers["authorization"] = f"Bearer {token}"
        status, body = await bounded(self.http, method, address, headers=headers, json=resource)
        if status not in (httpx.codes.OK, httpx.codes.CREATED):
            msg = f"the FHIR server answered with status {status}"
            raise CallRefused(502, "processing", msg)
        if not isinstance(body.get("resourceType"), str) or body["resourceType"] == "OperationOutcome":
            msg = "the FHIR server sent no resource, or an OperationOutcome in its place"
            raise CallRefused(502, "processing", msg)
        return body


@asynccontextmanager
async def connected(
    base: str, allowed: tuple[str, ...], *, token: Token | None = None, seconds: float = 10.0
) -> AsyncIterator[FhirClient]:
    """A client of a server that may be asked; follows no redirect and uses no proxy of the environment.

    Args:
        base: Address of the server, as a caller names it.
        allowed: Addresses that whoever runs the service allows, compared as a whole.
        token: Gives the token for it.
        seconds: For all that one question takes.

    Raises:
        CallRefused: 403 where the server is not allowed.
    """
    address = allowed_base(base, allowed)
    async with httpx.AsyncClient(timeout=seconds, follow_redirects=False, trust_env=False) as http:
        yield FhirClient(http, address, token, seconds)


def allowed_base(base: str, allowed: tuple[str, ...]) -> str:
    """The address of a server that may be asked, without a stroke at its end.

    Raises:
        CallRefused: 403 where it is not among those allowed, or what is sent there would not be encrypted.
    """
    plain = base.rstrip("/")
    if plain not in {one.rstrip("/") for one in allowed} or parts(plain) is None or not is_safe(plain):
        msg = "this FHIR server is not one that may be asked; have its https address added to those that are allowed"
        raise CallRefused(403, "security", msg)
    return plain


async def bounded(
    http: httpx.AsyncClient,
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Resource | None = None,
    form: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of an answer; an answer with another content has an empty one.

    Args:
        http: Sends it.
        method: Of HTTP.
        address: To where.
        headers: Of the request.
        json: Its content; or
        form: its content as fields of a form.

    Raises:
        CallRefused: 502 where nobody answers, or with more than `LARGEST_PAGE` bytes.
        httpx.TimeoutException: Nobody answers in time.
    """
    body = bytearray()
    try:
        async with http.stream(method, address, headers=headers, json=json, data=form) as answer:
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_PAGE:
                    msg = f"the FHIR server sent more than {LARGEST_PAGE} bytes; ask for less"
                    raise CallRefused(502, "too-long", msg)
            status = answer.status_code
    except httpx.TimeoutException:
        raise
    except (httpx.HTTPError, httpx.InvalidURL):
        msg = "the FHIR server cannot be reached"
        raise CallRefused(502, "transient", msg) from None
    try:
        found = from_json(bytes(body), allow_inf_nan=False)
    except ValueError:
        found = None
    return status, found if isinstance(found, dict) else {}


def _held(bundle: Resource) -> list[Resource]:
    entries = bundle.get("entry")
    held = [one.get("resource") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    return [one for one in held if isinstance(one, dict)]


def _next(bundle: Resource, base: str) -> str | None:
    """Address of the next page, on the same server only: it gets the token."""
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            address = link.get("url")
            if not isinstance(address, str) or not _below(address, base):
                msg = "the FHIR server's next page is not on the same server"
                raise CallRefused(502, "security", msg)
            return address
    return None


def _below(address: str, base: str) -> bool:
    """Whether an address lies below another, whatever a server makes of dots and of their written forms."""
    try:
        there, here = urlsplit(address), urlsplit(base)
    except ValueError:
        return False
    path = there.path.lower().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace("\\", "/")
    inside = there.path == here.path or there.path.startswith(f"{here.path}/")
    return (there.scheme, there.netloc) == (here.scheme, here.netloc) and inside and ".." not in path.split("/")
