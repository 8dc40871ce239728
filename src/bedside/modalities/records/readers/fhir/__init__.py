from bedside.modalities.records.events.reader import Layout
from bedside.modalities.records.readers.fhir.reader import Fhir

READER = Layout(
    summary="FHIR R4: bulk export (*.ndjson, *.ndjson.gz) or patient bundles (*.json, *.json.gz)", open=Fhir
)
