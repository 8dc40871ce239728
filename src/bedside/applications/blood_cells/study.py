"""Does a network find and count the cells of a blood smear better than filters for round things do?"""

from pathlib import Path

import numpy as np

from bedside.comparators.blobs import Blobs
from bedside.comparators.templates import Templates
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.boxes.boxes import Boxes, Found
from bedside.endpoints.boxes.head import BoxHead
from bedside.endpoints.boxes.kind import boxes
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.boxes import Enclosing
from bedside.modalities.imaging.augment.colour import ColourJitter
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.outlines.record import BoxedRecord
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.fpn import FeaturePyramid
from bedside.sources.bccd import Bccd
from bedside.study.declare import Study
from bedside.training.framed import Framed
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
KINDS = {"Platelets": "platelet", "WBC": "white cell", "RBC": "red cell"}
"""As printed, by the names of the annotations; the rarest first."""

PLAN = ImagePlan(size=(240, 320), channels=3, clip=None)
AUGMENT = Augmentations(
    (
        Geometric(flips=(0, 1), scale=0.15, shift=0.06, follow=Enclosing(PLAN.size, "ellipse")),
        Intensity(brightness=0.2, contrast=0.2),
        ColourJitter(hue=8.0, saturation=0.15, cast=0.05),
    )
)


def study() -> Study[BoxedRecord, Readable, Boxes, Found]:
    """The study, declared before any result is seen."""
    endpoint = boxes(tuple(KINDS.values()))

    def tuned(recipe: Recipe[Readable, Boxes, Found]) -> Tuned[Readable, Found]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN, FeaturePyramid(backbone=Compact(), width=0.67)),
        head=BoxHead,
        way=Framed(),
        name="detector",
        label="Detector without anchors",
        loop=Loop(epochs=24, schedule="cosine", batch=4, warm_up=30),
        augment=AUGMENT,
        members=1,
        chunk=8,
    )
    return Study(
        name="blood_cells",
        title="Cells in blood smears",
        question="Where are the red cells, white cells and platelets in a photograph of a stained blood smear?",
        intended_use="For research: a demonstration of finding and counting. It finds no disease.",
        source=Bccd(),
        cohort=Cohort(
            eligibility="Photographs of stained blood smears through one microscope.",
            outcome="Boxes that were drawn by hand around red cells, white cells and platelets.",
            horizon="In the same photograph.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(tuned(Blobs(endpoint, PLAN)), tuned(Templates(endpoint, PLAN))),
        validations=(Predefined(),),
        primary_comparator="templates",
        trials=TRIALS,
        identity="unknown: whose blood a photograph shows is not told",
        folder=Path(__file__).parent,
        limits=(
            "Photographs of one smear may stand on two sides of the division.",
            "Not every cell is boxed, so that precision is underestimated.",
            "One microscope and one stain.",
        ),
        origin="blood_cells",
    )


def draw(record: BoxedRecord) -> list[Sample[Readable, Boxes] | Excluded]:
    """One photograph gives one sample; boxes that are not to be judged one by one are set aside."""
    found = record.boxes
    names = list(KINDS)
    kinds = np.array([names.index(name) for name in found.names], dtype=np.int64)
    outcome = Boxes.parted(found.corners, kinds, found.size, found.aside, crowds=found.crowds)
    patient = PatientId(record.patient or record.key)
    return [Sample(SampleId(record.key), patient, record.image, outcome, attributes=dict(record.attributes))]
