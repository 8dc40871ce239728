"""The last place where a call can go wrong: nothing leaks to the caller, and nothing of a patient to a log."""

import logging
import time
import traceback
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bedside.serve.addresses import is_loopback
from bedside.serve.refusal import outcome_response

log = logging.getLogger("bedside.serve")

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


class Guard:
    """ASGI middleware: one log line a call, a plain 500 for what nobody expected, headers that browsers heed.

    Args:
        app: What is guarded.
        local_only: Refuse calls by another host name than this machine's own, so that no web page can pose as one.
    """

    def __init__(self, app: ASGIApp, *, local_only: bool = False) -> None:
        self._app = app
        self._local_only = local_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on; answer it where that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            if self._local_only and not _asked_as_local(scope):
                text = "this service answers calls to this machine's own name only"
                await outcome_response(421, "security", text)(scope, receive, noting)
            else:
                await self._app(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - the last place
            log.error("unexpected %s at %s", type(error).__name__, _place(error))  # noqa: TRY400 - its text may hold values
            if status == 0:
                text = "this call could not be answered because of a fault in the service; it was logged"
                await outcome_response(500, "exception", text)(scope, receive, noting)
        finally:
            milliseconds = 1000 * (time.perf_counter() - began)
            log.info("%s %s %d %.1f ms", scope["method"], _route(scope), status, milliseconds)


def _asked_as_local(scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _route(scope: Scope) -> str:
    """The pattern of the address that was called: an address as called may hold anything."""
    return str(getattr(scope.get("route"), "path", "an unknown address"))


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}"
