"""An append-only file of what a service answered, or of what became of it: one JSON object a line.

It holds no name, number or value of a patient, but an answer belongs to one: it is kept like a record, never in a log.
"""

import json
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Lock

from bedside.errors import ServiceError
from bedside.types import Json

Line = dict[str, Json]


class Journal:
    """Appends lines to one file, which only its owner may read; nothing in it is ever changed.

    Args:
        path: Of the file; it and its folder are made when they are not there.

    Raises:
        ServiceError: The file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            if path.stat().st_size and path.read_bytes()[-1:] != b"\n":
                os.write(self._file, b"\n")  # a crash left half a line; what follows stands on its own
        except OSError as error:
            msg = f"journal {path} cannot be written: {error.strerror}"
            raise ServiceError(msg) from error

    def append(self, line: Line, *, durable: bool = False) -> None:
        """Append one line, whole or not at all; on the disk before this returns when `durable`.

        Raises:
            OSError: The disk is full or gone.
        """
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            before = os.fstat(self._file).st_size
            written = os.write(self._file, text)
            if written != len(text):
                os.ftruncate(self._file, before)
                raise OSError(28, os.strerror(28))
            if durable:
                os.fsync(self._file)

    def lines(self) -> Iterator[Line]:
        """All lines, from the first; one that a crash left half is passed over."""
        with self.path.open("rb") as file:
            for text in file:
                try:
                    yield json.loads(text)
                except ValueError:
                    continue

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def digest(*words: str) -> str:
    """32 hexadecimal digits for these words, by which the same thing is known again."""
    return sha256("\x1f".join(words).encode()).hexdigest()[:32]
