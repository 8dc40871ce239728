"""The ways to divide a cohort: holdout, folds, sites, time, published partitions, another source, growing development.

Each says only who is judged and from whom may be learned; `division` builds the splits.
"""

from bedside.data.validation.external import External
from bedside.data.validation.folds import CrossValidation
from bedside.data.validation.holdout import Holdout
from bedside.data.validation.learning_curve import LearningCurve
from bedside.data.validation.predefined import Predefined
from bedside.data.validation.sites import LeaveSiteOut
from bedside.data.validation.temporal import Temporal

__all__ = [
    "CrossValidation",
    "External",
    "Holdout",
    "LearningCurve",
    "LeaveSiteOut",
    "Predefined",
    "Temporal",
]
