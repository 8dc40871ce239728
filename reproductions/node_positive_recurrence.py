"""Recurrence of node-positive breast cancer: learned in Rotterdam, judged on the German trial.

Figures of others are Harrell's C of all pairs on the same women. The file they rest on takes deaths after the end of
follow-up for recurrence as events; that concerns a few women of Rotterdam and none of the trial.
"""

from beside import Peer, reproduce

from bedside.applications.node_positive_recurrence.study import study

ORIGIN = "the same partitions; one fixed, untuned configuration, measured once by us; no interval"

PEERS = (
    Peer(what="Cox regression", value=0.656, origin=ORIGIN, learner="cox", measure="harrell_c"),
    Peer(what="random survival forest", value=0.678, origin=ORIGIN, learner="survival_forest", measure="harrell_c"),
)

EVERY = ("auc_at_60", "brier_at_60", "auc_at_36", "integrated_brier", "harrell_c", "uno_c", "c_td")

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, every=EVERY)
