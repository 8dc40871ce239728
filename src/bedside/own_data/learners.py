"""The learners that a study.toml can name."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bedside.comparators.boosting import Boosting
from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.marginal import Marginal
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.errors import StudyError
from bedside.modalities.tabular.column import Schema, nearest_name
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Recipe
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

Make: TypeAlias = Callable[[Endpoint[Any, Any], Schema], Recipe[Record, Any, Any]]

_HEADS: dict[str, HeadMaker[Any]] = {
    "binary": BinaryHead,
    "multiclass": MulticlassHead,
    "continuous": ContinuousHead,
    "time_to_event": LogisticHazardHead,
}


def _network(endpoint: Endpoint[Any, Any], schema: Schema) -> Recipe[Record, Any, Any]:
    return Network(endpoint=endpoint, trunk=TabularTrunk(schema), head=_HEADS[endpoint.name])


MODEL = "tabular_network"
COMPARATORS = ("elastic_net", "random_forest", "boosting")
"""From simple to complex: the release rule reads the order."""
COMPARATORS_OF_TIMES = ("marginal", "cox", "weibull", "survival_boosting")
"""The same for times to events; survival_forest needs an extra and is added by hand."""

_MAKERS: dict[str, Make] = {
    MODEL: _network,
    "elastic_net": ElasticNet,
    "random_forest": Forest,
    "boosting": Boosting,
}
_MAKERS_OF_TIMES: dict[str, Make] = {
    MODEL: _network,
    "marginal": lambda endpoint, _: Marginal(endpoint),
    "cox": CoxElasticNet,
    "weibull": WeibullAft,
    "survival_boosting": SurvivalBoosting,
    "survival_forest": SurvivalForest,
}
_MAKERS_BY_KIND = {"time_to_event": _MAKERS_OF_TIMES}
"""Where other learners are needed than for classes and numbers."""


def learner(name: str, endpoint: Endpoint[Any, Any], schema: Schema, *, trials: int) -> Tuned[Record, Any]:
    """The tuned learner of this name; raises StudyError, with what there is, when none predicts such an outcome."""
    makers: Mapping[str, Make] = _MAKERS_BY_KIND.get(endpoint.name, _MAKERS)
    if name not in makers:
        elsewhere = name in _MAKERS or name in _MAKERS_OF_TIMES
        why = f"predicts no {endpoint.name.replace('_', ' ')} outcome; there are {', '.join(makers)}"
        msg = f"learner {name!r} {why}" if elsewhere else f"there is no learner {name!r}; {nearest_name(name, makers)}"
        raise StudyError(msg)
    return Tuned(makers[name](endpoint, schema), endpoint, trials=trials)
