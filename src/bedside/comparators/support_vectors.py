"""Principal components of the pixels and a support vector machine: what a tuned conventional model makes of images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar, cast

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.svm import SVC, SVR

from bedside.comparators.decoding import from_scores
from bedside.comparators.outcome import class_numbers, conventional, numbers
from bedside.comparators.regression import unpenalised
from bedside.data.sample import Sample
from bedside.endpoints.endpoint import Endpoint, Numeric
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.training.learner import Settings, Trial
from bedside.training.storage import damaged, read_json, write_json
from bedside.training.threads import single_thread
from bedside.types import Floats, Integers, Json

P = TypeVar("P")

_CHUNK = 1_024
_CACHE_MB = 500
_ITERATIONS = 200_000


@dataclass(frozen=True, eq=False)
class Machine:
    """One support vector machine of a Gaussian kernel.

    Attributes:
        vectors: Support vectors, shape (v, c).
        weights: Shape (v,).
        intercept: A number.
    """

    vectors: Floats
    weights: Floats
    intercept: float

    def __call__(self, components: Floats, gamma: float) -> Floats:
        """Decision values, shape (n,)."""
        answers: list[Floats] = [
            np.exp(-gamma * _distances(components[start : start + _CHUNK], self.vectors)) @ self.weights
            for start in range(0, len(components), _CHUNK)
        ]
        return np.concatenate(answers) + self.intercept


@dataclass(frozen=True, eq=False)
class SupportVectors(Generic[P]):
    """Preparation, components, machines (one a class, or one for a number) and the regression on their answers.

    Attributes:
        endpoint: How regression scores become predictions.
        preparation: Of the images, fitted on development.
        mean: Of the pixels, shape (d,).
        axes: Principal components over their standard deviation, shape (d, c).
        gamma: Width of the kernel.
        machines: In the order of `slope`'s rows.
        slope: Shape (machines, s).
        intercept: Shape (s,).
    """

    endpoint: Endpoint[Any, P]
    preparation: Preparation
    mean: Floats
    axes: Floats
    gamma: float
    machines: tuple[Machine, ...]
    slope: Floats
    intercept: Floats

    def predict(self, predictors: Sequence[Readable]) -> list[P]:
        """One prediction a case."""
        if len(predictors) == 0:
            return []
        components = (_flat(self.preparation, predictors) - self.mean) @ self.axes
        answers = np.column_stack([machine(components, self.gamma) for machine in self.machines])
        return from_scores(self.endpoint, answers @ self.slope + self.intercept)

    def save(self, folder: Path) -> None:
        """Write the preparation as JSON, all arrays as safetensors."""
        write_json(folder / "preparation.json", {"preparation": self.preparation.state(), "gamma": self.gamma})
        arrays = {"mean": self.mean, "axes": self.axes, "slope": self.slope, "intercept": self.intercept}
        for number, machine in enumerate(self.machines):
            arrays |= {
                f"vectors_{number}": machine.vectors,
                f"weights_{number}": machine.weights,
                f"bias_{number}": np.array([machine.intercept]),
            }
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(plain, folder / "machines.safetensors")


@dataclass(frozen=True)
class SupportVectorMachine(Generic[P]):
    """Recipe: principal components of the pixels, then a support vector machine with a Gaussian kernel.

    Classes are told apart one against the rest; a regression on out-of-fold decision values makes probabilities.
    A predicted number is not held to the range of development, so that a volume can come out negative: nobody declared
    a bound, and clipping would hide from bias and calibration that the model is wrong there.

    Attributes:
        endpoint: Categorical gives a classifier, numeric support vector regression.
        plan: How images are prepared: the same as for the network.
    """

    endpoint: Endpoint[Any, P]
    plan: ImagePlan
    name: ClassVar[str] = "support_vectors"
    label: ClassVar[str] = "Principal components + support vector machine"
    description: ClassVar[str] = (
        "Principal components of the prepared pixels, scaled to unit variance, and support vector machines with a "
        "Gaussian kernel (scikit-learn), one against the rest where there are several classes; a regression of the "
        "outcome on their out-of-fold decision values gives predictions; numbers are not held to the range of "
        "development."
    )
    members: ClassVar[int] = 1
    defaults: ClassVar[Settings] = {"components": 60, "cost": 3.0, "width": 1.0}

    def propose(self, trial: Trial) -> Settings:
        """Number of components, cost of errors, and width of the kernel in units of the mean squared distance."""
        return {
            "components": trial.suggest_int("components", 10, 200, log=True),
            "cost": trial.suggest_float("cost", 0.1, 100.0, log=True),
            "width": trial.suggest_float("width", 0.1, 10.0, log=True),
        }

    def fit(
        self,
        settings: Settings,
        development: Sequence[Sample[Readable, Any]],
        selection: Sequence[Sample[Readable, Any]],  # noqa: ARG002 - nothing is stopped early
        *,
        seed: int,
    ) -> tuple[SupportVectors[P], Mapping[str, Json]]:
        """Fit with these settings.

        Raises:
            ModelError: Development holds one class only, or a number is not finite.
        """
        target = conventional(self.endpoint, self.name)
        predictors = [sample.predictors for sample in development]
        tasks: list[Integers | Floats]
        if isinstance(target, Numeric):
            tasks = [numbers(target, development, self.name)]
        else:
            index = class_numbers(target, development, self.name)
            wanted = [1] if len(target.classes) == 2 else sorted(set(index.tolist()))
            tasks = [(index == k).astype(np.int64) for k in wanted]
        preparation = Preparation.fit(self.plan, predictors)
        pixels = _flat(preparation, predictors)
        with single_thread(), _own_chance(seed):
            count = min(int(settings["components"]), len(pixels) - 1, pixels.shape[1])
            found = PCA(n_components=max(1, count), svd_solver="randomized", random_state=seed).fit(pixels)
            spread = np.sqrt(np.maximum(found.explained_variance_, 1e-12))
            mean, axes = cast("Floats", found.mean_), cast("Floats", found.components_.T / spread)
            components = (pixels - mean) @ axes
            gamma = float(settings["width"]) / (2 * components.shape[1])
            patients = np.unique([str(sample.patient) for sample in development], return_inverse=True)[1]
            fitted = [self._machine(components, task, patients, float(settings["cost"]), gamma, seed) for task in tasks]
            answers = np.column_stack([told for _, told in fitted])
            slope, intercept = unpenalised(self.endpoint, answers, development, self.name)
            turned = len(tasks) == 1 and bool((slope < 0).any())
            if turned:
                # A machine that has learned nothing answers each held-out fold by what was common in the others,
                # which is rarer in that fold: the regression would turn its answers round.
                slope, intercept = unpenalised(self.endpoint, np.zeros_like(answers), development, self.name)
        machines = tuple(machine for machine, _ in fitted)
        record: dict[str, Json] = {
            "components": count,
            "explained": round(float(found.explained_variance_ratio_.sum()), 4),
            "support_vectors": sum(len(machine.weights) for machine in machines),
        }
        if turned:
            record["learned"] = "nothing: answers out of fold went against the outcome"
        return SupportVectors(self.endpoint, preparation, mean, axes, gamma, machines, slope, intercept), record

    def load(self, folder: Path) -> SupportVectors[P]:
        """Read back what `save` wrote; raises ModelError when it is damaged."""
        path = folder / "machines.safetensors"
        try:
            content, arrays = read_json(folder / "preparation.json"), load_file(path)
            machines = tuple(
                Machine(arrays[f"vectors_{k}"], arrays[f"weights_{k}"], float(arrays[f"bias_{k}"][0]))
                for k in range(len(arrays["slope"]))
            )
            return SupportVectors(
                self.endpoint,
                Preparation.from_state(content["preparation"]),
                arrays["mean"],
                arrays["axes"],
                float(cast("float", content["gamma"])),
                machines,
                arrays["slope"],
                arrays["intercept"],
            )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise damaged(path, str(error)) from error

    def _machine(
        self, components: Floats, task: "Integers | Floats", patients: Integers, cost: float, gamma: float, seed: int
    ) -> tuple[Machine, Floats]:
        """The machine fitted to all cases, and its answers to cases of patients that it had not seen."""
        if isinstance(self.endpoint.target, Numeric):
            centre, scale = float(task.mean()), float(task.std()) or 1.0
            values = (task - centre) / scale
            model = SVR(C=cost, gamma=gamma, cache_size=_CACHE_MB, max_iter=_ITERATIONS)
            told = cross_val_predict(clone(model), components, values, cv=_folds(patients, None, seed))
            model.fit(components, values)
        else:
            folds = _folds(patients, task.astype(np.int64), seed)
            model = SVC(C=cost, gamma=gamma, cache_size=_CACHE_MB, max_iter=_ITERATIONS)
            model.fit(components, task)
            if folds:
                told = cross_val_predict(clone(model), components, task, cv=folds, method="decision_function")
            else:
                told = model.decision_function(components)
        machine = Machine(model.support_vectors_, model.dual_coef_[0].copy(), float(model.intercept_[0]))
        return machine, cast("Floats", told)


def _folds(patients: Integers, task: Integers | None, seed: int) -> list[tuple[Integers, Integers]]:
    """Positions to fit on and to answer, at most five times, whole patients together.

    Empty where a class is too rare to be in every part that is fitted on.

    Args:
        patients: Code of each case's patient, shape (n,).
        task: Class numbers 0 and 1, shape (n,), which every part has its share of; None for numbers.
        seed: Of the division.
    """
    count = len(np.unique(patients))
    several = 1 < count < len(patients)
    chance: dict[str, Any] = {"shuffle": True, "random_state": seed}
    folds: Any
    if task is None:
        many = min(5, count) if several else 5
        folds = GroupKFold(many, **chance) if several else KFold(many, **chance) if count >= 10 else KFold(2)
    else:
        least = min(len(np.unique(patients[task == k])) for k in (0, 1))
        if least < 2:
            return []
        folds = (StratifiedGroupKFold if several else StratifiedKFold)(min(5, least), **chance)
    found = list(folds.split(patients, task, groups=patients if several else None))
    whole = task is None or all(len(np.unique(task[fit])) > 1 for fit, _ in found)
    return found if whole else []


@contextmanager
def _own_chance(seed: int) -> Iterator[None]:
    """What libsvm takes a seed from is the global generator of NumPy; the state it had is put back."""
    before = np.random.get_state()  # noqa: NPY002 - the global state is what libsvm uses
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002


def _flat(preparation: Preparation, images: Sequence[Readable]) -> Floats:
    pixels = preparation.transform(images)
    return np.asarray(pixels, dtype=np.float64).reshape(len(pixels), -1)


def _distances(one: Floats, other: Floats) -> Floats:
    """Squared distances, shape (n, m)."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.asarray(np.maximum(squares, 0.0))
