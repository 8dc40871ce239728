"""Cells in blood smears (BCCD), trained from scratch on 205 photographs, beside matching with mean pictures.

    python reproductions/blood_cells.py [--seed N] [--jobs N]

Figures published for these photographs are of other divisions or of networks that had seen other pictures before.
"""

from beside import Peer, reproduce

from bedside.applications.blood_cells.study import study
from bedside.evidence.schema import Evidence


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    """Template matching on the same test photographs."""
    row = next(
        row
        for row in evidence.performance
        if (row.learner, row.group, row.measure, row.partition) == ("templates", "all", "ap50", "test")
    )
    if row.value is None:
        return ()
    origin = "measured on the same photographs in this run; the paired difference is in the report"
    return (
        Peer(what="matching with the mean picture of each kind", value=row.value, origin=origin, learner="detector",
             measure="ap50"),
    )  # fmt: skip


if __name__ == "__main__":
    reproduce(study(), peers)
