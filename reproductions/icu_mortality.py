"""Death in hospital after 48 hours of intensive care: PhysioNet 2012, learned from set a, judged on set b.

    python reproductions/icu_mortality.py [--seed N] [--jobs N]

Beside the declared network, which was chosen within set a, all others that the library has are tried on the same stays.
Figures of others learned from sets a and b and were judged on set c: twice as much to learn from, and other stays.
"""

from beside import UNTUNED, Peer, reproduce

from bedside.applications.icu_mortality.study import study
from bedside.networks.sequences.attentive import EventSet, TimeAwareTransformer
from bedside.networks.sequences.decaying import GruD
from bedside.networks.sequences.recurrent import Recurrent
from bedside.networks.sequences.retain import Retain
from bedside.networks.sequences.temporal import TemporalConvolution

OTHERS = (
    Recurrent(),
    Recurrent(cell="lstm"),
    GruD(),
    TemporalConvolution(),
    Retain(),
    TimeAwareTransformer(),
    EventSet(),
)

ORIGIN = f"learned from a and b, judged on c, {UNTUNED}"

PEERS = (
    Peer(
        what="logistic regression on 267 summaries", value=0.871, origin=ORIGIN, learner="elastic_net", measure="auroc"
    ),
    Peer(what="histogram boosting on summaries", value=0.875, origin=ORIGIN, learner="boosting", measure="auroc"),
    Peer(what="histogram boosting on summaries", value=0.565, origin=ORIGIN, learner="boosting", measure="auprc"),
    Peer(what="SAPS-I", value=0.658, origin=ORIGIN, learner="saps_i", measure="auroc"),
    Peer(
        what="DuETT",
        value=0.872,
        origin="Labach et al., MLHC 2023, on another division; read from the paper",
        learner="events_network",
        measure="auroc",
    ),
)

if __name__ == "__main__":
    reproduce(study(others=OTHERS), lambda _: PEERS, every=("auroc", "auprc", "brier"))
