"""Does a network tell malignant masses on breast ultrasound better than a support vector machine on the same pixels?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Predefined
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
from bedside.sources.medmnist import BREAST
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
PLAN = ImagePlan(size=(28, 28))


def study() -> Study[ImageRecord, Readable, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(
        positive="malignant", negative="normal or benign", operating=AtSensitivity(0.95), net_benefit=(0.02, 0.4)
    )
    textures = Textures(dimensions=2, channels=1)

    def tuned(recipe: Recipe[Readable, bool, float]) -> Tuned[Readable, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN),
        head=BinaryHead,
        name="convolutional_network",
        label="Convolutional network",
        loop=Loop(epochs=25, schedule="cosine", ema=0.99, batch=32),
        augment=standard(PLAN, flips=(1,)),
        chunk=256,
    )
    return Study(
        name="breast_ultrasound",
        title="Malignant masses on breast ultrasound",
        question="Does a breast ultrasound image show a malignant mass?",
        intended_use=(
            "For research: a second opinion for whoever examines a breast by ultrasound. At 28 pixels and from one "
            "hospital it is not for use with patients."
        ),
        source=BREAST,
        cohort=Cohort(
            eligibility="Images of women of 25 to 75 years examined by breast ultrasound at one hospital in 2018.",
            outcome="Malignant, against benign or normal, as radiologists of the hospital labelled the image.",
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
        validations=(CrossValidation(folds=5, repeats=1, inner=3), Predefined(tuning=(), development=("train", "val"))),
        primary_measure="auroc",
        primary_comparator="support_vectors",
        margin=0.01,
        trials=TRIALS,
        identity="unknown: there are 780 images of about 600 women and no identifiers; images are divided, not women",
        folder=Path(__file__).parent,
        limits=(
            "Near-copies stand on two sides of every division (25 in the published test partition): results flatter.",
            "28 x 28 pixels: margins and echo texture are mostly gone.",
            "One hospital and one year; no age is published, so no subgroup can be looked at.",
            "The examiner chose and saved the image, knowing the patient.",
        ),
        origin="breast_ultrasound",
        explainers=IMAGE_EXPLAINERS,
    )


def draw(record: ImageRecord) -> list[Sample[Readable, bool] | Excluded]:
    """One image gives one sample; the publisher's first class, malignant, is the positive one."""
    patient = PatientId(record.key)
    if record.label not in {"malignant", "normal or benign"}:
        return [Excluded("diagnosis not known", patient, record.image)]
    malignant = record.label == "malignant"
    return [Sample(SampleId(record.key), patient, record.image, malignant, attributes=record.attributes)]
