"""Melanoma in PH2, cross-validated, beside the ABCD rule as experts scored it: both are measured in the same run.

python reproductions/skin_lesion.py [--seed N] [--jobs N]
"""

from beside import Peer, reproduce

from bedside.applications.skin_lesion.study import study
from bedside.evidence.schema import Evidence


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    """The experts' score on the same folds."""
    validation = next(one for one in evidence.validations if one.primary)
    row = next(
        row
        for row in evidence.performance
        if (row.learner, row.validation, row.group, row.measure) == ("abcd", validation.name, "all", "auroc")
        and row.partition == validation.partition
    )
    if row.value is None:
        return ()
    origin = "the experts' own scores on the same folds of this run; the paired difference is in the report"
    return (
        Peer(
            what="ABCD rule as experts scored it, without border",
            value=row.value,
            origin=origin,
            learner="convolutional_network",
            measure="auroc",
        ),
    )


if __name__ == "__main__":
    reproduce(study(), peers)
