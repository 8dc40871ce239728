"""The explainers of imaging studies: a method that draws maps, and the tests of what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from bedside.explain.completeness import complete
from bedside.explain.explainer import Attribution, Check, Explainer, Subject
from bedside.explain.images.deletion import deletion
from bedside.explain.images.grad_cam import GRAD_CAM, GRAD_CAM_PLUS_PLUS
from bedside.explain.images.gradients import ImageGradients
from bedside.explain.images.method import MapMethod, Maps, Network, maps, networks
from bedside.explain.images.occlusion import ImageOcclusion
from bedside.explain.images.score import Asked, Cases, asked
from bedside.explain.images.shuffled import shuffled
from bedside.explain.tabular import LIMIT, REPEATS
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.laid_back import laid_back
from bedside.modalities.imaging.trunk import PreparedImages
from bedside.training.seeds import derive
from bedside.training.tuned import subsample

_RANDOMISED_CASES = 12
_DELETED_CASES = 60
_NORMALISED_ON = 64


@dataclass(frozen=True)
class ImageExplainer:
    """A method for networks on images or volumes, with its tests.

    Attributes:
        method: How scores are attributed to places.
    """

    method: MapMethod

    @property
    def name(self) -> str:
        """The method's name."""
        return self.method.name

    @property
    def label(self) -> str:
        """The method's label."""
        return self.method.label

    @property
    def description(self) -> str:
        """The method's description."""
        return self.method.description

    def explain(
        self, subject: Subject[Readable, Any], cases: Sequence[Readable], *, seed: int, tests: bool = True
    ) -> "Attribution | None":
        """Maps over the images of some cases.

        None for models that are no networks on images, and where there is no one score to attribute: the outcome
        answers several questions, or none.

        Raises:
            FileProblem: An image cannot be used.
        """
        members = networks(subject.fit.fitted)
        if len(cases) == 0 or not members:
            return None
        wanted = asked(subject.endpoint, subject.fit.fitted.predict(cases))
        if wanted is None:
            return None
        found = maps(self.method, members, cases, wanted)
        checks: list[Check] = []
        if tests:
            checks += [complete(found.gap)] if found.gap is not None else []
            few = slice(_RANDOMISED_CASES)
            checks.append(self._randomisation(subject, members, found, cases[few], wanted[few], seed))
            checks.append(self._faithful(subject, members, seed))
        placed = [_on_image(one, case, members[0]) for one, case in zip(found.values, cases, strict=True)]
        return Attribution((), np.zeros((len(cases), 0)), tuple(checks), maps=np.stack(placed))

    def _randomisation(
        self,
        subject: Subject[Readable, Any],
        members: Sequence[Network],
        found: Maps,
        cases: Cases,
        wanted: Asked,
        seed: int,
    ) -> Check:
        name = "parameter randomisation"
        seen = [sample.predictors for sample in subsample(subject.development, _NORMALISED_ON, seed)]
        told = [_told(one) for one in found.values[: len(cases)]]
        if not any(told):
            return Check(name, passed=False, value=None, text="Every map is the same everywhere: it explains nothing.")
        alike = []
        for k in range(REPEATS):
            random = [shuffled(member, seen, derive(seed, "randomised", k, j)) for j, member in enumerate(members)]
            others = maps(self.method, random, cases, wanted).values
            pairs = zip(found.values, others, told, strict=False)
            alike.append(np.mean([correlation(one, other) for one, other, says in pairs if says]))
        value = float(np.mean(alike))
        outcome = "the explanation depends on what was learned" if value < LIMIT else "it does not depend on the model"
        return Check(
            name,
            value < LIMIT,
            value,
            f"Maps of {REPEATS} models whose weights were shuffled in every layer had a mean rank correlation of "
            f"{value:.2f} with those of the model, over {sum(told)} cases; below {LIMIT:g} was asked for: {outcome}.",
        )

    def _faithful(self, subject: Subject[Readable, Any], members: Sequence[Network], seed: int) -> Check:
        samples = subsample(subject.tuning or subject.development, _DELETED_CASES, seed)
        cases = [sample.predictors for sample in samples]
        wanted = asked(subject.endpoint, subject.fit.fitted.predict(cases))
        if wanted is None:
            return Check("faithfulness by deletion", None, None, "not done: there is no one score to attribute.")
        return deletion(subject, maps(self.method, members, cases, wanted).values, samples, seed)


IMAGE_EXPLAINERS: tuple[Explainer[Readable], ...] = (
    ImageExplainer(GRAD_CAM),
    ImageExplainer(GRAD_CAM_PLUS_PLUS),
    ImageExplainer(ImageGradients()),
    ImageExplainer(ImageOcclusion()),
)
"""For every study of images; each explains the networks on them."""

CLASS_ACTIVATIONS: tuple[Explainer[Readable], ...] = IMAGE_EXPLAINERS[:2]
"""For volumes, where gradients and occlusion of every case take longer than training."""


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's rank correlation of two maps; 0 where either says the same everywhere."""
    if not (_told(one) and _told(other)):
        return 0.0
    return float(np.corrcoef(rankdata(one.ravel()), rankdata(other.ravel()))[0, 1])


def _told(one: NDArray[np.float32]) -> bool:
    return bool(np.ptp(one) > 0)


def _on_image(values: NDArray[np.float32], case: Readable, member: Network) -> NDArray[np.float32]:
    prepared = member.prepared
    if not isinstance(prepared, PreparedImages):
        return values
    return laid_back(values, case.read(), prepared.preparation.plan)
