"""Reading the body of a call: bounded in size, depth, kind and time, before anything is made of it."""

import asyncio
from typing import Any

from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from bedside.errors import CallRefused

ARRIVAL_SECONDS = 15.0
"""For a whole body to arrive; nobody holds a place longer than that."""


async def read_json_object(request: Request, limit: int) -> dict[str, Any]:
    """The JSON object of a call's body.

    Args:
        request: Whose body has not been read.
        limit: Bytes; a longer body is refused as soon as that is known, and is never held.

    Raises:
        CallRefused: 413 where it is longer, 415 where it is not said to be JSON, 408 where it does not arrive, 400
            where it is no JSON object. JSON that nests deeper than 200 levels is refused by the parser.
    """
    _check_kind(request)
    body = await _bounded(request, limit)
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError:
        msg = "the body is not JSON (RFC 8259), or nests too deeply"
        raise CallRefused(400, "structure", msg) from None
    if not isinstance(found, dict):
        msg = "the body is JSON but no object; send an object such as {...}"
        raise CallRefused(400, "structure", msg)
    return found


def _check_kind(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/fhir+json"):
        msg = "the body must be JSON; send Content-Type: application/json"
        raise CallRefused(415, "not-supported", msg)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        msg = "the body must not be compressed; leave Content-Encoding out"
        raise CallRefused(415, "not-supported", msg)


async def _bounded(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_long(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(ARRIVAL_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_long(limit)
    except TimeoutError:
        msg = f"the body did not arrive within {ARRIVAL_SECONDS:g} s"
        raise CallRefused(408, "timeout", msg, {"Connection": "close"}) from None
    except ClientDisconnect:
        msg = "the caller hung up before its call was complete"
        raise CallRefused(400, "incomplete", msg) from None
    return bytes(body)


def _too_long(limit: int) -> CallRefused:
    msg = f"the body is longer than {limit} bytes; send less, or let the service fetch what it needs from fhirServer"
    return CallRefused(413, "too-long", msg, {"Connection": "close"})
