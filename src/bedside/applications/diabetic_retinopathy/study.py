"""Does a network grade diabetic retinopathy better than a support vector machine on the same pixels?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.ordinal.head import OrdinalHead
from bedside.endpoints.ordinal.kind import ordinal
from bedside.explain.images.explainer import IMAGE_EXPLAINERS
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.sources.medmnist import RETINA
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 3
PLAN = ImagePlan(size=(28, 28), channels=3)

Grade = tuple[float, ...]


def study() -> Study[ImageRecord, Readable, int, Grade]:
    """The study, declared before any result is seen."""
    endpoint = ordinal(grades=RETINA.classes)
    textures = Textures(dimensions=2, channels=3)

    def tuned(recipe: Recipe[Readable, int, Grade]) -> Tuned[Readable, Grade]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN),
        head=OrdinalHead,
        name="convolutional_network",
        label="Convolutional network",
        loop=Loop(epochs=30, schedule="cosine", ema=0.99, batch=32),
        augment=standard(PLAN, flips=(0, 1)),
        chunk=256,
    )
    return Study(
        name="diabetic_retinopathy",
        title="Grade of diabetic retinopathy",
        question="Which of five grades of diabetic retinopathy does a fundus photograph show?",
        intended_use=(
            "For research: sorting fundus photographs of a screening programme by urgency. At 28 pixels the mild grade "
            "cannot be seen, and the model is not for use with patients."
        ),
        source=RETINA,
        cohort=Cohort(
            eligibility="Gradable fundus photographs of people with diabetes, from the DeepDRiD challenge.",
            outcome="Grade of diabetic retinopathy on the international scale, read from the same photograph.",
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
                    label="Gradient boosting on texture, shape and colour",
                )
            ),
        ),
        validations=(Predefined(tuning=(), development=("train", "val")),),
        primary_comparator="support_vectors",
        margin=0.02,
        trials=TRIALS,
        identity="unknown: about four photographs a person and no identifiers; photographs are divided, not people",
        folder=Path(__file__).parent,
        limits=(
            (
                "The 400 test photographs are of about 100 people: intervals treat them as 400 and are too narrow, by "
                "a factor of up to two."
            ),
            "28 x 28 pixels: microaneurysms cannot be seen, grades are told apart by what comes with them.",
            "Photographs of one person may stand on both sides of the inner folds that tune every learner.",
            "Neither age, sex nor camera is published, so no subgroup can be looked at.",
        ),
        origin="diabetic_retinopathy",
        explainers=IMAGE_EXPLAINERS,
    )


def draw(record: ImageRecord) -> list[Sample[Readable, int] | Excluded]:
    """One photograph gives one sample; an unknown grade is excluded."""
    patient = PatientId(record.key)
    if record.label not in RETINA.classes:
        return [Excluded("grade not known", patient, record.image)]
    grade = RETINA.classes.index(str(record.label))
    return [Sample(SampleId(record.key), patient, record.image, grade, attributes=record.attributes)]
