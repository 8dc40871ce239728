"""What rows of a table need to know of other tables: codes of concepts, ends of visits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.omop.files import File
from bedside.modalities.records.readers.omop.tables import CONCEPT, VISIT, time_of

SYSTEMS: Final = {
    "RxNorm": "RXNORM",
    "RxNorm Extension": "RXNORM_EXTENSION",
    "ICD9Proc": "ICD9PCS",
    "CPT4": "CPT",
}
"""Our names of vocabularies, where they differ; others keep theirs."""


@dataclass(frozen=True)
class Known:
    """Files of what has to be looked up; read once a process, and only when first asked.

    A concept takes about 30 bytes in memory, a visit 16.

    Attributes:
        concepts: Files of the table `concept`; none where the source comes without vocabulary.
        visits: Files of the table `visit_occurrence`.
        visit_clocks: Whether ends of visits have clock times; empty, or "visit_end".
    """

    concepts: tuple[File, ...] = ()
    visits: tuple[File, ...] = ()
    visit_clocks: frozenset[str] = frozenset()

    def with_codes(self, frame: pl.DataFrame, column: str) -> pl.DataFrame:
        """The frame with two more columns, the system and the code of a concept: `<column>.system`, `<column>.code`."""
        names = {"system": f"{column}.system", "code": f"{column}.code"}
        if not self.concepts:
            return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in names.values())
        asked = frame[column].drop_nulls().unique()
        found = _concepts(self.concepts).filter(pl.col("concept_id").is_in(asked.implode())).rename(names)
        return frame.join(found, left_on=column, right_on="concept_id", how="left", maintain_order="left")

    def with_visit_ends(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the column `visit_ended`."""
        ends = _visit_ends(self.visits, self.visit_clocks)
        asked = frame["visit_occurrence_id"].drop_nulls().unique()
        found = ends.filter(pl.col("visit_occurrence_id").is_in(asked.implode()))
        return frame.join(found, on="visit_occurrence_id", how="left", maintain_order="left")

    def words(self) -> Mapping[str, str]:
        """Names of concepts, by code."""
        return Names(_names(self.concepts)) if self.concepts else {}


class Names(Mapping[str, str]):
    """Names of concepts by code: a table in which one looks up, for there may be millions."""

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table

    def __getitem__(self, code: str) -> str:
        wanted = pl.Series([code]).hash()[0]
        first = int(self._table["hash"].search_sorted(wanted))
        while first < self._table.height and self._table["hash"][first] == wanted:
            if self._table["word"][first] == code:
                return str(self._table["name"][first])
            first += 1
        raise KeyError(code)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table["word"])

    def __len__(self) -> int:
        return self._table.height


def system_of(vocabulary: pl.Expr) -> pl.Expr:
    """Our name of a vocabulary."""
    return vocabulary.replace(SYSTEMS)


@lru_cache(maxsize=1)
def _concepts(files: tuple[File, ...]) -> pl.DataFrame:
    """Columns concept_id, system and code, one row a concept."""
    kept = [
        frame.select(
            "concept_id", system_of(pl.col("vocabulary_id")).alias("system"), pl.col("concept_code").alias("code")
        )
        for file in files
        for frame in file.frames(CONCEPT, Problems())
    ]
    schema = pl.Schema({"concept_id": pl.Int64(), "system": pl.String(), "code": pl.String()})
    whole = pl.concat([schema.to_frame(), *kept]).drop_nulls()
    return whole.unique("concept_id", keep="first", maintain_order=True)


@lru_cache(maxsize=1)
def _visit_ends(files: tuple[File, ...], clocks: frozenset[str]) -> pl.DataFrame:
    """Columns visit_occurrence_id and visit_ended, one row a visit that has both."""
    kept = [
        frame.select("visit_occurrence_id", time_of("visit_end", clocks).alias("visit_ended"))
        for file in files
        for frame in file.frames(VISIT, Problems())
    ]
    schema = pl.Schema({"visit_occurrence_id": pl.Int64(), "visit_ended": pl.Datetime("us")})
    return pl.concat([schema.to_frame(), *kept]).drop_nulls().unique("visit_occurrence_id", keep="last")


def _names(files: tuple[File, ...]) -> pl.DataFrame:
    word = pl.concat_str(system_of(pl.col("vocabulary_id")), pl.lit("//"), "concept_code").alias("word")
    kept = [
        frame.select(word, pl.col("concept_name").alias("name")).drop_nulls()
        for file in files
        for frame in file.frames(CONCEPT, Problems())
    ]
    whole = pl.concat([pl.Schema({"word": pl.String(), "name": pl.String()}).to_frame(), *kept])
    return whole.with_columns(pl.col("word").hash().alias("hash")).sort("hash", maintain_order=True)
