"""Tables of one's own: any CSV, TSV or Parquet file whose columns a TOML file explains."""

from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.long_csv.declaration import ColumnMap, load_map
from bedside.modalities.records.readers.long_csv.reader import LongCsv, mapped, unmapped

READER = Layout(
    summary="Tables of your own (CSV, TSV, Parquet), long or wide; --map says what the columns mean",
    open=unmapped,
    open_mapped=mapped,
)

__all__ = ["READER", "ColumnMap", "LongCsv", "load_map"]
