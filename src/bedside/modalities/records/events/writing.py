"""Writing to disk: what the operating system refuses becomes an error that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bedside.errors import OutputProblem


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Around everything that writes below a folder.

    Raises:
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise OutputProblem(_words(error, folder)) from error


def _words(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk that holds {folder} is full; free some space and run again: nothing was kept"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{folder} cannot be written ({error.strerror}); choose another folder"
    return f"{folder} could not be written ({error.strerror or type(error).__name__}); nothing was kept"
