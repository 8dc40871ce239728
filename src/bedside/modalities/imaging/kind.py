"""What kind of image file a file is, by its content and never by its name."""

import gzip
import zlib
from pathlib import Path
from typing import Literal, TypeAlias

from bedside.errors import FileProblem

Kind: TypeAlias = Literal["DICOM", "NIfTI", "PNG", "JPEG", "TIFF", "BMP", "NPZ"]

ALLOWED = "DICOM, NIfTI (.nii, .nii.gz), PNG, JPEG, TIFF and BMP"

_HEAD = 352
_STARTS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
    (b"PK\x03\x04", "NPZ"),
)
_ENVELOPE = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
"""Object identifiers of the Cryptographic Message Syntax, which secures DICOM files (PS3.15 annex B)."""

_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"Salted__", "encrypted (OpenSSL)", "decrypt it first"),
    (b"-----BEGIN PGP", "encrypted (PGP)", "decrypt it first"),
    (b"age-encryption.org", "encrypted (age)", "decrypt it first"),
    (b"version https://git-lfs", "a Git LFS pointer, not the image", "fetch the data with 'git lfs pull'"),
    (b"%PDF", "a PDF document", "export the images in it as PNG"),
    (b"GIF8", "a GIF", "save it as PNG"),
    (b"\x00\x00\x00\x0cjP  ", "a bare JPEG 2000 file", "save it as PNG or TIFF"),
    (b"\xff\x4f\xff\x51", "a bare JPEG 2000 stream", "save it as PNG or TIFF"),
    (b"\x89HDF", "an HDF5 file", "write its images as NIfTI, PNG or TIFF"),
    (b"NRRD", "an NRRD file", "write it as NIfTI"),
    (b"ObjectType", "a MetaImage header", "write it as NIfTI"),
)


def kind_of(path: Path) -> Kind | None:
    """The kind of a file, None when it is no image that can be read.

    Raises:
        FileProblem: The file cannot be opened.
    """
    head = head_of(path)
    if head[128:132] == b"DICM":
        return "DICOM"
    if head.startswith(b"\x1f\x8b"):
        return "NIfTI" if _is_nifti(_unzipped(path)) else None
    if _is_nifti(head):
        return "NIfTI"
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)


def why_not(path: Path) -> str:
    """Why a file of no known kind cannot be read, and what to do: the end of a sentence that starts with its name."""
    head = head_of(path)
    for start, what, remedy in _REFUSED:
        if head.startswith(start):
            return f"is {what}; {remedy}"
    known = (
        (head.startswith(b"RIFF") and head[8:12] == b"WEBP", "is a WebP image; save it as PNG"),
        (
            head.startswith(b"\x30") and _ENVELOPE in head[:40],
            "is encrypted (a secured DICOM file in a CMS envelope); decrypt it where it was made",
        ),
        (
            head[344:348] == b"ni1\x00",
            "is the header of a NIfTI pair (.hdr and .img); write the volume as one .nii or .nii.gz file",
        ),
        (
            head[:2] in (b"\x08\x00", b"\x02\x00", b"\x00\x08") and b"\x00" in head[2:4],
            "looks like DICOM without its preamble; rewrite it as a DICOM part 10 file",
        ),
        (
            head.lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")),
            "is a web page or XML, not an image; download the image itself (a login page may have answered)",
        ),
        (
            head.startswith(b"\x1f\x8b"),
            "is gzip-compressed and holds no NIfTI volume, or is truncated; unpack it, or fetch it again",
        ),
    )
    return next((words for fits, words in known if fits), f"is no image that can be read; {ALLOWED} are")


def head_of(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        FileProblem: It does not exist, is no file, is empty or may not be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        msg = f"{path} does not exist; check the path"
        raise FileProblem(msg) from error
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); check that it is a file and its permissions"
        raise FileProblem(msg) from error
    if not head:
        msg = f"{path} is empty (0 bytes); export or copy it again"
        raise FileProblem(msg)
    return head


def _is_nifti(head: bytes) -> bool:
    return head[344:348] == b"n+1\x00" or head[4:8] == b"n+2\x00"


def _unzipped(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""
