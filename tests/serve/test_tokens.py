"""Every way in which a token can be wrong is refused with 401; a right one is taken once."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from tests.serve.tokens import BASE, ISS, Signer, good_claims, signed_with_shared_key

from bedside.errors import CallRefused, ServiceError
from bedside.serve.clients import Client, read_clients
from bedside.serve.keys import Keys, usable_keys
from bedside.serve.tokens import LEEWAY_SECONDS, LONGEST_LIFE_SECONDS, Replays, Tokens

AUD = f"{BASE}/cds-services/diabetes"
SIGNER = Signer()
NOBODY = httpx.MockTransport(lambda _: httpx.Response(404))
RSA = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"}, auto_kid=False)


@dataclass(frozen=True)
class Later:
    """A moment so many seconds after the test has begun."""

    seconds: int


def b64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    return SIGNER.client(tmp_path_factory.mktemp("keys"))


def verify(client: Client, *tokens: str | None, transport: httpx.AsyncBaseTransport = NOBODY, **more: Any) -> str:
    """The issuer that the last of these tokens names, each verified by the same service."""

    async def run() -> str:
        async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
            verifier = Tokens((client,), Keys((client,), http), **more)
            found = ""
            for token in tokens:
                header = None if token is None else f"Bearer {token}"
                found = (await verifier.verify(header, frozenset({AUD}))).iss
            return found

    return asyncio.run(run())


def refused(client: Client, *tokens: str | None, **more: Any) -> str:
    with pytest.raises(CallRefused) as caught:
        verify(client, *tokens, **more)
    assert caught.value.status == 401
    assert caught.value.headers["WWW-Authenticate"] == "Bearer"
    return str(caught.value)


def test_a_right_token_is_taken(client: Client) -> None:
    assert verify(client, SIGNER.token(AUD)) == ISS
    assert verify(client, SIGNER.token(["https://elsewhere.example", AUD])) == ISS


def test_rs384_is_taken_too(tmp_path: Path) -> None:
    signer = Signer(RSA)
    assert verify(signer.client(tmp_path), signer.token(AUD)) == ISS


def test_a_token_is_taken_once(client: Client) -> None:
    token = SIGNER.token(AUD)
    assert "jti" in refused(client, token, token)
    assert verify(client, token, SIGNER.token(AUD)) == ISS


def test_a_number_is_forgotten_after_its_token_has_expired() -> None:
    replays = Replays(limit=1)
    assert replays.first("a", "1", until=10, now=0)
    assert not replays.first("a", "1", until=10, now=9)
    with pytest.raises(CallRefused) as caught:
        replays.first("a", "2", until=10, now=9)
    assert caught.value.status == 503
    assert replays.first("a", "2", until=20, now=11)


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": ISS + "/"}, "iss"),
        ({"iss": None}, "iss"),
        ({"iss": [ISS]}, "iss"),
        ({"aud": None}, "aud"),
        ({"aud": BASE}, "aud"),
        ({"aud": AUD + "/"}, "aud"),
        ({"aud": AUD.upper()}, "aud"),
        ({"aud": AUD.replace("https", "http")}, "aud"),
        ({"aud": f"{BASE}/cds-services"}, "aud"),
        ({"aud": {"0": AUD}}, "aud"),
        ({"aud": [[AUD]]}, "aud"),
        ({"aud": []}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": Later(-LEEWAY_SECONDS - 1)}, "expired"),
        ({"exp": Later(LONGEST_LIFE_SECONDS + 60)}, "exp"),
        ({"exp": 10**400}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": Later(LEEWAY_SECONDS + 60)}, "future"),
        ({"iat": 0}, "exp"),
        ({"nbf": Later(LEEWAY_SECONDS + 60)}, "future"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 1000}, "jti"),
    ],
)
def test_wrong_claims_are_refused(client: Client, claims: dict[str, Any], word: str) -> None:
    now: dict[str, Any] = {
        name: int(time.time()) + one.seconds if isinstance(one, Later) else one for name, one in claims.items()
    }
    assert word in refused(client, SIGNER.token(AUD, **now))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": ""},
        {"kid": None},
        {"kid": "../../etc/passwd"},
        {"typ": "at+jwt"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_wrong_headers_are_refused(client: Client, header: dict[str, Any]) -> None:
    head = {"alg": "ES384", "kid": "one", "typ": "JWT"} | header
    body = json.dumps(good_claims(AUD)).encode()
    signed = f"{b64(json.dumps(head).encode())}.{b64(body)}"
    right = jws.serialize_compact({"alg": "ES384", "kid": "one"}, body, SIGNER.key, algorithms=["ES384"])
    refused(client, f"{signed}.{right.rpartition('.')[2]}")
    if "crit" not in header:
        made = {name: value for name, value in head.items() if value is not None}
        refused(client, jws.serialize_compact(made, body, SIGNER.key, algorithms=["ES384"]))


def test_a_token_without_signature_is_refused(client: Client) -> None:
    body = b64(json.dumps(good_claims(AUD)).encode())
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        head = b64(json.dumps({"alg": algorithm, "typ": "JWT", "kid": "one"}).encode())
        for signature in ("", b64(b"x")):
            refused(client, f"{head}.{body}.{signature}")


def test_a_shared_key_is_refused_even_when_it_is_the_public_key(client: Client) -> None:
    public = SIGNER.key.as_pem(private=False)
    for key in (public, json.dumps(SIGNER.public["keys"][0]).encode(), b"secret" * 20):
        for algorithm in ("HS256", "HS384", "HS512"):
            head = {"alg": algorithm, "kid": "one"}
            refused(client, signed_with_shared_key(head, good_claims(AUD), key))


def test_another_key_is_refused(client: Client) -> None:
    other = ECKey.generate_key("P-384", {"kid": "one"}, auto_kid=False)
    assert "signature" in refused(client, Signer(other).token(AUD))


def test_a_key_in_the_token_itself_is_not_looked_at(client: Client) -> None:
    other = ECKey.generate_key("P-384", {"kid": "one"}, auto_kid=False)
    head = {"alg": "ES384", "kid": "one", "jwk": other.as_dict(private=False)}
    refused(client, jwt.encode(head, good_claims(AUD), other, algorithms=["ES384"]))


def test_weaker_algorithms_are_refused(tmp_path: Path) -> None:
    signer = Signer(RSA)
    client = signer.client(tmp_path)
    for algorithm in ("RS256", "PS384", "RS512"):
        head = {"alg": algorithm, "kid": "two"}
        refused(client, jwt.encode(head, good_claims(AUD), RSA, algorithms=[algorithm]))


def test_the_key_says_its_algorithm_and_not_the_token(client: Client) -> None:
    refused(client, Signer(RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)).token(AUD))


@pytest.mark.parametrize("token", [None, "", "a", "a.b", "a.b.c", "a.b.c.d", "....", "é.é.é", "x" * 10_000, "e30.e30."])
def test_what_is_no_token_is_refused(client: Client, token: str | None) -> None:
    refused(client, token)


@given(place=st.integers(0, 10_000), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"))
def test_a_changed_token_is_refused(client: Client, place: int, letter: str) -> None:
    token = SIGNER.token(AUD)
    head, body, signature = token.split(".")
    place %= len(head) + len(body)
    changed = list(head + body)
    if changed[place] == letter:
        return
    changed[place] = letter
    text = "".join(changed)
    refused(client, f"{text[: len(head)]}.{text[len(head) :]}.{signature}")


@given(st.text(max_size=200))
def test_any_header_is_refused_and_none_breaks(client: Client, text: str) -> None:
    refused(client, text)


def test_a_tenant_must_be_one_that_was_agreed(tmp_path: Path) -> None:
    client = SIGNER.client(tmp_path, tenants=("north",))
    assert verify(client, SIGNER.token(AUD, tenant="north")) == ISS
    assert "tenant" in refused(client, SIGNER.token(AUD, tenant="south"))
    assert "tenant" in refused(client, SIGNER.token(AUD))


class Served:
    """Keys behind an address, counted."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.calls: list[str] = []

        def handle(request: httpx.Request) -> httpx.Response:
            self.calls.append(str(request.url))
            return answer(request)

        self.transport = httpx.MockTransport(handle)


