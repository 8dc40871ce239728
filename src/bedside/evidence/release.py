"""The frozen record of a release: what is served, why it may be, where its inputs are found, and what it may become.

`release.json` is a `Manifest`; beside it lie files whose SHA-256 it holds. `bedside.study.release` writes a release,
`bedside.serve.release` opens one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from bedside.evidence.figure import Frozen

MANIFEST_VERSION = "1.0"
"""Of the manifest; a release with a newer one is refused."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"


class State(StrEnum):
    """Where a release stands; only what is live, or shown as a demonstration, is shown to anyone."""

    CANDIDATE = "candidate"
    """Written and verified; answers nobody."""
    SHADOW = "shadow"
    """Answers and records its answers, and shows none."""
    LIVE = "live"
    """Answers and shows. One version of a name at a time."""
    DEMONSTRATION = "demonstration"
    """Made of simulated data; shown, and marked so in every answer."""
    WITHDRAWN = "withdrawn"
    """Answers nobody, and never will again."""

    @property
    def shown(self) -> bool:
        """Whether its answers are shown."""
        return self in (State.LIVE, State.DEMONSTRATION)

    @property
    def answers(self) -> bool:
        """Whether it computes answers at all."""
        return self.shown or self is State.SHADOW


class Coding(Frozen):
    """A code of a code system, as FHIR has it.

    Attributes:
        system: URI of the code system (`http://loinc.org`).
        code: Within that system.
        display: What it means, in words.
    """

    system: Word
    code: Word
    display: str = ""


class BoundPredictor(Frozen):
    """Where one predictor is found in a patient's record.

    Attributes:
        name: Of the predictor, as the study has it.
        source: "observation": the latest Observation with one of `codes`; "condition": whether there is a Condition
            with one of `codes`; "patient-age", in years on the day of the question; "patient-sex", by administrative
            gender; "value": no resource holds it, somebody has to give it (`note` says why), and it is missing else.
        codes: Any of which will do, the preferred first.
        unit: UCUM unit that the study has it in; "" where it has none.
        within_days: An observation that is older than this is missing; None where age does not matter.
        values: Of a predictor with categories: the study's word and what stands for it in a record. Of "patient-sex":
            the study's word and the administrative genders of FHIR, as codes. Of "condition": the two words of the
            study, "present" and "absent" as codes.
        note: What whoever connects the service must know.
    """

    name: Word
    source: Literal["observation", "patient-age", "patient-sex", "condition", "value"]
    codes: tuple[Coding, ...] = ()
    unit: str = ""
    within_days: Annotated[int, Field(gt=0)] | None = None
    values: dict[str, tuple[Coding, ...]] = Field(default_factory=dict)
    note: str = ""

    @model_validator(mode="after")
    def _codes_where_they_are_needed(self) -> Self:
        if self.source in ("observation", "condition") and not self.codes:
            msg = f"predictor {self.name!r} is found in an {self.source} and has no code; give at least one"
            raise ValueError(msg)
        if self.source not in ("observation", "condition") and (self.codes or self.within_days is not None):
            msg = (
                f"predictor {self.name!r} comes from {self.source}, which has neither codes nor an age; leave them out"
            )
            raise ValueError(msg)
        if self.source == "value" and not self.note:
            msg = f"predictor {self.name!r} has no resource that holds it; say why in its note"
            raise ValueError(msg)
        return self


