"""A service as a web application: CDS Hooks, the pages of models, health."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
from fastapi import FastAPI, Request
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response

from bedside import __version__
from bedside.errors import CallRefused
from bedside.serve.guard import Guard
from bedside.serve.hooks.card import Place
from bedside.serve.hooks.desk import Desk
from bedside.serve.hooks.feedback import FeedbackBook
from bedside.serve.hooks.fetching import fetching
from bedside.serve.hooks.routes import RECEIVED, SENT, routes
from bedside.serve.journal import Journal
from bedside.serve.keys import Keys
from bedside.serve.pages import pages
from bedside.serve.refusal import outcome_response, refusal
from bedside.serve.served import Served, serve_all
from bedside.serve.settings import Settings
from bedside.serve.tokens import Tokens
from bedside.serve.worker import Opening
from bedside.serve.workers import Workers

KEYS_SECONDS = 3.0
"""For a client's keys to be fetched."""


def create_app(openings: Sequence[Opening], settings: Settings) -> FastAPI:
    """A service that answers with these releases.

    Args:
        openings: How each release is opened; called here, and once in each worker.
        settings: What whoever runs it has decided.

    Raises:
        ServiceError: A release may not answer, or settings contradict one another.
    """
    services = serve_all(openings)
    running: dict[str, Desk] = {}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _started(services, settings) as desk:
            running["desk"] = desk
            yield
            running.clear()

    app = FastAPI(
        title="bedside",
        summary="Decision support from released models",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # these pages load code from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(routes(lambda: _desk(running)))
    app.include_router(pages(services))
    _health(app, services, running)
    _refusals(app)
    _protect(app, settings)
    _describe(app, settings)
    return app


@asynccontextmanager
async def _started(services: dict[str, Served], settings: Settings) -> AsyncIterator[Desk]:
    """Everything that lives as long as the service."""
    workers = Workers(
        {name: served.opening for name, served in services.items()},
        count=settings.workers,
        seconds=settings.answer_seconds,
        start_seconds=settings.start_seconds,
        waiting=settings.waiting,
    )
    answers, feedback = Journal(settings.journal / "answers.jsonl"), Journal(settings.journal / "feedback.jsonl")
    async with httpx.AsyncClient(timeout=KEYS_SECONDS, follow_redirects=False, trust_env=False) as http:
        clients = settings.clients
        tokens = Tokens(clients, Keys(clients, http)) if clients is not None else None
        async with fetching(settings) as fetch:
            await workers.start()
            try:
                yield Desk(
                    services=services,
                    place=Place(settings.base_url),
                    tokens=tokens,
                    workers=workers,
                    fetch=fetch,
                    journal=answers,
                    book=FeedbackBook(feedback),
                    body_bytes=settings.body_bytes,
                )
            finally:
                await workers.stop()
                answers.close()
                feedback.close()


def _desk(running: dict[str, Desk]) -> Desk:
    if "desk" not in running:
        msg = "the service is starting or stopping; call again in a moment"
        raise CallRefused(503, "transient", msg, {"Retry-After": "5"})
    return running["desk"]


def _health(app: FastAPI, services: dict[str, Served], running: dict[str, Desk]) -> None:
    @app.get("/health", tags=["Health"], summary="Whether the service lives")
    async def health() -> Response:
        return JSONResponse({"status": "alive", "version": __version__})

    @app.get("/ready", tags=["Health"], summary="Whether it can answer", responses={503: {"description": "Not now"}})
    async def ready() -> Response:
        can = "desk" in running and running["desk"].workers.ready
        releases = {name: str(served.release.state) for name, served in services.items()}
        return JSONResponse({"status": "ready" if can else "not ready", "releases": releases}, 200 if can else 503)


def _refusals(app: FastAPI) -> None:
    @app.exception_handler(CallRefused)
    async def refused(_: Request, error: CallRefused) -> Response:
        return refusal(error)

    @app.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> Response:
        code = {404: "not-found", 405: "not-supported"}.get(error.status_code, "invalid")
        text = {404: "there is nothing at this address", 405: "this address does not take this method"}
        words = text.get(error.status_code, "the call cannot be answered")
        return outcome_response(error.status_code, code, words, dict(error.headers or {}))


def _protect(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(Guard, local_only=settings.open)
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            max_age=600,
        )


def _describe(app: FastAPI, settings: Settings) -> None:
    """OpenAPI with the messages of CDS Hooks, which are read here and not by the framework."""
    standard = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = standard()
            kinds: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
            kinds += [(kind, "serialization") for kind in SENT]
            kinds += [(kind, "validation") for kind in RECEIVED]
            _, schemas = models_json_schema(kinds, by_alias=True, ref_template="#/components/schemas/{model}")
            components = made.setdefault("components", {})
            components.setdefault("schemas", {}).update(schemas["$defs"])
            components["securitySchemes"] = {"client": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
            made["servers"] = [{"url": settings.base_url}]
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way to extend it