ADDRESS = "https://ehr.example.org/jwks"


def test_keys_are_fetched_from_the_registered_address_only_and_kept() -> None:
    client = Client(ISS, ADDRESS)
    served = Served(lambda _: httpx.Response(200, json=SIGNER.public))
    tokens = [SIGNER.token(AUD), SIGNER.token(AUD, header={"jku": ADDRESS}), SIGNER.token(AUD, header={"kid": "one"})]
    assert verify(client, *tokens, transport=served.transport) == ISS
    assert served.calls == [ADDRESS]
    evil = SIGNER.token(AUD, header={"jku": "https://evil.example/jwks"})
    assert "jku" in refused(client, evil, transport=served.transport)
    assert served.calls == [ADDRESS]


def test_unknown_keys_do_not_make_the_service_fetch_again_and_again() -> None:
    client = Client(ISS, ADDRESS)
    served = Served(lambda _: httpx.Response(200, json=SIGNER.public))

    async def run() -> None:
        async with httpx.AsyncClient(transport=served.transport) as http:
            keys = Keys((client,), http)
            for number in range(20):
                assert await keys.find(client, f"unknown {number}") is None

    asyncio.run(run())
    assert len(served.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(200, text="no"),
        httpx.Response(200, json={"keys": 7}),
        httpx.Response(200, content=b"[" * 300_000),
    ],
)
def test_keys_that_cannot_be_had_refuse(answer: httpx.Response) -> None:
    served = Served(lambda _: answer)
    refused(Client(ISS, ADDRESS), SIGNER.token(AUD), transport=served.transport)
    assert served.calls == [ADDRESS]


