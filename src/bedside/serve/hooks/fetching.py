"""Asking the FHIR server of a call, with the token that came with it: allowed servers only, all pages, in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from bedside.serve.addresses import parts
from bedside.serve.hooks.gathering import Fetch, NotFetched, Resource, entries_of
from bedside.serve.hooks.messages import Call
from bedside.serve.settings import Settings

LARGEST_PAGE = 8 * 1024 * 1024
MOST_PAGES = 20


@asynccontextmanager
async def fetching(settings: Settings) -> AsyncIterator[Fetch]:
    """What asks FHIR servers, as long as a service lives. No redirect is followed, and no proxy of the environment."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
    timeout = httpx.Timeout(settings.fhir_seconds)
    async with httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False, trust_env=False) as http:

        async def fetch(call: Call, query: str) -> list[Resource]:
            base = allowed(call.fhir_server, settings.fhir_servers)
            token = call.fhir_authorization.access_token if call.fhir_authorization is not None else ""
            try:
                async with asyncio.timeout(settings.fhir_seconds):
                    return await _all_pages(http, base, query, token)
            except TimeoutError:
                raise NotFetched(_late(settings.fhir_seconds)) from None

        yield fetch


def allowed(server: str | None, servers: tuple[str, ...]) -> str:
    """The base address of a server that may be asked, as the allowlist has it.

    Raises:
        NotFetched: There is none, or it is another.
    """
    if server is None:
        why = "the call names no fhirServer"
        raise NotFetched(why)
    known = {one.rstrip("/"): one.rstrip("/") for one in servers}
    if server.rstrip("/") not in known or parts(server) is None:
        why = "its fhirServer is not one that this service may ask"
        raise NotFetched(why)
    return known[server.rstrip("/")]


async def _all_pages(http: httpx.AsyncClient, base: str, query: str, token: str) -> list[Resource]:
    found: list[Resource] = []
    address: str | None = f"{base}/{query}"
    for _ in range(MOST_PAGES):
        if address is None:
            return found
        body = await _page(http, address, token)
        if body.get("resourceType") != "Bundle":
            return [*found, body]
        found += [one for one in entries_of(body) if one.get("resourceType") != "OperationOutcome"]
        address = None if "_count=" in query else _next(body, base)
    why = f"the FHIR server has more than {MOST_PAGES} pages"
    raise NotFetched(why)


async def _page(http: httpx.AsyncClient, address: str, token: str) -> dict[str, Any]:
    headers = {"accept": "application/fhir+json"} | ({"authorization": f"Bearer {token}"} if token else {})
    body = bytearray()
    try:
        async with http.stream("GET", address, headers=headers) as answer:
            if answer.status_code != httpx.codes.OK:
                why = f"the FHIR server answered with status {answer.status_code}"
                raise NotFetched(why)
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_PAGE:
                    why = f"the FHIR server sent more than {LARGEST_PAGE} bytes"
                    raise NotFetched(why)
        found = from_json(bytes(body), allow_inf_nan=False)
    except httpx.TimeoutException:
        raise NotFetched(_late(None)) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        why = "the FHIR server cannot be reached"
        raise NotFetched(why) from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
        why = "the FHIR server sent something that is no FHIR resource"
        raise NotFetched(why)
    if found["resourceType"] == "OperationOutcome":
        why = "the FHIR server answered with an OperationOutcome"
        raise NotFetched(why)
    return found


def _next(bundle: Resource, base: str) -> str | None:
    """Where the next page is, below the base address only: a server cannot send the token elsewhere."""
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            address = link.get("url")
            if not isinstance(address, str) or not _below(address, base):
                why = "the FHIR server's next page is not on the same server"
                raise NotFetched(why)
            return address
    return None


def _below(address: str, base: str) -> bool:
    try:
        there, here = urlsplit(address), urlsplit(base)
    except ValueError:
        return False
    at_base = there.path == here.path or there.path.startswith(f"{here.path}/")
    return (there.scheme, there.netloc) == (here.scheme, here.netloc) and at_base and "/.." not in there.path


def _late(seconds: float | None) -> str:
    return "the FHIR server did not answer in time" + (f" ({seconds:g} s)" if seconds is not None else "")
