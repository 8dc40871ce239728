"""Wisconsin breast cancer, repeated 5-fold cross-validation."""

from beside import UNTUNED, Peer, reproduce

from bedside.applications.breast_cancer.study import study

PEERS = (
    Peer(what="logistic regression", value=0.9955, origin=UNTUNED, learner="elastic_net", measure="auroc"),
    Peer(what="LightGBM", value=0.993, origin=UNTUNED, learner="boosting", measure="auroc"),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS)
