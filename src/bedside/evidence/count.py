"""A count that may be withheld, so that nobody is known from a small cell."""

from typing import Annotated, TypeAlias

from pydantic import Field

WITHHELD = "withheld"
"""Stands for a count that is not small, but from which a small one could be worked out."""

Withheld: TypeAlias = Annotated[str, Field(pattern=r"^(<[1-9][0-9]*|withheld)$")]
"""`<11`: from 1 to 10, which the study's smallest cell of 11 forbids to show; or `withheld`."""

Count: TypeAlias = Annotated[int, Field(strict=True)] | Withheld
"""A number, or why there is none."""
