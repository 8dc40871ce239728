"""Can the volume of a hippocampus be told from a crop of a T1 scan without outlining it?"""

from pathlib import Path

import numpy as np

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.points import PointsScore
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.continuous.kind import continuous
from bedside.explain.images.explainer import CLASS_ACTIVATIONS
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.sources.decathlon_hippocampus import DecathlonHippocampus
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
PLAN = ImagePlan(size=(18, 24, 20), spacing=(2.5, 2.5, 2.5), orientation="RAS", scale="image")
"""Large enough for every crop at 2.5 mm."""

CROP = (
    "The number of voxels of the crop, by linear regression: the crop was made around the tracing, and this tells how "
    "much of the outcome that gives away."
)


def study() -> Study[ImageRecord, Readable, float, float]:
    """The study, declared before any result is seen."""
    endpoint = continuous(unit="mm3")
    textures = Textures(dimensions=3, channels=1)

    def tuned(recipe: Recipe[Readable, float, float]) -> Tuned[Readable, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN),
        head=ContinuousHead,
        name="convolutional_network",
        label="Convolutional network on the volume",
        loop=Loop(epochs=20, schedule="cosine", ema=0.99, batch=16),
        augment=standard(PLAN, flips=(0,), scale=0.0),  # a scaled volume would keep the outcome of the old one
        chunk=32,
    )
    return Study(
        name="hippocampal_volume",
        title="Volume of the hippocampus from a T1 scan",
        question="How large is a hippocampus, judging by a crop of a T1-weighted scan?",
        intended_use="For research: a demonstration of numbers learned from volumes. To measure one, segment.",
        source=DecathlonHippocampus(),
        cohort=Cohort(
            eligibility="Crops of T1 scans of healthy adults and adults with a psychotic disorder at one centre.",
            outcome="Cubic millimetres of anterior and posterior hippocampus as traced by hand on the same scan.",
            horizon="On the same scan.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(PointsScore("crop_size", "Size of the crop", endpoint, crop_size, CROP)),
            tuned(SupportVectorMachine(endpoint, PLAN)),
            tuned(
                Derived(
                    Boosting(endpoint, textures.schema),
                    textures.derivation(),
                    name="texture_boosting",
                    label="Gradient boosting on texture and shape",
                )
            ),
        ),
        validations=(CrossValidation(folds=3, repeats=1, inner=3),),
        primary_comparator="texture_boosting",
        margin=10.0,
        trials=TRIALS,
        identity="unknown: left and right hippocampi of one person are two crops without identifiers",
        folder=Path(__file__).parent,
        limits=(
            "The crop was made around the tracing, so that its size alone tells part of the outcome.",
            "Left and right crops of one person may stand on two sides of a division.",
            "One scanner, one protocol, one group of raters; no age, sex, side or head size.",
        ),
        origin="hippocampal_volume",
        explainers=CLASS_ACTIVATIONS,
    )


def draw(record: ImageRecord) -> list[Sample[Readable, float] | Excluded]:
    """One crop gives one sample; without scan or tracing it is excluded."""
    patient = PatientId(record.key)
    if record.attributes.get("missing") == "scan":
        return [Excluded("no scan beside the tracing", patient)]
    if not isinstance(record.label, float):
        return [Excluded("not traced", patient, record.image)]
    return [Sample(SampleId(record.key), patient, record.image, record.label)]


def crop_size(crop: Readable) -> float:
    """Voxels of the crop."""
    return float(np.prod(crop.read().size))
