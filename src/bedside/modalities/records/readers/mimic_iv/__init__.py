"""MIMIC-IV 2.x and 3.x in its own layout of CSV files: hosp/ and icu/."""

from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.mimic_iv.reader import MimicIV

READER = Layout(summary="MIMIC-IV 2.x or 3.x: the folder with hosp/ and icu/ (*.csv or *.csv.gz)", open=MimicIV)

__all__ = ["READER", "MimicIV"]
