"""eICU Collaborative Research Database 2.0 in its own layout of CSV files."""

from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.eicu.reader import Eicu
from bedside.modalities.records.readers.eicu.stays import patient_of

READER = Layout(summary="eICU 2.0: the folder with patient.csv, lab.csv, … (*.csv or *.csv.gz)", open=Eicu)

__all__ = ["READER", "Eicu", "patient_of"]
