"""Asking the FHIR server of a call, with the token that came with it: only where whoever runs the service allows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bedside.errors import CallRefused
from bedside.serve.fhir.client import FhirClient, allowed_base
from bedside.serve.hooks.gathering import Fetch, NotFetched, Resource
from bedside.serve.hooks.messages import Call
from bedside.serve.settings import Settings


@asynccontextmanager
async def fetching(settings: Settings) -> AsyncIterator[Fetch]:
    """What asks FHIR servers, as long as a service lives. No redirect is followed, and no proxy of the environment."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
    timeout = httpx.Timeout(settings.fhir_seconds)
    async with httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False, trust_env=False) as http:

        async def fetch(call: Call, query: str) -> list[Resource]:
            if call.fhir_server is None:
                why = "the call names no fhirServer"
                raise NotFetched(why)

            async def token() -> str:
                return call.fhir_authorization.access_token if call.fhir_authorization is not None else ""

            try:
                base = allowed_base(call.fhir_server, settings.fhir_servers)
                return await FhirClient(http, base, token, settings.fhir_seconds).search(query)
            except CallRefused as error:
                raise NotFetched(str(error)) from None

        yield fetch
