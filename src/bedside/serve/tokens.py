"""Who calls: verification of the token that a client signs for each call (CDS Hooks 2.0, "Trusting CDS Clients")."""

import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from pydantic_core import from_json

from bedside.errors import CallRefused
from bedside.serve.clients import Client
from bedside.serve.keys import ALGORITHMS, Keys, algorithm

LONGEST_TOKEN = 8 * 1024
LEEWAY_SECONDS = 30
"""By which clocks may differ."""
LONGEST_LIFE_SECONDS = 3600
"""From issue to expiry; until then a token's number is remembered."""
LONGEST_WORD = 256
LATEST = 1e11
"""Seconds since 1970; far beyond any date that is meant."""
REMEMBERED = 1_000_000
"""Numbers of tokens; more within their lives are refused rather than forgotten."""


class Replays:
    """Numbers of tokens that were used and have not expired."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._known: set[tuple[str, str]] = set()
        self._ends: list[tuple[float, tuple[str, str]]] = []

    def first(self, iss: str, jti: str, until: float, now: float) -> bool:
        """Whether this number of this issuer is new; it is not again before `until`.

        Raises:
            CallRefused: More numbers would have to be remembered than there is room for.
        """
        while self._ends and self._ends[0][0] < now:
            self._known.discard(heappop(self._ends)[1])
        if (iss, jti) in self._known:
            return False
        if len(self._known) >= self._limit:
            msg = "too many calls within the life of their tokens; make tokens shorter-lived"
            raise CallRefused(503, "throttled", msg)
        self._known.add((iss, jti))
        heappush(self._ends, (until, (iss, jti)))
        return True


class Tokens:
    """Verifies the tokens of clients on the allowlist.

    Args:
        clients: Who may call.
        keys: Their public keys.
        now: The time, in seconds since 1970 (UTC).
    """

    def __init__(self, clients: tuple[Client, ...], keys: Keys, now: Callable[[], float] = time.time) -> None:
        self._clients = {client.iss: client for client in clients}
        self._keys = keys
        self._now = now
        self._replays = Replays()

    async def verify(self, authorization: str | None, audience: frozenset[str]) -> Client:
        """The client that made this call.

        Args:
            authorization: The header of that name.
            audience: Addresses of what is called; the token must be made out for one of them, exactly.

        Raises:
            CallRefused: 401, with the reason.
        """
        compact = _bearer(authorization)
        header, claims = _unverified(compact)
        client = self._clients.get(_word(claims, "iss"))
        if client is None:
            refuse("its issuer (iss) is not on the allowlist of this service")
        await self._signed(compact, header, client)
        now = self._now()
        expires = _times(claims, now)
        _made_out_for(claims, audience)
        _tenant(claims, client)
        if not self._replays.first(client.iss, _word(claims, "jti"), expires + LEEWAY_SECONDS, now):
            refuse("its number (jti) was used before; sign a new token for each call")
        return client

    async def _signed(self, compact: str, header: dict[str, object], client: Client) -> None:
        if header.get("alg") not in ALGORITHMS:
            refuse(f"its algorithm is not allowed; allowed are {' and '.join(ALGORITHMS)}")
        if str(header.get("typ", "JWT")).upper() != "JWT":
            refuse('its type (typ) is not "JWT"')
        if isinstance(client.jwks, str) and header.get("jku", client.jwks) != client.jwks:
            refuse("its jku is not the address of keys that this client registered")
        key = await self._keys.find(client, _word(header, "kid"))
        if key is None or header["alg"] != algorithm(key):
            refuse("none of the client's keys has its kid and algorithm, or they cannot be fetched now")
        try:
            jws.deserialize_compact(compact, key, algorithms=[algorithm(key)], registry=_REGISTRY)
        except (JoseError, ValueError, TypeError):
            refuse("its signature does not verify")


_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)


def refuse(why: str) -> NoReturn:
    """Refuse a call whose token is missing or wrong; nothing of the token is repeated."""
    msg = f"the token of this call is refused: {why}"
    raise CallRefused(401, "login", msg, {"WWW-Authenticate": "Bearer"}) from None


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        refuse("there is none; send a signed JSON Web Token as `Authorization: Bearer ...`")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        refuse(f"it is longer than {LONGEST_TOKEN} characters or not a JSON Web Token")
    return token.strip()


def _unverified(compact: str) -> tuple[dict[str, object], dict[str, object]]:
    """Header and claims before anything is known to be true; they only choose the key to verify with."""
    if compact.count(".") != 2:
        refuse("it is not a signed JSON Web Token in compact form")
    try:
        found = jws.extract_compact(compact.encode(), registry=_REGISTRY)
        claims = from_json(found.payload or b"", allow_inf_nan=False)
    except (JoseError, ValueError, TypeError, RecursionError):
        refuse("it is not a signed JSON Web Token in compact form")
    if not isinstance(claims, dict):
        refuse("its claims are no JSON object")
    return dict(found.headers()), claims


def _word(of: dict[str, object], name: str) -> str:
    value = of.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD:
        refuse(f"{name} is missing, is no text, or is longer than {LONGEST_WORD} characters")
    return value


def _seconds(claims: dict[str, object], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST:
        refuse(f"{name} is missing or no number of seconds")
    return float(value)


def _times(claims: dict[str, object], now: float) -> float:
    expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
    if expires + LEEWAY_SECONDS <= now:
        refuse("it has expired (exp)")
    if issued - LEEWAY_SECONDS > now or ("nbf" in claims and _seconds(claims, "nbf") - LEEWAY_SECONDS > now):
        refuse("it was issued in the future (iat, nbf); check the clock")
    if not 0 < expires - issued <= LONGEST_LIFE_SECONDS:
        refuse(f"it must expire (exp) after it was issued (iat), within {LONGEST_LIFE_SECONDS} seconds")
    return expires


def _made_out_for(claims: dict[str, object], audience: frozenset[str]) -> None:
    aud = claims.get("aud")
    named = [aud] if isinstance(aud, str) else aud
    if not isinstance(named, list) or not audience.intersection(one for one in named if isinstance(one, str)):
        refuse("it is made out for something else (aud); it must name the exact address that is called")


def _tenant(claims: dict[str, object], client: Client) -> None:
    if client.tenants and claims.get("tenant") not in client.tenants:
        refuse("its tenant is not one for which this client may call")
