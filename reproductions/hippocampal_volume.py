"""Volume of the hippocampus from volumes, cross-validated, beside the size of the crop in the same run.

    python reproductions/hippocampal_volume.py [--seed N] [--jobs N]

No figure for this question was published; what counts is how much better than the size of the crop a network is.
"""

from beside import Peer, reproduce

from bedside.applications.hippocampal_volume.study import study
from bedside.evidence.schema import Evidence


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    """Linear regression on the number of voxels of the crop, on the same folds."""
    validation = next(one for one in evidence.validations if one.primary)
    measure = evidence.study.primary_measure
    row = next(
        row
        for row in evidence.performance
        if (row.learner, row.validation, row.group, row.measure) == ("crop_size", validation.name, "all", measure)
        and row.partition == validation.partition
    )
    if row.value is None:
        return ()
    origin = "measured on the same folds of this run; the paired difference is in the report"
    return (
        Peer(
            what="linear regression on the size of the crop",
            value=row.value,
            origin=origin,
            learner="convolutional_network",
            measure=measure,
        ),
    )


if __name__ == "__main__":
    reproduce(study(), peers)
