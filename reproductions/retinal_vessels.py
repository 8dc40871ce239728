"""Vessels of the eye ground (DRIVE) beside a second observer and published networks.

python reproductions/retinal_vessels.py [--seed N] [--jobs N]
"""

from beside import Peer, reproduce

from bedside.applications.retinal_vessels.study import study
from bedside.evidence.schema import Evidence


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    """The second observer on the same 20 photographs."""
    del evidence
    return (
        Peer(
            what="second observer against the first",
            value=0.788,
            origin="Staal et al., IEEE Trans Med Imaging 2004, 23:501, measured anew from the published drawings",
            learner="u_net",
            measure="dice",
        ),
    )


if __name__ == "__main__":
    reproduce(study(), peers, every=("dice", "hd95", "nsd"))
