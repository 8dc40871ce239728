"""Who may call a service: the allowlist of clients, as a file says it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bedside.errors import ServiceError
from bedside.serve.addresses import is_safe


@dataclass(frozen=True)
class Client:
    """One system that may call.

    Attributes:
        iss: Issuer that its tokens name, compared letter by letter.
        jwks: Address or file of its public keys (a JWK Set). An address is the only `jku` its tokens may name.
        tenants: Organisations for which it may call; empty where that does not matter.
    """

    iss: str
    jwks: str | Path
    tenants: tuple[str, ...] = ()


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    iss: Annotated[str, Field(min_length=1)]
    jwks: Annotated[str, Field(min_length=1)]
    tenants: tuple[str, ...] = ()


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    client: Annotated[tuple[_Entry, ...], Field(min_length=1)]


EXAMPLE = '[[client]] with iss = "https://ehr.example.org" and jwks = "keys.json" or an https address'


def read_clients(path: Path) -> tuple[Client, ...]:
    """Clients of a TOML file: `[[client]]` with `iss`, `jwks` and, if need be, `tenants`.

    A file of keys is found beside the file of clients.

    Raises:
        ServiceError: It cannot be read, names a client twice, or an address that is not encrypted.
    """
    try:
        declared = _Declared.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        msg = f"clients file {path} cannot be read: {error.strerror}"
        raise ServiceError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"clients file {path} is not TOML ({error}); it holds {EXAMPLE}"
        raise ServiceError(msg) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"clients file {path}: {where}: {first['msg']}; it holds {EXAMPLE}"
        raise ServiceError(msg) from error
    issuers = [entry.iss for entry in declared.client]
    twice = sorted({iss for iss in issuers if issuers.count(iss) > 1})
    if twice:
        msg = f"clients file {path} names {', '.join(twice)} more than once; give each issuer once"
        raise ServiceError(msg)
    return tuple(Client(entry.iss, _jwks(entry.jwks, path), entry.tenants) for entry in declared.client)


def _jwks(where: str, path: Path) -> str | Path:
    if "://" not in where:
        return path.parent / where
    if not is_safe(where):
        msg = f"clients file {path}: keys at {where} cannot be trusted; give an https address without query, or a file"
        raise ServiceError(msg)
    return where
