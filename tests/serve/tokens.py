"""Clients of a service in tests: a key pair, a file of public keys, tokens as they should be and as they should not."""

import base64
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from bedside.serve.clients import Client

ISS = "https://ehr.example.org"
BASE = "https://cds.example.org"


@dataclass(frozen=True)
class Signer:
    """A client that signs tokens."""

    key: ECKey | RSAKey = field(
        default_factory=lambda: ECKey.generate_key(
            "P-384", {"kid": "one", "use": "sig", "alg": "ES384"}, auto_kid=False
        )
    )
    iss: str = ISS

    def client(self, folder: Path, **more: Any) -> Client:
        path = folder / "keys.json"
        path.write_text(json.dumps(self.public), "utf-8")
        return Client(self.iss, path, **more)

    @property
    def public(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    @property
    def algorithm(self) -> str:
        return "ES384" if isinstance(self.key, ECKey) else "RS384"

    def token(self, audience: object, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        head = {"alg": self.algorithm, "kid": self.key.kid, **(header or {})}
        body = good_claims(audience, self.iss) | claims
        made = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(head, made, self.key, algorithms=["ES384", "RS384", "ES256", "RS256", "PS384"])


def good_claims(aud: object, iss: str = ISS) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": iss, "aud": aud, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}


def signed_with_shared_key(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token under HMAC, made without a library that would refuse to."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[header["alg"]]
    signature = base64.urlsafe_b64encode(hmac.digest(secret, b".".join(parts), digest)).rstrip(b"=")
    return b".".join([*parts, signature]).decode()
