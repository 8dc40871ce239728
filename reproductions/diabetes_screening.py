"""Pima diabetes, repeated 5-fold cross-validation."""

from beside import UNTUNED, Peer, reproduce

from bedside.applications.diabetes_screening.study import study

ORIGIN = f"3 x 10-fold cross-validation, {UNTUNED}"

PEERS = (
    Peer(what="logistic regression", value=0.836, origin=ORIGIN, learner="elastic_net", measure="auroc"),
    Peer(what="gradient boosting", value=0.816, origin=ORIGIN, learner="boosting", measure="auroc"),
    Peer(what="glucose alone", value=0.788, origin=ORIGIN, learner="single_glucose", measure="auroc"),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS)
