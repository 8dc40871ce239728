"""A FHIR R4 server and its authorization server, as far as a client needs them, in this process."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

BASE = "http://localhost/fhir"
TOKEN = "http://localhost/token"  # noqa: S105 - an address
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class R4:
    """What the server holds and how it behaves.

    Attributes:
        resources: That can be read and searched.
        page: Of a search; so many resources.
        key: Public key of the one client that may have tokens; None lets everybody in.
        lives: Seconds that a token lives.
        delay: Seconds before every answer.
        next_page: Address that replaces that of the next page; "" for the right one.
        asked: Method, path and bearer token of all requests.
        issued: Tokens so far.
    """

    resources: list[dict[str, Any]] = field(default_factory=list)
    page: int = 3
    key: ECKey | RSAKey | None = None
    lives: int = 300
    delay: float = 0.0
    next_page: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def http(self) -> httpx.AsyncClient:
        """What reaches it."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app()))

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/token")
        async def token(request: Request) -> Response:
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            return self._token(form)

        @app.get("/fhir/elsewhere")
        async def elsewhere() -> Response:
            return RedirectResponse("http://evil.example.org/fhir/Patient/p1")

        @app.get("/fhir/broken")
        async def broken() -> Response:
            return Response("<html>", media_type="text/html")

        @app.get("/fhir/huge")
        async def huge() -> Response:
            return Response(b'"' + b"x" * (9 * 1024 * 1024) + b'"')

        @app.api_route("/fhir/{kind}", methods=["GET", "POST"])
        async def search(kind: str, request: Request) -> Response:
            if (refusal := await self._refusal(request)) is not None:
                return refusal
            if request.method == "POST":
                made = {**await request.json(), "id": str(len(self.resources) + 1)}
                self.resources.append(made)
                return JSONResponse(made, 201)
            return JSONResponse(self._page(kind, request))

        @app.get("/fhir/{kind}/{key}")
        async def read(kind: str, key: str, request: Request) -> Response:
            if (refusal := await self._refusal(request)) is not None:
                return refusal
            held = [one for one in self.resources if (one["resourceType"], one.get("id")) == (kind, key)]
            return JSONResponse(held[0]) if held else _outcome(404, "not-found")

        return app

    async def _refusal(self, request: Request) -> Response | None:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.asked.append((request.method, urlsplit(str(request.url)).path, shown))
        await asyncio.sleep(self.delay)
        return _outcome(401, "login") if self.key is not None and shown not in self.issued else None

    def _page(self, kind: str, request: Request) -> dict[str, Any]:
        asked = request.query_params
        codes = {one.rpartition("|")[2] for one in asked.get("code", "").split(",") if one}
        held = [
            one
            for one in self.resources
            if one["resourceType"] == kind
            and one["subject"]["reference"] == f"Patient/{asked.get('patient')}"
            and (not codes or codes & {coding["code"] for coding in one["code"]["coding"]})
        ]
        start = int(asked.get("_start", "0"))
        links = []
        if start + self.page < len(held):
            url = self.next_page or str(request.url.include_query_params(_start=start + self.page))
            links = [{"relation": "next", "url": url}]
        entries = [{"resource": one} for one in held[start : start + self.page]]
        return {"resourceType": "Bundle", "type": "searchset", "entry": entries, "link": links}

    def _token(self, form: dict[str, str]) -> Response:
        try:
            told = jwt.decode(form["client_assertion"], self.key, algorithms=["ES384", "RS384"])  # type: ignore[arg-type]
        except (JoseError, KeyError, ValueError, AttributeError):
            return JSONResponse({"error": "invalid_client"}, 400)
        claims, now = told.claims, time.time()
        right = (
            claims["iss"] == claims["sub"] == "bedside"
            and claims["aud"] == TOKEN
            and now < claims["exp"] <= now + 300
            and claims["jti"] not in self.used
            and form["grant_type"] == "client_credentials"
            and form["client_assertion_type"] == JWT_BEARER
            and form["scope"].startswith("system/")
        )
        if not right:
            return JSONResponse({"error": "invalid_client"}, 400)
        self.used.add(claims["jti"])
        self.issued.append(f"token{len(self.issued)}")
        answer = {"access_token": self.issued[-1], "token_type": "bearer", "expires_in": self.lives}
        return JSONResponse(answer | {"scope": form["scope"]})


def _outcome(status: int, code: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": "Secretname"}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status)
