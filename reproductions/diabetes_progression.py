"""Diabetes progression, repeated 5-fold cross-validation, beside ordinary least squares on the same folds."""

import numpy as np
from beside import Peer, reproduce
from sklearn.linear_model import LinearRegression

from bedside.applications.diabetes_progression.study import study
from bedside.data.files import data_root
from bedside.data.sample import Sample
from bedside.evidence.schema import Evidence
from bedside.modalities.tabular.features import Features
from bedside.modalities.tabular.table import Record
from bedside.sources.diabetes_progression import SCHEMA
from bedside.types import Floats


def least_squares(seed: int) -> float:
    """RMSE of ordinary least squares over all out-of-fold predictions of the study's cross-validation at this seed."""
    declared = study()
    drawn = [one for record in declared.source.records(data_root()) for one in declared.cohort.draw(record)]
    samples: list[Sample[Record, float]] = [one for one in drawn if isinstance(one, Sample)]
    anyone: list[Sample[object, float]] = [*samples]
    squared: list[Floats] = []
    for split in declared.validations[0].splits(anyone, declared.endpoint.stratum, seed):
        learn, test = ([samples[i] for i in part] for part in (split.development, split.test))
        features = Features.fit(SCHEMA, [one.predictors for one in learn])
        fitted = LinearRegression().fit(features.transform([one.predictors for one in learn]), _outcomes(learn))
        residuals = fitted.predict(features.transform([one.predictors for one in test])) - _outcomes(test)
        squared.append(residuals**2)
    return float(np.sqrt(np.mean(np.concatenate(squared))))


def _outcomes(samples: list[Sample[Record, float]]) -> Floats:
    return np.array([one.outcome for one in samples])


def peers(evidence: Evidence) -> tuple[Peer, ...]:
    return (
        Peer(
            what="ordinary least squares",
            value=least_squares(evidence.provenance.seed),
            origin="measured by this script on the same folds; no published figure has a comparable division",
            learner="elastic_net",
            measure="rmse",
        ),
    )


if __name__ == "__main__":
    reproduce(study(), peers)
