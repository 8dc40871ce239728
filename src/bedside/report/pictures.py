"""Pictures beside the evidence, checked against its hashes and set inline."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from bedside.errors import FileProblem
from bedside.evidence.schema import Evidence

PNG = b"\x89PNG\r\n\x1a\n"


def inline(evidence: Evidence, folder: Path | None) -> Mapping[str, str]:
    """Pictures as data addresses, by their path; empty without a folder.

    Raises:
        FileProblem: A picture is missing, is not the one that the run wrote, or is no PNG.
    """
    if folder is None:
        return {}
    return {
        picture.path: _address(folder / picture.path, evidence.provenance.files.get(picture.path))
        for picture in evidence.pictures
        if picture.path
    }


def _address(path: Path, digest: str | None) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"the picture {path} cannot be read ({error.strerror}); restore it, or run the study again"
        raise FileProblem(msg) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest or not content.startswith(PNG):
        msg = (
            f"the picture {path} is not the one that the run wrote (sha256 {found[:12]}…, the evidence has "
            f"{digest[:12] + '…' if digest else 'none'}); restore it, or run the study again"
        )
        raise FileProblem(msg)
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
