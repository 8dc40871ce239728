"""The addresses of CDS Hooks: discovery, one for each service, and its feedback."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bedside.serve.hooks.desk import Desk
from bedside.serve.hooks.messages import Call, Cards, Feedbacks, Sent, Services

SENT = (Services, Cards)
RECEIVED = (Call, Feedbacks)
"""Kinds of messages, for the description of the interface."""

REFUSALS = {
    400: "The body cannot be read, or a field is missing or wrong",
    401: "The token is missing or refused",
    404: "There is no such service",
    410: "The release was withdrawn or has expired",
    412: "What is needed was not sent and cannot be fetched",
    413: "The body is too long",
    415: "The body is not JSON",
    500: "The model failed",
    503: "Too many calls wait",
    504: "The model did not answer in time",
    507: "The answer cannot be recorded",
}


def routes(desk: Callable[[], Desk]) -> APIRouter:
    """The routes; `desk` gives what answers once the service has started."""
    router = APIRouter(tags=["CDS Hooks"])

    @router.get("/cds-services", summary="The services there are", **_described(Services))
    async def discover(request: Request) -> Response:
        return _json(await desk().discover(request))

    @router.post("/cds-services/{service}", summary="Ask a service", **_described(Cards, Call))
    async def answer(request: Request, service: str) -> Response:
        return _json(await desk().answer(request, service))

    @router.post("/cds-services/{service}/feedback", summary="Say what became of cards", **_described(None, Feedbacks))
    async def take_feedback(request: Request, service: str) -> Response:
        await desk().take_feedback(request, service)
        return Response(status_code=200, headers={"Cache-Control": "no-store"})

    return router


def _json(message: Sent) -> Response:
    return Response(message.json_bytes(), media_type="application/json", headers={"Cache-Control": "no-store"})


def _described(sent: type[Sent] | None, received: type[Call | Feedbacks] | None = None) -> dict[str, Any]:
    """How OpenAPI describes a route."""
    answer: dict[str, Any] = {"description": "Done"}
    if sent is not None:
        answer["content"] = {"application/json": {"schema": _reference(sent.__name__)}}
    refused = {"application/fhir+json": {"schema": {"type": "object"}}}
    extra: dict[str, Any] = {"security": [{"client": []}]}
    if received is not None:
        schema = _reference(received.__name__)
        extra["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    responses = {200: answer} | {status: {"description": why, "content": refused} for status, why in REFUSALS.items()}
    return {"responses": responses, "openapi_extra": extra, "response_class": Response}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
