"""Public keys of clients: JWK Sets from files or addresses, fetched when needed and kept for a while."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic_core import from_json

from bedside.errors import ServiceError
from bedside.serve.clients import Client

ALGORITHMS = ("ES384", "RS384")
"""That CDS Hooks recommends. Never "none", never an algorithm with a shared key."""

KEPT_SECONDS = 600.0
"""After which fetched keys are fetched again; a withdrawn key counts no longer."""
PAUSE_SECONDS = 10.0
"""Between two fetches of one client's keys, however often unknown keys are named."""
LARGEST_SET = 256 * 1024
LEAST_RSA_BITS = 2048

Key = ECKey | RSAKey


class Keys:
    """Public keys of the clients on the allowlist.

    Args:
        clients: Who may call; files are read at once.
        http: By which addresses are fetched; must not follow redirects.

    Raises:
        ServiceError: A file of keys cannot be used.
    """

    def __init__(self, clients: tuple[Client, ...], http: httpx.AsyncClient) -> None:
        self._http = http
        self._kept: dict[str, tuple[float, Mapping[str, Key]]] = {}
        self._files = {client.iss: _from_file(client.jwks) for client in clients if isinstance(client.jwks, Path)}

    async def find(self, client: Client, kid: str) -> Key | None:
        """A client's key by name; None when it has no such key or its keys cannot be fetched now."""
        if isinstance(client.jwks, Path):
            return self._files[client.iss].get(kid)
        fetched_at, keys = self._kept.get(client.iss, (float("-inf"), {}))
        age = time.monotonic() - fetched_at
        if age > KEPT_SECONDS or (kid not in keys and age > PAUSE_SECONDS):
            keys = await self._fetch(client.jwks)
            self._kept[client.iss] = (time.monotonic(), keys)
        return keys.get(kid)

    async def _fetch(self, address: str) -> Mapping[str, Key]:
        try:
            async with self._http.stream("GET", address, headers={"accept": "application/json"}) as answer:
                if answer.status_code != httpx.codes.OK:
                    return {}
                body = b""
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST_SET:
                        return {}
            return usable_keys(from_json(body))
        except (httpx.HTTPError, ValueError):
            return {}


def usable_keys(jwk_set: object) -> dict[str, Key]:
    """Keys of a JWK Set that may verify tokens, by their names; all others are left out.

    Raises:
        ValueError: It is no JWK Set, or holds a private or shared key: such a file must not be where it is.
    """
    listed = jwk_set.get("keys") if isinstance(jwk_set, dict) else None
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        msg = 'it holds no JWK Set ({"keys": [...]})'
        raise ValueError(msg)
    if any("d" in key or "k" in key for key in listed):
        msg = "it holds a private or shared key; a client gives away its public keys only"
        raise ValueError(msg)
    found = {}
    for key in listed:
        made = _usable(key)
        if made is not None and isinstance(key.get("kid"), str):
            found[key["kid"]] = made
    return found


def algorithm(key: Key) -> str:
    """The one algorithm that a key may be used with; a token does not choose."""
    return "ES384" if isinstance(key, ECKey) else "RS384"


def _usable(key: dict[str, Any]) -> Key | None:
    if key.get("use", "sig") != "sig" or key.get("alg", "ES384") not in ALGORITHMS:
        return None
    try:
        if key.get("kty") == "EC" and key.get("crv") == "P-384":
            return ECKey.import_key(key) if key.get("alg", "ES384") == "ES384" else None
        if key.get("kty") == "RSA" and len(str(key.get("n", ""))) >= LEAST_RSA_BITS // 6:
            made = RSAKey.import_key(key)
            return made if made.public_key.key_size >= LEAST_RSA_BITS and key.get("alg", "RS384") == "RS384" else None
    except (JoseError, ValueError, TypeError):
        return None
    return None


def _from_file(path: Path) -> Mapping[str, Key]:
    try:
        keys = usable_keys(from_json(path.read_bytes()))
    except OSError as error:
        msg = f"keys file {path} cannot be read: {error.strerror}"
        raise ServiceError(msg) from error
    except ValueError as error:
        msg = f"keys file {path} cannot be used: {error}"
        raise ServiceError(msg) from error
    if not keys:
        msg = (
            f"keys file {path} holds no key that may be used; allowed are EC keys on P-384 (ES384) and RSA keys of at "
            f"least {LEAST_RSA_BITS} bits (RS384), each with a kid"
        )
        raise ServiceError(msg)
    return keys
