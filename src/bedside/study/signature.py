"""Ed25519 signatures of releases (RFC 8032)."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from bedside.errors import FileProblem

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_MAKE = "make one: openssl genpkey -algorithm ed25519 -out KEY"


def sign(key: Path, content: bytes) -> bytes:
    """The signature of `content`, in base64.

    Raises:
        FileProblem: The key cannot be read, or is no Ed25519 key in PEM without a password.
    """
    return b64encode(_private(key).sign(content)) + b"\n"


def signer(key: Path) -> str:
    """The public half of a private key, raw, in base64; raises as `sign` does."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - only with a key

    return b64encode(_private(key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def public_of(key: Path) -> str:
    """The public key in a PEM file, raw, in base64.

    Raises:
        FileProblem: It cannot be read, or is no Ed25519 public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only with a key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_pem_public_key,
    )

    try:
        found = load_pem_public_key(_read(key))
    except (ValueError, UnsupportedAlgorithm) as error:
        msg = f"{key} is no public key in PEM; write it: openssl pkey -in KEY -pubout -out PUBLIC"
        raise FileProblem(msg) from error
    if not isinstance(found, Ed25519PublicKey):
        msg = f"{key} is no Ed25519 public key; write it: openssl pkey -in KEY -pubout -out PUBLIC"
        raise FileProblem(msg)
    return b64encode(found.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def is_signed(public: str, signature: bytes, content: bytes) -> bool:
    """Whether a signature of `content` was made with the private half of a public key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only where something is signed
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(signature.strip(), validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(key: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - only with a key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        found = load_pem_private_key(_read(key), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"{key} is no private key in PEM without a password; {_MAKE}"
        raise FileProblem(msg) from error
    if not isinstance(found, Ed25519PrivateKey):
        msg = f"{key} is no Ed25519 key; {_MAKE}"
        raise FileProblem(msg)
    return found


def _read(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except OSError as error:
        msg = f"the key {key} cannot be read: {error.strerror}"
        raise FileProblem(msg) from error
