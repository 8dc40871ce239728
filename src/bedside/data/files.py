"""Finds the files of public data sets: in the data folder, or fetched from their address, always by checksum."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

from bedside.data.accepted import Accepted, taken
from bedside.data.source import DataFile
from bedside.errors import FileProblem

VARIABLE = "BEDSIDE_DATA"
"""The environment variable that names the local data folder."""

CACHE = "BEDSIDE_CACHE"
"""The environment variable that names the folder for what can be made again."""

_DOWNLOADS = ".downloads"
_CHUNK = 1 << 20


def data_root() -> Path:
    """The local data folder: `BEDSIDE_DATA`, else `bedside` in the user's cache directory.

    The folder need not exist yet: it is made when a first file is fetched.

    Raises:
        FileProblem: `BEDSIDE_DATA` names something that is not a folder.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        import pooch  # noqa: PLC0415 - slow to import, and needed only without BEDSIDE_DATA

        return Path(pooch.os_cache("bedside"))
    root = Path(named).expanduser()
    if root.exists() and not root.is_dir():
        msg = f"{VARIABLE} names {root}, which is not a folder; set it to the folder that holds the data"
        raise FileProblem(msg)
    return root


def cache_root() -> Path:
    """Where what can be made again is kept: `BEDSIDE_CACHE`, else `bedside-cache` in the user's cache directory."""
    named = os.environ.get(CACHE, "").strip()
    if named:
        return Path(named).expanduser()
    import pooch  # noqa: PLC0415 - slow to import, and needed only without BEDSIDE_CACHE

    return Path(pooch.os_cache("bedside-cache"))


def here(file: DataFile, root: Path) -> bool:
    """Whether the file, or the folder with as many files, lies below the data folder; content is not looked at."""
    path = root / file.path
    return path.is_file() if file.folder is None else path.is_dir() and len(_inside(path)) == file.folder


def locate(file: DataFile, root: Path) -> Path:
    """Where the file lies, its content verified; fetched first when it is absent and has an address.

    Raises:
        FileProblem: It is not there and cannot be fetched, or its content is not the expected one. The message
            says what to put where.
    """
    path = root / file.path
    if file.folder is not None:
        return _located_folder(path, file, root)
    if path.is_file():
        _verify(path, file)
        return path
    if path.exists():
        msg = f"{path} is not a file; {_remedy(file, root)}"
        raise FileProblem(msg)
    if file.address is None:
        msg = f"{path} is absent and has no address to fetch it from; {_remedy(file, root)}"
        raise FileProblem(msg)
    return _fetch(file, file.address, root)


def is_expected(file: DataFile, root: Path) -> bool:
    """Whether what lies below the data folder is the published content; raises FileProblem when it cannot be read."""
    path = root / file.path
    found = digest(path) if file.folder is None else _folder_digest(path)
    return _matches(path, file, found)


def digest(path: Path) -> str:
    """SHA-256 of a file's content, lower-case hex.

    Raises:
        FileProblem: It cannot be read.
    """
    return _hash(path, hashlib.sha256())


def _hash(path: Path, total: "hashlib._Hash") -> str:
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                total.update(chunk)
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}); check its permissions"
        raise FileProblem(msg) from error
    return total.hexdigest()


def _located_folder(path: Path, file: DataFile, root: Path) -> Path:
    if not path.is_dir():
        msg = f"{path} is absent or no folder; {_remedy(file, root)}"
        raise FileProblem(msg)
    count = len(_inside(path))
    if count != file.folder:
        msg = f"{path} holds {count} files; {file.folder} are expected: delete it, put the published folder there"
        raise FileProblem(msg)
    _judge(path, file, _folder_digest(path), f"{count} files")
    return path


