"""Survival of women with breast cancer: METABRIC on the partitions published with DeepSurv.

Figures of others are Harrell's C of all pairs, and C_td where they say so; each is compared with its own kind.
"""

from beside import Peer, reproduce

from bedside.applications.breast_cancer_survival.study import study

ORIGIN = "the same partitions; one fixed, untuned configuration, measured once by us; no interval"

PEERS = (
    Peer(what="Cox regression", value=0.632, origin=ORIGIN, learner="cox", measure="harrell_c"),
    Peer(what="random survival forest", value=0.641, origin=ORIGIN, learner="survival_forest", measure="harrell_c"),
    Peer(
        what="Cox-Time",
        value=0.675,
        origin="Kvamme et al., JMLR 2019, on another division; read from the paper",
        learner="tabular_network",
        measure="c_td",
    ),
)

EVERY = ("auc_at_120", "brier_at_120", "auc_at_60", "integrated_brier", "harrell_c", "uno_c", "c_td")

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, every=EVERY)
