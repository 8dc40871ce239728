"""RetinaMNIST in the published partitions, beside the published figures.

python reproductions/diabetic_retinopathy.py [--seed N] [--jobs N]
"""

from beside import Peer, reproduce

from bedside.applications.diabetic_retinopathy.study import study

PUBLISHED = "MedMNIST v2, table of benchmarks (Yang et al., Sci Data 2023;10:41)"
MEASURED = "one fixed, untuned configuration, measured once by us on the same partitions; no interval"

PEERS = (
    Peer(
        what="ResNet-18, 28 px", value=0.717, origin=PUBLISHED, learner="convolutional_network", measure="auroc_macro"
    ),
    Peer(
        what="ResNet-50, 28 px", value=0.726, origin=PUBLISHED, learner="convolutional_network", measure="auroc_macro"
    ),
    Peer(what="auto-sklearn", value=0.69, origin=PUBLISHED, learner="convolutional_network", measure="auroc_macro"),
    Peer(what="AutoKeras", value=0.719, origin=PUBLISHED, learner="convolutional_network", measure="auroc_macro"),
    Peer(
        what="Google AutoML Vision",
        value=0.75,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc_macro",
    ),
    Peer(
        what="small network, seed ensemble",
        value=0.737,
        origin=MEASURED,
        learner="convolutional_network",
        measure="auroc_macro",
    ),
    Peer(
        what="PCA and support vector machine",
        value=0.715,
        origin=MEASURED,
        learner="support_vectors",
        measure="auroc_macro",
    ),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS)