def _inside(folder: Path) -> list[Path]:
    """Its files at any depth, hidden ones left out, in order of their names."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _folder_digest(folder: Path) -> str:
    lines = [f"{digest(path)}  {path.relative_to(folder).as_posix()}" for path in _inside(folder)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _verify(path: Path, file: DataFile) -> None:
    size = path.stat().st_size
    if size == 0:
        msg = f"{path} is empty; delete it and run again, or put the original file in its place"
        raise FileProblem(msg)
    found = digest(path)
    _judge(path, file, found, f"{size} bytes")


def _matches(path: Path, file: DataFile, found: str) -> bool:
    """Whether content of this SHA-256 is the published one by every checksum that is declared."""
    if file.sha256 and found not in file.sha256:
        return False
    if file.md5 is not None:
        return _hash(path, hashlib.md5(usedforsecurity=False)) == file.md5
    return bool(file.sha256)


def _judge(path: Path, file: DataFile, found: str, size: str) -> None:
    """Content that is not the published one is refused, unless a person accepted exactly this content."""
    if _matches(path, file, found):
        return
    known = next((copy.reason for copy in file.resaved if copy.sha256 == found), "")
    if taken(Accepted(file.path, found, known or "it is not a copy that is known")):
        return
    allowed = " or ".join(f"SHA-256 {each}" for each in file.sha256) or file.checksum
    allowed += f" with MD5 {file.md5}" if file.sha256 and file.md5 else ""
    if known:
        msg = (
            f"{path} is a re-saved copy and not the published file: {known}. {allowed} is expected; put the published "
            f"file in its place, or accept this one with --accept-checksum {found}, which the report will say"
        )
        raise FileProblem(msg)
    msg = (
        f"{path} is not the expected file: SHA-256 {found}, {size}, where {allowed} is allowed; it is truncated, "
        "edited or another version: delete it and run again, or put the original in its place"
    )
    raise FileProblem(msg)


def _remedy(file: DataFile, root: Path) -> str:
    """What to put where, in words."""
    origin = ""
    if file.address is not None:
        origin = f"obtain {file.address}"
        origin += f", take {file.member} out of it" if file.member else ""
        origin += " and "
    return (
        f"{origin}put the {'file' if file.folder is None else 'folder'} with {file.checksum} at {root / file.path} "
        f"(or set {VARIABLE} to a folder that holds {file.path})"
    )


def _fetch(file: DataFile, address: str, root: Path) -> Path:
    """Downloads, takes the member out of an archive, verifies, and only then moves the file into its place."""
    path = root / file.path
    downloads = root / _DOWNLOADS
    fresh = downloads / f"{file.checksum[-32:][:16]}-{os.getpid()}"
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        archive = _download(address, downloads, file, root)
        if file.member is None:
            shutil.copyfile(archive, fresh)
        else:
            _unpack(archive, file.member, fresh, address)
        _verify_fetched(fresh, file, address, archive)
        fresh.replace(path)
    except OSError as error:
        msg = f"{path} cannot be written ({error.strerror}); {_remedy(file, root)}"
        raise FileProblem(msg) from error
    finally:
        fresh.unlink(missing_ok=True)
    if file.member is None:
        archive.unlink(missing_ok=True)
    return path


def _download(address: str, downloads: Path, file: DataFile, root: Path) -> Path:
    """The file behind an address. An archive is kept: several files of one source may come out of it."""
    import pooch  # noqa: PLC0415 - slow to import, and needed only when something is fetched
    import requests  # noqa: PLC0415

    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    quiet = pooch.get_logger().level
    pooch.get_logger().setLevel("ERROR")  # the checksum is ours to verify: of the file, not of its archive
    try:
        return Path(pooch.retrieve(address, known_hash=None, fname=name, path=downloads))
    except (requests.RequestException, ValueError) as error:
        msg = f"{file.path} could not be fetched from {address} ({type(error).__name__}); {_remedy(file, root)}"
        raise FileProblem(msg) from error
    finally:
        pooch.get_logger().setLevel(quiet)


def _unpack(archive: Path, member: str, target: Path, address: str) -> None:
    """Copies one member out of a zip archive, found by its full name or by its last part."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = opened.namelist()
            matching = [name for name in names if name == member] or [
                name for name in names if name.rpartition("/")[2] == member
            ]
            if len(matching) != 1:
                archive.unlink()
                msg = f"the archive at {address} holds {len(matching)} files named {member}, where one is expected"
                raise FileProblem(msg)
            with opened.open(matching[0]) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
    except zipfile.BadZipFile as error:
        archive.unlink()
        msg = f"what {address} gave is not a zip archive, or is truncated; run again, or fetch it by hand"
        raise FileProblem(msg) from error


def _verify_fetched(fresh: Path, file: DataFile, address: str, archive: Path) -> None:
    try:
        _verify(fresh, file)
    except FileProblem as problem:
        archive.unlink()
        msg = (
            f"{file.path} as fetched from {address} is not the expected file ({digest(fresh)}, where {file.checksum} "
            "is allowed); nothing was kept: the publisher changed it, or the transfer broke"
        )
        raise FileProblem(msg) from problem
