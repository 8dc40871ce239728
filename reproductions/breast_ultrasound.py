"""BreastMNIST, cross-validated and in the published partitions, beside the published figures.

python reproductions/breast_ultrasound.py [--seed N] [--jobs N]
"""

from beside import Peer, reproduce

from bedside.applications.breast_ultrasound.study import study
from bedside.sources.medmnist import BREAST

PUBLISHED = "MedMNIST v2, table of benchmarks (Yang et al., Sci Data 2023;10:41)"
MEASURED = "one fixed, untuned configuration, measured once by us on the same partitions; no interval"

PEERS = (
    Peer(
        what="ResNet-18, 28 px",
        value=0.901,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="ResNet-50, 28 px",
        value=0.857,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="auto-sklearn",
        value=0.836,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="AutoKeras",
        value=0.871,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="Google AutoML Vision",
        value=0.919,
        origin=PUBLISHED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="small network, seed ensemble",
        value=0.908,
        origin=MEASURED,
        learner="convolutional_network",
        measure="auroc",
        validation="predefined",
    ),
    Peer(
        what="PCA and support vector machine",
        value=0.873,
        origin=MEASURED,
        learner="support_vectors",
        measure="auroc",
        validation="predefined",
    ),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS, accept=tuple(copy.sha256 for copy in BREAST.files[0].resaved))
