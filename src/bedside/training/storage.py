"""How fitted models lie on disk: JSON, safetensors and library texts under one manifest, never pickle."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from bedside.errors import ModelError
from bedside.types import Json

MANIFEST = "manifest.json"


def write_json(path: Path, content: Mapping[str, Json]) -> None:
    """Write JSON with sorted keys, so that equal content is equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, sort_keys=True, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Json]:
    """Read a JSON object that `write_json` wrote.

    Raises:
        ModelError: The file is missing or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(content, dict):
        raise damaged(path, f"it holds a {type(content).__name__}, not an object")
    return cast("dict[str, Json]", content)


def seal(folder: Path) -> None:
    """Write the manifest: the SHA-256 of every file below the folder."""
    files = {
        path.relative_to(folder).as_posix(): _digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }
    write_json(folder / MANIFEST, {"files": cast("Json", files)})


def verify(folder: Path) -> None:
    """Check a sealed folder before anything in it is used.

    Raises:
        ModelError: A file is missing or altered, or there is no manifest.
    """
    files = read_json(folder / MANIFEST).get("files")
    if not isinstance(files, dict):
        raise damaged(folder / MANIFEST, "it lists no files")
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise damaged(path, "the file is missing")
        if _digest(path) != digest:
            raise damaged(path, "its content is not what was saved")


def damaged(path: Path, reason: str) -> ModelError:
    """The error for a saved model that cannot be read."""
    return ModelError(
        f"the saved model is damaged at {path.parent.name}/{path.name}: {reason}; "
        "restore the folder from a copy or fit the model again"
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