class ImageSelector(Frozen):
    """Which DICOM images a model of images is meant for.

    Attributes:
        modalities: DICOM modalities (`DX`, `CR`, `MR`), any of which will do.
        body_parts: Body Part Examined, any of which will do; empty where it does not matter.
        views: View positions, any of which will do; empty where they do not matter.
    """

    modalities: tuple[Word, ...]
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class Bindings(Frozen):
    """How a study's predictors are found in a record, when it is asked, and what its answer is called.

    Attributes:
        hook: Of CDS Hooks, at which the service is called.
        predictors: One for each predictor of the study that is a value; empty for images.
        result: What the answer is called, preferred code first; empty where no code fits.
        images: Which images are meant; None where predictors are values.
    """

    hook: Word = "patient-view"
    predictors: tuple[BoundPredictor, ...] = ()
    result: tuple[Coding, ...] = ()
    images: ImageSelector | None = None

    @model_validator(mode="after")
    def _each_predictor_once(self) -> Self:
        names = [one.name for one in self.predictors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"bindings name {', '.join(twice)} more than once; bind each predictor once"
            raise ValueError(msg)
        return self

    @property
    def unfed(self) -> tuple[str, ...]:
        """Names of predictors that no resource holds."""
        return tuple(one.name for one in self.predictors if one.source == "value")


class GateResult(Frozen):
    """What a gate found in the evidence.

    Attributes:
        name: snake_case, of the gate.
        passed: One that is not refuses the release.
        text: What was required and what was found, in a sentence.
    """

    name: str
    passed: bool
    text: str


class ChangePlan(Frozen):
    """What may change after release without asking anew, as a predetermined change control plan says it (FDA, 2024).

    Attributes:
        may_change: Each one a sentence; empty where nothing may.
        validated_again_by: How a changed version is judged before it replaces this one.
        impact: What a change could do to patients, and what limits it.
    """

    may_change: tuple[str, ...] = ()
    validated_again_by: str = ""
    impact: str = ""


class Regulation(Frozen):
    """What the makers say of the law; bedside checks none of it. An empty field was not stated.

    Attributes:
        medical_device: Whether whoever releases says that it is one, with a mark or clearance of its own.
        statement: Printed beside every answer.
        samd_category: I to IV, of the International Medical Device Regulators Forum.
        pccp: Reference of an authorised predetermined change control plan of the FDA.
        eu_ai_act: Risk class under Regulation (EU) 2024/1689.
        mdr_class: Class under Regulation (EU) 2017/745, rule 11.
        source_attributes: Of 45 CFR 170.315(b)(11)(iv)(B) (ONC HTI-1), those that evidence and card do not tell, by
            their short name.
    """

    medical_device: bool = False
    statement: str = "Not a medical device. For research and quality improvement; not for decisions on its own."
    samd_category: Literal["", "I", "II", "III", "IV"] = ""
    pccp: str = ""
    eu_ai_act: str = ""
    mdr_class: str = ""
    source_attributes: dict[str, str] = Field(default_factory=dict)


class RiskGroup(Frozen):
    """Judged patients whose predicted risk lay in one range, and in how many of them the event came.

    Attributes:
        low, high: The range of predicted risks; ranges touch and cover 0 to 1.
        cases: Judged cases in it.
        predicted: Their mean predicted risk.
        share, share_low, share_high: Share with the event and its 95 % limits (Wilson).
    """

    low: float
    high: float
    cases: int
    predicted: float
    share: float
    share_low: float
    share_high: float


class CalibrationTable(Frozen):
    """What came of judged patients, by their predicted risk of the endpoint's one event; `calibration.json`.

    Attributes:
        event: The event, in words.
        groups: From the lowest risk; each as large as the study's smallest group or larger.
    """

    event: str
    groups: tuple[RiskGroup, ...]


class ServedLearner(Frozen):
    """The learner that is served.

    Attributes:
        name, label, description: As in the evidence.
        role: Whether it is the model on trial or a comparator.
        form: "onnx" where ONNX graphs compute predictions, "own files" where the learner's own code does.
        why: Of the form: why there is no ONNX graph; "" where there is one.
        members: Folders of the fitted models below the release, one a split of the primary validation.
    """

    name: str
    label: str
    description: str = ""
    role: Literal["model", "comparator"]
    form: Literal["onnx", "own files"]
    why: str = ""
    members: tuple[str, ...]


class Thresholds(Frozen):
    """Where decisions are made; `thresholds.json`.

    Attributes:
        rule: How they were chosen on tuning data, in words; "" where the outcome has none.
        by_split: Of every split of the primary validation, as judged.
        served: Means over the splits, for the pool of their models.
    """

    rule: str = ""
    by_split: dict[str, dict[str, float]] = Field(default_factory=dict)
    served: dict[str, float] = Field(default_factory=dict)


class Conformal(Frozen):
    """What calibrates prediction sets or intervals; `conformal.json`.

    Attributes:
        kind: "sets" of classes, "intervals" around a number, or "" where the outcome has neither.
        level: Coverage that was asked for.
        members: The state of each member's, one a split; a class is in the served set where it is in at least half
            of theirs, and an interval's limits are the medians of theirs.
        coverage, low, high: Share of judged cases that their sets or intervals held, from the evidence.
        cases: Judged cases.
    """

    kind: Literal["sets", "intervals", ""] = ""
    level: float = 0.9
    members: tuple[dict[str, JsonValue], ...] = ()
    coverage: float | None = None
    low: float | None = None
    high: float | None = None
    cases: int | str = 0


class Equality(Frozen):
    """That what is served predicts as what was judged did.

    Attributes:
        cases: Judged cases that were predicted again by the files of the release.
        largest: Largest absolute difference of any number of a prediction.
        tolerance: What it may be.
    """

    cases: int
    largest: float
    tolerance: float


class Manifest(Frozen):
    """`release.json`: what a release is, in one file that the others hang on.

    Attributes:
        name: Of the release: the study's name.
        version: Of this release of it, `1`, `2` or as named by whoever released it.
        entry: How the study is found by the installed code: an application's name, a module, a study.toml.
        code_hash, study_hash, data_hash: Of the run; other code is refused.
        learner: What is served.
        beside: The primary comparator, told beside every answer; None where it is what is served.
        rule: Why this learner, in words.
        gates: What each said; all passed, but for those of a demonstration.
        equality: That the served numbers are the judged ones.
        demonstration: Made of simulated data, to be shown; never live.
        created_at: UTC.
        expires_at: UTC; not answered after that. None where it does not expire.
        signer: Ed25519 public key (raw, base64) of whoever signed this manifest; "" where nobody did.
        files: SHA-256 of every other file, by relative path.
    """

    schema_version: str = MANIFEST_VERSION
    name: Word
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$")]
    title: str
    question: str
    intended_use: str
    endpoint: str
    entry: str
    bedside_version: str
    code_hash: str
    study_hash: str
    data_hash: str
    learner: ServedLearner
    beside: ServedLearner | None = None
    rule: str
    gates: tuple[GateResult, ...]
    equality: Equality
    demonstration: bool = False
    change_plan: ChangePlan = ChangePlan()
    regulation: Regulation = Regulation()
    created_at: datetime
    expires_at: datetime | None = None
    signer: str = ""
    files: dict[str, Sha256]

    @property
    def label(self) -> str:
        """Name and version, as logs and messages have it."""
        return f"{self.name} {self.version}"


def json_schema() -> dict[str, object]:
    """The JSON schema of release.json."""
    return Manifest.model_json_schema()
