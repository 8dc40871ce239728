"""Anterior and posterior hippocampus beside what nnU-Net reached in the Medical Segmentation Decathlon.

    python reproductions/hippocampus_mri.py [--seed N] [--jobs N]

The Decathlon's own test scans have no public tracings: theirs and ours are other scans of the same study.
"""

from beside import Peer, reproduce

from bedside.applications.hippocampus_mri.study import study
from bedside.evidence.schema import Evidence


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    """Dice of either part on the challenge's hidden test scans."""
    del evidence
    origin = "Isensee et al., Nat Methods 2021, 18:203: hidden test scans, an ensemble trained for days on a GPU"
    return tuple(
        Peer(what=f"nnU-Net, {part}", value=value, origin=origin, learner="u_net", measure=f"dice_{part}")
        for part, value in (("anterior", 0.90), ("posterior", 0.89))
    )


if __name__ == "__main__":
    reproduce(study(), peers, every=("dice", "hd95", "nsd"))
