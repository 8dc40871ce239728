"""Diabetes-130: all 101,766 encounters read in, readmission within 30 days, clustered by patient."""

from beside import UNTUNED, Peer, reproduce

from bedside.applications.readmission.study import study

ORIGIN = f"grouped by patient, deaths and hospice left out, {UNTUNED}"

PEERS = (
    Peer(what="logistic regression", value=0.670, origin=ORIGIN, learner="elastic_net", measure="auroc"),
    Peer(what="LightGBM", value=0.677, origin=ORIGIN, learner="boosting", measure="auroc"),
    Peer(what="LightGBM", value=0.240, origin=ORIGIN, learner="boosting", measure="auprc"),
)

if __name__ == "__main__":
    reproduce(study(), lambda _: PEERS)
