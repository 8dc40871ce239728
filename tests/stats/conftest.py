"""Reference vectors: the data behind published numbers, where they are at hand."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

Rows = list[dict[str, str]]


@pytest.fixture
def vector(public_data: Path) -> Callable[[str], Rows]:
    def read(name: str) -> Rows:
        path = public_data / "reference_vectors" / name
        if not path.is_file():
            pytest.skip(f"reference vector {name} is not in BEDSIDE_DATA/reference_vectors")
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    return read
