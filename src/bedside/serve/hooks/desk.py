"""A call from its arrival to its answer: who calls, what is known, what the model says, what is recorded."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.requests import Request

from bedside.errors import CallRefused
from bedside.evidence.release import State
from bedside.serve.answer import Answer, Outcome
from bedside.serve.body import read_json_object
from bedside.serve.fhir.reading import Found, record_of
from bedside.serve.hooks.card import Place, card_of
from bedside.serve.hooks.discovery import discovered
from bedside.serve.hooks.feedback import FeedbackBook
from bedside.serve.hooks.gathering import Fetch, gather
from bedside.serve.hooks.messages import Cards, Feedbacks, Services
from bedside.serve.hooks.reading import read, read_call
from bedside.serve.journal import Journal, Line
from bedside.serve.served import Served
from bedside.serve.tokens import Tokens
from bedside.serve.workers import Workers

FAILED = 500
TIMED_OUT = 504


@dataclass(frozen=True)
class Desk:
    """Answers calls of CDS Hooks.

    Attributes:
        services: By their ids.
        place: Where they are found.
        tokens: Verify callers; None lets everybody call.
        workers: Compute.
        fetch: Asks the FHIR server of a call.
        journal: To which answers are appended.
        book: Of feedback.
        body_bytes: Of the largest call.
    """

    services: Mapping[str, Served]
    place: Place
    tokens: Tokens | None
    workers: Workers
    fetch: Fetch
    journal: Journal
    book: FeedbackBook
    body_bytes: int

    async def discover(self, request: Request) -> Services:
        """The services that answer now."""
        await self._caller(request, f"{self.place.base_url}/cds-services")
        return discovered(self.services.values(), datetime.now(UTC))

    async def answer(self, request: Request, service: str) -> Cards:
        """The cards of a call.

        Raises:
            CallRefused: It cannot be answered; the status says whose turn it is.
        """
        began = time.perf_counter()
        caller = await self._caller(request, self.place.service(service))
        served = self._service(service)
        now = datetime.now(UTC)
        state = served.may_answer(now)
        call = read_call(await read_json_object(request, self.body_bytes), served.hook)
        resources = await gather(call, served.prefetch, self.fetch, now)
        answer = await self._said(served, record_of(served.bindings, resources, now))
        silent = answer.outcome in (Outcome.FAILED, Outcome.TIMED_OUT)
        patient = call.context["patientId"]
        card = None if silent or not state.shown else card_of(answer, served, self.place, patient, state)
        line = _line(served, state, answer) | {
            "client": caller,
            "hook_instance": call.hook_instance,
            "card": card.uuid if card is not None else None,
            "milliseconds": round(1000 * (time.perf_counter() - began), 1),
        }
        self._record(line)
        if silent and state.shown:
            raise _no_answer(answer)
        return Cards(cards=(card,) if card is not None else ())

    async def take_feedback(self, request: Request, service: str) -> None:
        """Keep what became of cards.

        Raises:
            CallRefused: It cannot be read or kept.
        """
        called = self.place.service(service)
        caller = await self._caller(request, f"{called}/feedback", called)
        served = self._service(service)
        feedbacks = read(Feedbacks, await read_json_object(request, self.body_bytes))
        await asyncio.to_thread(self.book.add, served.id, caller, feedbacks)

    async def _caller(self, request: Request, *addresses: str) -> str:
        """Issuer of the caller's token, made out for one of these addresses; "" where everybody may call."""
        if self.tokens is None:
            return ""
        return (await self.tokens.verify(request.headers.get("authorization"), frozenset(addresses))).iss

    def _service(self, name: str) -> Served:
        served = self.services.get(name)
        if served is None:
            msg = "there is no such service here; GET /cds-services lists those that there are"
            raise CallRefused(404, "not-found", msg)
        return served

    async def _said(self, served: Served, found: Found) -> Answer:
        """What the model says, with what was not found or not usable; nothing where nothing was found."""
        bound = {one.name for one in served.bindings.predictors}
        if bound <= {*found.missing, *found.implausible}:
            answer = Answer(Outcome.ABSTAINED, why="nothing that the model needs was found in the record")
        else:
            answer = await self.workers.answer(served.id, found.record)
        return replace(
            answer,
            missing=tuple(dict.fromkeys((*found.missing, *answer.missing))),
            implausible=tuple(dict.fromkeys((*found.implausible, *answer.implausible))),
        )

    def _record(self, line: Line) -> None:
        try:
            self.journal.append(line)
        except OSError:
            msg = "the answer cannot be recorded now, and what is not recorded is not shown"
            raise CallRefused(507, "no-store", msg) from None


def _line(served: Served, state: State, answer: Answer) -> Line:
    return {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "service": served.id,
        "version": served.manifest.version,
        "state": str(state),
        "outcome": str(answer.outcome),
        "risk": answer.risk,
        "value": answer.value,
        "flagged": answer.flagged,
        "missing": list(answer.missing),
        "implausible": list(answer.implausible),
        "why": answer.why,
    }


def _no_answer(answer: Answer) -> CallRefused:
    if answer.outcome is Outcome.TIMED_OUT:
        msg = f"the model did not answer in time: {answer.why}. This says nothing about the patient's risk"
        return CallRefused(TIMED_OUT, "timeout", msg)
    msg = f"the model failed: {answer.why}. This says nothing about the patient's risk"
    return CallRefused(FAILED, "exception", msg)
