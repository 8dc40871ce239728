"""Does a network tell melanoma in dermoscopic images better than the ABCD rule as experts scored it?"""

from pathlib import Path

from bedside.applications.skin_lesion.abcd import PARTS, abcd
from bedside.comparators.boosting import Boosting
from bedside.comparators.derived import Derived
from bedside.comparators.points import PointsScore
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.comparators.textures import Textures
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation
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
from bedside.sources.ph2 import Ph2
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
PLAN = ImagePlan(size=(48, 48), channels=3)


def study() -> Study[ImageRecord, Readable, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(positive="melanoma", negative="naevus", operating=AtSensitivity(0.95), net_benefit=(0.02, 0.4))
    textures = Textures(dimensions=2, channels=3)

    def tuned(recipe: Recipe[Readable, bool, float]) -> Tuned[Readable, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=ImageTrunk(PLAN),
        head=BinaryHead,
        name="convolutional_network",
        label="Convolutional network",
        loop=Loop(epochs=30, schedule="cosine", ema=0.99, batch=16),
        augment=standard(PLAN, flips=(0, 1)),
        chunk=64,
    )
    return Study(
        name="skin_lesion",
        title="Melanoma in dermoscopic images",
        question="Is a pigmented skin lesion a melanoma, judging by its dermoscopic image?",
        intended_use=(
            "For research: a second opinion for a dermatologist at the dermatoscope. Learned from forty melanomas of "
            "one hospital, it is not for use with patients."
        ),
        source=Ph2(),
        cohort=Cohort(
            eligibility="Pigmented lesions of fair-skinned people, imaged whole by dermatoscope at one hospital.",
            outcome="Melanoma, against common or atypical naevus, as experts diagnosed; histology for most melanomas.",
            horizon="At the same visit.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(PointsScore("abcd", "ABCD rule, as experts scored it, without border", endpoint, abcd, PARTS)),
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
        validations=(CrossValidation(folds=5, repeats=1, inner=3),),
        primary_measure="auroc",
        primary_comparator="abcd",
        margin=0.02,
        subgroups=("histology",),
        trials=TRIALS,
        identity="the data hold no patient identifiers; each lesion is taken for another person",
        folder=Path(__file__).parent,
        limits=(
            "Forty melanomas: intervals are wide, and settings were chosen on some twenty of them at a time.",
            "The experts who diagnosed also scored the ABCD features: that comparator has seen part of the answer.",
            "Histology confirms 33 of 40 melanomas and 8 of 160 naevi.",
            "One camera, one hospital, fair skin only.",
        ),
        origin="skin_lesion",
        explainers=IMAGE_EXPLAINERS,
    )


def draw(record: ImageRecord) -> list[Sample[Readable, bool] | Excluded]:
    """One lesion gives one sample; an unknown diagnosis is excluded."""
    patient, lesion = PatientId(record.key), record.image
    if record.label not in {"common naevus", "atypical naevus", "melanoma"}:
        return [Excluded("diagnosis not known", patient, lesion)]
    melanoma = record.label == "melanoma"
    return [Sample(SampleId(record.key), patient, lesion, melanoma, attributes=record.attributes)]
