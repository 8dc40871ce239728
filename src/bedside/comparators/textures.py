"""Texture and shape of images as a table, so that every conventional model of tables can be tried on images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from bedside.comparators.derived import Derivation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.texture import feature_names, texture
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records


@dataclass(frozen=True)
class Textures:
    """The table of texture features of images of one kind.

    Attributes:
        dimensions: 2 or 3.
        channels: 1 or 3.
    """

    dimensions: int = 2
    channels: int = 1

    @property
    def schema(self) -> Schema:
        """One number a feature."""
        return Schema(tuple(Column(name, "number") for name in feature_names(self.dimensions, self.channels)))

    def derivation(self) -> Derivation[Readable, Record]:
        """From images to records of `schema`."""
        count = len(self.schema.names)
        words = (
            f"{count} features of texture and shape (first-order statistics, grey-level co-occurrence at distances 1, "
            "2 and 4, gradients, shape of the largest part that Otsu's threshold separates)"
        )
        return Derivation(partial(_records, self.schema.names), words)


def _records(names: tuple[str, ...], images: Sequence[Readable]) -> list[Record]:
    rows = [texture(image.read()) for image in images]
    columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
    return records(Table(pl.DataFrame(columns).fill_nan(None)))
