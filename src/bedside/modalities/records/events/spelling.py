"""Turns what hospitals write as units into UCUM, where that is a matter of spelling."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

_BLANKS = re.compile(r"\s+")
_SMALL: Final = frozenset({"uL", "nL", "mm3"})
_VOLUMES: Final = _SMALL | {"mL", "L", "dL"}


@cache
def ucum(written: str) -> str:
    """A unit as UCUM writes it; what is not known to be a matter of spelling stays as it was.

    Example:
        >>> ucum("K/uL"), ucum("mg/dl"), ucum("mm Hg"), ucum("deg F")
        ('10*3/uL', 'mg/dL', 'mm[Hg]', '[degF]')
    """
    tables = _tables()
    plain = _BLANKS.sub("", written.replace("µ", "u").replace("μ", "u").replace("\u00d7", "x"))
    if plain in tables["exact"]:
        return tables["exact"][plain]
    small = plain.lower()
    if small in tables["whole"]:
        return tables["whole"][small]
    above, *below = plain.split("/")
    denominators = [tables["piece"].get(piece.lower(), piece) for piece in below]
    return "/".join([_above(above, denominators), *denominators])


def _above(piece: str, denominators: list[str]) -> str:
    """What stands before the first stroke; thousands are only read over a volume, and by letter over a small one."""
    tables = _tables()
    small = piece.lower()
    count = tables["count"].get(small)
    over = denominators[0] if denominators else ""
    if count is not None and (over in _SMALL or (over in _VOLUMES and small[0] in "1x")):
        return count
    return tables["piece"].get(small, piece)


@cache
def _tables() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("spellings.toml").read_text("utf-8"))
