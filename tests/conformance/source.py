"""What every source must do; a new source is one more line in tests/sources."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import pytest

from bedside.data.files import data_root, here, locate
from bedside.data.source import DataFile, Source
from bedside.errors import FileProblem
from bedside.modalities.tabular.table import Record, frame_of

R = TypeVar("R")


def check_source(source: Source[R], content: Callable[[Sequence[R]], Any], *, n: int = 200) -> None:
    """Described, and its synthetic twin is of the asked size and the same for the same seed.

    Args:
        source: The source under test.
        content: Records to something that compares by value.
        n: Records to simulate.
    """
    assert re.fullmatch(r"[a-z][a-z0-9_]*", source.name), f"{source.name!r} is not snake_case"
    assert source.licence.strip(), f"{source.name} states no licence"
    assert len(source.citation) > 20, f"{source.name} gives no citation"
    for file in source.files:
        _check_file(file)
    assert len({file.path for file in source.files}) == len(source.files), "two files at one path"

    once = content(list(source.simulate(n, seed=7)))
    assert len(list(source.simulate(n, seed=7))) == n
    assert content(list(source.simulate(n, seed=7))) == once, "the same seed gives another twin"
    assert content(list(source.simulate(n, seed=8))) != once, "another seed gives the same twin"


def check_absence(source: Source[R], empty: Path) -> None:
    """Without its files a source says which is absent; one that ships with a dependency needs no folder."""
    if not source.files:
        assert next(iter(source.records(empty))) is not None
        return
    copies = [replace(file, address=None) for file in source.files]
    with pytest.raises(FileProblem, match=re.escape(copies[0].path)):
        locate(copies[0], empty)


def check_twin(source: Source[Record], root: Path) -> None:
    """The twin has the columns, types, categories and quirks of the real table: what is missing there, is here."""
    real = frame_of(list(source.records(root)))
    twin = frame_of(list(source.simulate(max(500, min(2000, real.height)), seed=11)))
    assert twin.schema == real.schema
    for name in real.columns:
        if real[name].dtype == pl.String and real[name].n_unique() < 50:
            strange = set(twin[name].drop_nulls()) - set(real[name].drop_nulls())
            assert not strange, f"{name} of the twin holds {sorted(strange)}, which the data do not"
        if real[name].null_count() > 0.2 * real.height:
            assert twin[name].null_count() > 0, f"{name} is often missing, but never in the twin"
        if real[name].dtype.is_numeric() and (real[name] == 0).sum() > 0.05 * real.height:
            assert (twin[name] == 0).any(), f"{name} is often 0, but never in the twin"


def absent(source: Source[Any]) -> str:
    """Why a test on the real data must be skipped; "" when it need not."""
    root = data_root()
    missing = [file.path for file in source.files if not here(file, root)]
    return f"BEDSIDE_DATA holds no {missing[0]}" if missing else ""


def cells(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    """Tabular records as rows of cells."""
    return frame_of(records).rows()


def first(source: Source[R], root: Path, n: int) -> list[R]:
    """The first records of the real data."""
    return list(islice(source.records(root), n))


def _check_file(file: DataFile) -> None:
    assert not file.path.startswith("/"), file.path
    assert ".." not in Path(file.path).parts, file.path
    assert "\\" not in file.path, file.path
    assert file.sha256 or file.md5, f"{file.path} has no checksum"
    assert file.md5 is None or re.fullmatch(r"[0-9a-f]{32}", file.md5), f"{file.path}: {file.md5!r} is no MD5"
    for digest in file.sha256:
        assert re.fullmatch(r"[0-9a-f]{64}", digest), f"{file.path}: {digest!r} is no SHA-256"
    assert file.address is None or file.address.startswith("https://"), file.address
    assert file.member is None or file.address is not None, f"{file.path} is a member of nothing"
