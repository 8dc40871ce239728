"""PneumoniaMNIST in the published partitions, beside the published figures.

python reproductions/pneumonia_xray.py [--seed N] [--jobs N]
"""

from beside import Peer, reproduce

from bedside.applications.pneumonia_xray.study import study

PUBLISHED = "MedMNIST v2, table of benchmarks (Yang et al., Sci Data 2023;10:41)"
MEASURED = "one fixed, untuned configuration, measured once by us on the same partitions; no interval"

PEERS = (
    Peer(what="ResNet-18, 28 px", value=0.944, origin=PUBLISHED, learner="convolutional_network", measure="auroc"),
    Peer(what="ResNet-50, 28 px", value=0.948, origin=PUBLISHED, learner="convolutional_network", measure="auroc"),
    Peer(what="auto-sklearn", value=0.942, origin=PUBLISHED, learner="convolutional_network", measure="auroc"),
    Peer(what="AutoKeras", value=0.947, origin=PUBLISHED, learner="convolutional_network", measure="auroc"),
    Peer(what="Google AutoML Vision", value=0.991, origin=PUBLISHED, learner="convolutional_network", measure="auroc"),
    Peer(
        what="small network, seed ensemble",
        value=0.983,
        origin=MEASURED,
        learner="convolutional_network",
        measure="auroc",
    ),
    Peer(
        what="PCA and support vector machine", value=0.945, origin=MEASURED, learner="support_vectors", measure="auroc"
    ),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS)
