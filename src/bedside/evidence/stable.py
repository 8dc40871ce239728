"""The part of evidence that repeats byte for byte."""

import json

from bedside.evidence.schema import Evidence


def stable(evidence: Evidence) -> str:
    """Canonical JSON without timings, environment, command, the time of freezing and the ledger's counts.

    Two runs of the same study on the same data, code, seed and machine give the same string.
    """
    content = evidence.model_dump(mode="json")
    content["provenance"] |= {"timings": {}, "environment": {}, "command": ""}
    content["plan"]["frozen_at"] = None
    content["ledger"] = []
    return json.dumps(content, sort_keys=True, ensure_ascii=False)