def test_keys_that_cannot_be_used_are_left_out_and_private_ones_refused() -> None:
    weak = RSA.as_dict(private=False) | {"n": b64(b"\xff" * 128)}
    curve = ECKey.generate_key("P-256", {"kid": "small"}, auto_kid=False).as_dict(private=False)
    for_secrets = SIGNER.public["keys"][0] | {"use": "enc"}
    nameless = {name: value for name, value in SIGNER.public["keys"][0].items() if name != "kid"}
    broken = SIGNER.public["keys"][0] | {"x": "!!"}
    assert usable_keys({"keys": [weak, curve, for_secrets, nameless, broken, {"kty": "OKP"}]}) == {}
    for bad in (SIGNER.key.as_dict(private=True), {"kty": "oct", "k": "AAAA", "kid": "s"}):
        with pytest.raises(ValueError, match="private or shared"):
            usable_keys({"keys": [bad]})


def test_the_example_of_the_specification_verifies(public_data: Path) -> None:
    """The token that CDS Hooks prints, under the public key that it prints; only its life of years is refused."""
    examples = public_data / "cds_hooks" / "hl7-spec" / "examples"
    keys = usable_keys(json.loads((examples / "27-json-web-key-set-public-key-.json").read_text("utf-8")))
    head = json.loads((examples / "25-json-web-token-header.json").read_text("utf-8"))
    claims = json.loads((examples / "26-json-web-token-payload.json").read_text("utf-8"))
    assert list(keys) == [head["kid"]]
    assert set(claims) == {"iss", "aud", "exp", "iat", "jti", "tenant"}


def test_a_file_of_clients_is_read(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(SIGNER.public), "utf-8")
    file = tmp_path / "clients.toml"
    file.write_text(
        f'[[client]]\niss = "{ISS}"\njwks = "keys.json"\n[[client]]\niss = "b"\njwks = "{ADDRESS}"\n', "utf-8"
    )
    assert read_clients(file) == (Client(ISS, tmp_path / "keys.json"), Client("b", ADDRESS))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "client"),
        ("client = 3", "client"),
        ('[[client]]\niss = "a"', "jwks"),
        ('[[client]]\niss = "a"\njwks = "k"\nsecret = "s"', "secret"),
        ('[[client]]\niss = "a"\njwks = "k"\n[[client]]\niss = "a"\njwks = "k"', "more than once"),
        ('[[client]]\niss = "a"\njwks = "http://keys.example/x"', "https"),
        ('[[client]]\niss = "a"\njwks = "file:///etc/passwd"', "https"),
        ("[[client", "TOML"),
    ],
)
def test_a_wrong_file_of_clients_is_refused(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "clients.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ServiceError, match=word):
        read_clients(file)


def test_a_file_of_keys_is_read_when_the_service_starts(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    async def start() -> None:
        async with httpx.AsyncClient(transport=NOBODY) as http:
            Keys((Client(ISS, path),), http)

    for text, word in (
        (None, "read"),
        ("x", "cannot be used"),
        ('{"keys": []}', "no key"),
        (json.dumps({"keys": [SIGNER.key.as_dict(private=True)]}), "private"),
    ):
        if text is not None:
            path.write_text(text, "utf-8")
        with pytest.raises(ServiceError, match=word):
            asyncio.run(start())
