"""The folder of a release as it was sealed: nothing more, nothing less, nothing changed, and by whom."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from bedside.errors import ReleaseProblem
from bedside.evidence.release import MANIFEST_VERSION, Manifest
from bedside.evidence.schema import SCHEMA_VERSION
from bedside.study.hashes import sha256
from bedside.study.release import EVIDENCE, MANIFEST, SIGNATURE
from bedside.study.signature import is_signed

_RESTORE = "restore it from a copy, or release the run again"


def manifest_of(folder: Path) -> Manifest:
    """The manifest of a release, as it stands there; `verified` holds the folder to it.

    Raises:
        ReleaseProblem: There is none, it is damaged, or of a newer version.
    """
    content = _read(folder, MANIFEST)
    try:
        found = json.loads(content)
    except ValueError as error:
        msg = f"{folder / MANIFEST} is damaged (no JSON); {_RESTORE}"
        raise ReleaseProblem(msg) from error
    _refuse_newer(found, folder / MANIFEST, MANIFEST_VERSION)
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{folder / MANIFEST} is damaged: {where}: {first['msg']}; {_RESTORE}"
        raise ReleaseProblem(msg) from error


def verified(folder: Path, *, keys: Sequence[str] = ()) -> Manifest:
    """The manifest of a release, once every file is the one that was sealed.

    Args:
        folder: Of the release.
        keys: Ed25519 public keys (raw, base64) of those who may sign; with any, an unsigned release is refused.
            Without, a signature is still held to the key that the manifest names.

    Raises:
        ReleaseProblem: A file more, less or changed, a signature that is missing or of another key or manifest, or a
            newer version.
    """
    manifest = manifest_of(folder)
    _check_signature(folder, manifest, keys)
    odd = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink())
    if odd:
        msg = f"{folder} holds links ({odd[0]}), which a release never does; {_RESTORE}"
        raise ReleaseProblem(msg)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    known = {*manifest.files, MANIFEST, *([SIGNATURE] if manifest.signer else [])}
    for what, names in (("lacks", known - there), ("holds what was not sealed with it:", there - known)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            msg = f"the release in {folder} {what} {min(names)}{more}; {_RESTORE}"
            raise ReleaseProblem(msg)
    for name, digest in manifest.files.items():
        if sha256(_read(folder, name)) != digest:
            msg = f"{name} of the release in {folder} was changed after it was sealed; {_RESTORE}"
            raise ReleaseProblem(msg)
    _refuse_newer(json.loads(_read(folder, EVIDENCE)), folder / EVIDENCE, SCHEMA_VERSION)
    return manifest


def _check_signature(folder: Path, manifest: Manifest, keys: Sequence[str]) -> None:
    if not manifest.signer:
        if keys:
            msg = f"the release in {folder} is not signed, and only releases with a known signature are accepted here"
            raise ReleaseProblem(msg)
        return
    if keys and manifest.signer not in keys:
        msg = f"the release in {folder} is signed with a key that is not among the {len(keys)} accepted here"
        raise ReleaseProblem(msg)
    if not is_signed(manifest.signer, _read(folder, SIGNATURE), _read(folder, MANIFEST)):
        msg = f"the signature of the release in {folder} does not belong to its manifest; {_RESTORE}"
        raise ReleaseProblem(msg)


def _refuse_newer(found: object, path: Path, known: str) -> None:
    """Refuse what a later version wrote: it may say things that would go unread."""
    version = found.get("schema_version") if isinstance(found, dict) else None
    try:
        written = tuple(int(part) for part in str(version).split("."))
    except ValueError as error:
        msg = f"{path} does not say which version it is of; {_RESTORE}"
        raise ReleaseProblem(msg) from error
    if written > tuple(int(part) for part in known.split(".")):
        msg = f"{path} is of version {version}, and this bedside reads up to {known}; install the one that wrote it"
        raise ReleaseProblem(msg)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        msg = f"{folder} holds no {name}; give the folder that `bedside release` wrote, whole"
        raise ReleaseProblem(msg) from error
    except OSError as error:
        msg = f"{folder / name} cannot be read: {error.strerror}"
        raise ReleaseProblem(msg) from error
