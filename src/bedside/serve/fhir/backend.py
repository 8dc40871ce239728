"""SMART backend services: a token for a service that nobody is logged in to, for a signed assertion of who it is.

SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric".
"""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Final

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from bedside.errors import CallRefused, ServiceError
from bedside.serve.addresses import is_safe
from bedside.serve.fhir.client import bounded
from bedside.serve.keys import algorithm

ASSERTION_SECONDS: Final = 240
"""An assertion's life; at most five minutes are allowed."""

EARLY: Final = 30.0
"""Seconds before a token expires from which a new one is asked for."""

JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class BackendServices:
    """Tokens of one authorization server, asked for when they are needed and kept while they hold.

    Attributes:
        http: Sends requests; must follow no redirect.
        client_id: As the authorization server registered this service.
        token_address: Of the authorization server, declared and never learned from an answer.
        key: Private; its public half is registered there, with the same `kid`.
        scope: What is asked for.

    Raises:
        ServiceError: The address is not encrypted, or the key is not private, has no `kid` or signs neither ES384 nor
            RS384.
    """

    http: httpx.AsyncClient
    client_id: str
    token_address: str
    key: ECKey | RSAKey = field(repr=False)
    scope: str = "system/Patient.r system/Observation.rs system/Condition.rs"
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        if not is_safe(self.token_address):
            msg = f"token address {self.token_address!r} cannot be used; give an https address"
            raise ServiceError(msg)
        suits = self.key.is_private and self.key.kid
        if not suits or (isinstance(self.key, ECKey) and self.key.curve_name != "P-384"):
            msg = "the key must be private, have a kid, and be of RSA or of the curve P-384 (ES384)"
            raise ServiceError(msg)

    async def token(self) -> str:
        """A token that still holds.

        Raises:
            CallRefused: 502 where the authorization server gives none.
        """
        async with self._asking:
            if time.monotonic() >= self._until:
                await self._ask()
            return self._token

    def assertion(self) -> str:
        """Who asks, signed, for one use."""
        now = int(time.time())
        signed_by = algorithm(self.key)
        header = {"alg": signed_by, "kid": self.key.kid, "typ": "JWT"}
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_address,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": str(uuid.uuid4()),
        }
        try:
            return jwt.encode(header, claims, self.key, algorithms=[signed_by])
        except (JoseError, ValueError) as error:
            msg = "the key cannot sign; make a new one and register it with the authorization server"
            raise ServiceError(msg) from error

    async def _ask(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "scope": self.scope,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": self.assertion(),
        }
        status, told = await bounded(self.http, "POST", self.token_address, form=form)
        token, seconds = told.get("access_token"), told.get("expires_in")
        bearer = str(told.get("token_type", "")).lower() == "bearer"
        if status != httpx.codes.OK or not bearer or not isinstance(token, str) or not token:
            msg = f"the authorization server gave no token (status {status}); is this service's key registered there?"
            raise CallRefused(502, "login", msg)
        self._token = token
        held = float(seconds) if isinstance(seconds, int | float) else 0.0
        self._until = time.monotonic() + held - EARLY
