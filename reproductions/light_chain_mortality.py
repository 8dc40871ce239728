"""Mortality and free light chains in the general population: FLCHAIN, held-out patients.

Figures of others are Harrell's C of all pairs on another random fifth.
"""

from beside import UNTUNED, Peer, reproduce

from bedside.applications.light_chain_mortality.study import study

PEERS = (
    Peer(what="Cox regression", value=0.801, origin=UNTUNED, learner="cox", measure="harrell_c"),
    Peer(what="random survival forest", value=0.800, origin=UNTUNED, learner="survival_forest", measure="harrell_c"),
)

EVERY = ("auc_at_10", "brier_at_10", "auc_at_5", "integrated_brier", "harrell_c", "uno_c", "c_td")

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, every=EVERY)
