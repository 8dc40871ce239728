"""Survival of seriously ill adults in hospital: SUPPORT on the partitions published with DeepSurv.

Figures of others are Harrell's C of all pairs.
"""

from beside import Peer, reproduce

from bedside.applications.hospital_survival.study import study

ORIGIN = "the same partitions; one fixed, untuned configuration, measured once by us; no interval"

PEERS = (
    Peer(what="Cox regression", value=0.583, origin=ORIGIN, learner="cox", measure="harrell_c"),
    Peer(what="random survival forest", value=0.618, origin=ORIGIN, learner="survival_forest", measure="harrell_c"),
)

EVERY = ("auc_at_180", "brier_at_180", "auc_at_30", "integrated_brier", "harrell_c", "uno_c", "c_td")

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, every=EVERY)
