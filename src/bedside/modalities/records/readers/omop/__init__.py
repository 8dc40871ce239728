from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.omop.reader import Omop

READER = Layout(summary="OMOP CDM 5.3 and 5.4: a folder of CSV or Parquet tables (person, measurement, …)", open=Omop)
