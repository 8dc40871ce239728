"""Does a network tell pneumonia on children's chest X-rays better than a support vector machine on the same pixels?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity
from bedside.explain.images.explainer import IMAGE_EXPLAINERS
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.sources.medmnist import PNEUMONIA
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 3
PLAN = ImagePlan(size=(28, 28))


def study() -> Study[ImageRecord, Readable, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(positive="pneumonia", negative="normal", operating=AtSensitivity(0.95), net_benefit=(0.05, 0.5))
    textures = Textures(dimensions=2, channels=1)

    def tuned(recipe: Recipe[Readable, bool, float]) -> Tuned[Readable, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN),
        head=BinaryHead,
        name="convolutional_network",
        label="Convolutional network",
        loop=Loop(epochs=12, schedule="cosine", ema=0.99, batch=64),
        augment=standard(PLAN),
        chunk=256,
    )
    return Study(
        name="pneumonia_xray",
        title="Pneumonia on chest X-rays of children",
        question="Does a chest X-ray of a child show pneumonia?",
        intended_use=(
            "For research: a second opinion for whoever reads a child's chest X-ray. At 28 pixels, from one hospital "
            "and with more ill children than any clinic sees, it is not for use with patients."
        ),
        source=PNEUMONIA,
        cohort=Cohort(
            eligibility="Children of one to five years, chest X-rayed in routine care, image of readable quality.",
            outcome="Pneumonia or normal, as two physicians read the image; test images checked by a third.",
            horizon="At the same visit.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
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
        validations=(Predefined(),),
        primary_measure="auroc",
        primary_comparator="support_vectors",
        margin=0.01,
        trials=TRIALS,
        identity="the data hold no patient identifiers; each image is taken for another child",
        folder=Path(__file__).parent,
        limits=(
            "28 x 28 pixels: most of what a radiologist looks for is gone.",
            (
                "74 % of the images learned from and 62 % of those judged show pneumonia: probabilities and thresholds "
                "do not carry over, least of all to a clinic."
            ),
            "Development and test images were gathered apart; tuning data flatter every learner.",
            "Neither age, sex nor machine is published, so no subgroup can be looked at.",
        ),
        origin="pneumonia_xray",
        explainers=IMAGE_EXPLAINERS,
    )


def draw(record: ImageRecord) -> list[Sample[Readable, bool] | Excluded]:
    """One image gives one sample; an unknown label is excluded."""
    patient = PatientId(record.key)
    if record.label not in {"normal", "pneumonia"}:
        return [Excluded("diagnosis not known", patient, record.image)]
    ill = record.label == "pneumonia"
    return [Sample(SampleId(record.key), patient, record.image, ill, attributes=record.attributes)]
