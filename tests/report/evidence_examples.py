"""Evidence as real runs write it, in the shapes that a report must withstand."""

import math
import random
from dataclasses import dataclass, replace
from typing import Literal

from bedside.evidence.count import Count
from bedside.evidence.figure import CountRow, CountsBelow, Figure, Series
from bedside.evidence.participants import Follow
from bedside.evidence.schema import (
    Agreement,
    Characteristic,
    Comparison,
    Coverage,
    Evidence,
    Explanation,
    ExplanationCheck,
    Finding,
    FlowStep,
    Gap,
    HazardRatio,
    Learner,
    Ledger,
    LoadedWeights,
    Measure,
    OperatingPoint,
    Partition,
    Performance,
    Plan,
    Proportionality,
    Provenance,
    Robustness,
    SampleSize,
    Selective,
    Sensitivity,
    Shift,
    Study,
    Tuning,
    Validation,
)

HOSTILE = "<script>document.title='broken'</script>\"'&<b>|`x`"
LONG_WORD = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3

LEARNERS = (
    Learner(
        name="tabular_network",
        label="Tabular network",
        role="model",
        description="Numerical and categorical embeddings, missingness as input, five seeds averaged.",
    ),
    Learner(
        name="elastic_net",
        label="Logistic regression (elastic net)",
        role="comparator",
        description="Penalised logistic regression on imputed, standardised predictors.",
    ),
    Learner(
        name="boosting",
        label="Gradient boosting (LightGBM)",
        role="comparator",
        description="Boosted trees with early stopping.",
    ),
    Learner(name="random_forest", label="Random forest", role="comparator", description="500 trees."),
)

CARD = """# Breast cancer from a needle aspirate

## Population
Women with a breast mass who had a **fine-needle aspirate** at one university hospital in Wisconsin.

## Labels
Diagnosis by biopsy or follow-up. The labelling was done by one group; agreement is unknown.

## Known limits
- One centre, 1989 to 1991
- Image features were traced *by hand*, with `Xcyt`

1. A first item
2. A second item
"""


@dataclass(frozen=True)
class Shape:
    """What varies between examples."""

    name: str = "breast_cancer"
    title: str = "Is this breast mass malignant? (Wisconsin, needle aspirate)"
    verdict: str = (
        "Logistic regression was as good: the tabular network reached an AUROC of 0.995 (0.991 to 0.998) out of fold, "
        "logistic regression 0.994 (0.990 to 0.998); the difference of 0.001 lies within the margin of 0.010."
    )
    endpoint: str = "binary"
    classes: tuple[str, ...] = ("benign", "malignant")
    unit: str = ""
    measures: tuple[tuple[Measure, float], ...] = ()
    learners: tuple[Learner, ...] = LEARNERS
    groups: tuple[str, ...] = ("sex=female", "sex=male")
    splits: tuple[str, ...] = ()
    minimum: int = 20
    simulated: bool = False
    partition: Literal["test", "out_of_fold"] = "out_of_fold"
    validation: str = "cross_validation"
    other: str = ""
    doubts: tuple[str, ...] = ()
    cases: int = 569
    not_estimable: tuple[str, ...] = ()
    variables: int = 12
    further: bool = True


BINARY = (
    (Measure(name="auroc", label="AUROC", higher_is_better=True), 0.994),
    (Measure(name="auprc", label="AUPRC", higher_is_better=True), 0.992),
    (Measure(name="accuracy", label="Accuracy", higher_is_better=True, operating=True), 0.967),
    (Measure(name="sensitivity", label="Sensitivity", higher_is_better=True, operating=True), 0.948),
    (Measure(name="specificity", label="Specificity", higher_is_better=True, operating=True), 0.979),
    (Measure(name="ppv", label="Positive predictive value", higher_is_better=True, operating=True), 0.963),
    (Measure(name="npv", label="Negative predictive value", higher_is_better=True, operating=True), 0.970),
    (Measure(name="f1", label="F1", higher_is_better=True, operating=True), 0.955),
    (Measure(name="brier", label="Brier score", higher_is_better=False), 0.026),
    (Measure(name="log_loss", label="Log loss", higher_is_better=False, bounds=(0.0, None)), 0.098),
    (
        Measure(
            name="calibration_slope", label="Calibration slope", higher_is_better=None, target=1.0, bounds=(None, None)
        ),
        0.97,
    ),
    (
        Measure(
            name="calibration_intercept",
            label="Calibration intercept",
            higher_is_better=None,
            target=0.0,
            bounds=(None, None),
        ),
        -0.03,
    ),
    (Measure(name="net_benefit", label="Net benefit at 0.20", higher_is_better=True, bounds=(None, 1.0)), 0.351),
)
CONTINUOUS = (
    (Measure(name="rmse", label="RMSE", higher_is_better=False, bounds=(0.0, None)), 55.2),
    (Measure(name="mae", label="MAE", higher_is_better=False, bounds=(0.0, None)), 44.1),
    (Measure(name="r2", label="R²", higher_is_better=True, bounds=(None, 1.0)), 0.48),
    (
        Measure(
            name="calibration_slope", label="Calibration slope", higher_is_better=None, target=1.0, bounds=(None, None)
        ),
        1.02,
    ),
)
MULTICLASS = (
    (Measure(name="auroc_macro", label="AUROC (macro)", higher_is_better=True), 0.88),
    (Measure(name="accuracy", label="Accuracy", higher_is_better=True), 0.71),
    (Measure(name="kappa_quadratic", label="Quadratic kappa", higher_is_better=True, bounds=(-1.0, 1.0)), 0.66),
)


def binary() -> Evidence:
    """Cross-validated binary study with a secondary holdout."""
    return make(Shape(other="holdout"))


def simulated() -> Evidence:
    """The same on simulated data."""
    return make(Shape(simulated=True, doubts=("Net benefit was estimated at the prevalence of the sample.",)))


def continuous() -> Evidence:
    """A number as outcome, on a holdout."""
    return make(
        Shape(
            name="diabetes_progression",
            title="How far will diabetes progress in a year?",
            verdict="Linear regression was better: RMSE 54.1 (50.2 to 58.3), the network's 55.2 (51.0 to 59.9).",
            endpoint="continuous",
            classes=(),
            unit="points",
            measures=CONTINUOUS,
            partition="test",
            validation="holdout",
            groups=(),
            cases=89,
        )
    )


def multiclass() -> Evidence:
    """Five classes on a holdout."""
    classes = ("none", "mild", "moderate", "severe", "proliferative")
    return make(
        Shape(
            name="retina_grade",
            title="Which grade of retinopathy is this?",
            verdict="The network was better than every comparator: macro AUROC 0.880 (0.861 to 0.899).",
            endpoint="multiclass",
            classes=classes,
            measures=MULTICLASS,
            partition="test",
            validation="holdout",
            cases=400,
        )
    )


def sites() -> Evidence:
    """Four sites, each left out in turn; one too small to estimate."""
    names = tuple(f"split=site={name}" for name in ("cleveland", "hungary", "switzerland", "va_long_beach"))
    return make(
        Shape(
            name="heart_disease",
            title="Does this patient have coronary disease? (four hospitals)",
            verdict="It depends on the hospital: AUROC ran from 0.667 in Switzerland to 0.894 in Hungary.",
            validation="leave_site_out",
            partition="test",
            splits=names,
            groups=("sex=female", "sex=male", "age_band=<50", "age_band=50-64", "age_band=65+"),
            cases=920,
            not_estimable=(names[2], "age_band=65+"),
        )
    )


def many_groups() -> Evidence:
    """Twelve subgroups and eight learners with long labels."""
    more = tuple(
        Learner(
            name=f"comparator_{i}",
            label=f"A published score with a rather long label, version {i}",
            role="comparator",
            description="Points for age, previous admissions and length of stay, as published.",
        )
        for i in range(4)
    )
    groups = tuple(f"race_and_ethnicity=group {i} of the national census" for i in range(9))
    return make(
        Shape(
            name="readmission",
            title="Will this patient be readmitted within 30 days?",
            learners=(*LEARNERS, *more),
            groups=(*groups, "sex=female", "sex=male", "age_band=80 and older"),
            cases=99343,
            validation="holdout",
            partition="test",
            variables=40,
        )
    )


def survival() -> Evidence:
    """A time to an event: curves with numbers at risk, hazard ratios of two causes, follow-up, cases without answer."""
    words = ("no death by 60 months", "death by 60 months")
    made = make(
        Shape(
            name="biliary_cirrhosis",
            title="When does a patient with primary biliary cirrhosis die?",
            verdict="Cox regression was better: AUC(t) 0.88 (0.84 to 0.92) against 0.85 (0.80 to 0.90).",
            endpoint="time_to_event",
            classes=words,
            partition="test",
            validation="holdout",
            cases=312,
        )
    )
    counts = {words[0]: 30.0, words[1]: 51.0, "censored before 60 months": 12.0}
    parts = tuple(
        part.model_copy(
            update={"outcome": counts, "watched": Follow(what="death", events=64, median=72.44, unit="months")}
        )
        for part in made.partitions
    )
    study = made.study.model_copy(update={"unanswered": "censored before 60 months"})
    return made.model_copy(
        update={
            "study": study,
            "partitions": parts,
            "figures": (_curves_by_group(), *made.figures),
            "hazard_ratios": tuple(_hazard_ratios()),
            "proportionality": tuple(_proportionality()),
        }
    )


def _curves_by_group() -> Figure:
    at = (0.0, 24.0, 48.0, 72.0, 96.0, 120.0)
    groups: tuple[tuple[str, float, tuple[Count, ...]], ...] = (
        ("low", 0.002, (104, 97, 71, 44, 22, 12)),
        ("middle", 0.006, (104, 90, 58, 31, 15, "<11")),
        ("high", 0.02, (104, 60, 25, 12, "<11", "<11")),
    )
    series, rows = [], []
    for colour, (word, hazard, counted) in enumerate(groups):
        seen = tuple(math.exp(-hazard * t) for t in at)
        low, high = tuple(0.9 * y for y in seen), tuple(min(1.0, 1.05 * y) for y in seen)
        series.append(
            Series(label=f"{word} predicted risk", style="step", x=at, y=seen, low=low, high=high, colour=colour)
        )
        series.append(Series(label=f"{word}, mean predicted", style="line", x=at, y=low, colour=colour, fine=True))
        rows.append(CountRow(label=word, counts=counted, colour=colour))
    return Figure(
        name="risk_groups",
        title="Observed and predicted by group of predicted risk",
        conclusion="By 60 months, death came to 12% of the third with the lowest predicted risk.",
        alt="Curves of three groups.",
        x_label="Time (months)",
        y_label="Share without death",
        series=tuple(series),
        x_range=(0.0, 120.0),
        y_range=(0.0, 1.0),
        vertical=(("60 months", 60.0),),
        below=CountsBelow(title="Patients at risk", at=at, rows=tuple(rows)),
    )


def _hazard_ratios() -> list[HazardRatio]:
    told = (
        ("age", "per 10 a", 1.31, 0.21, ""),
        ("edema", "treated rather than none", 1.82, 0.004, ""),
        ("edema", "despite treatment rather than none", None, 0.004, "none of these cases had the event"),
        ("bilirubin", "per 1 mg/dL", 1.12, 0.03, ""),
    )
    return [
        HazardRatio(
            learner="elastic_net",
            cause=cause,
            predictor=predictor,
            contrast=contrast,
            ratio=ratio,
            low=None if ratio is None else 0.8 * ratio,
            high=None if ratio is None else 1.3 * ratio,
            p_proportional=p if cause == "death" else None,
            cases=212,
            events=88,
            reason=reason,
        )
        for cause in ("death", "transplant")
        for predictor, contrast, ratio, p, reason in told
    ]


def _proportionality() -> list[Proportionality]:
    few = "19 events are too few for 14 coefficients"
    first = Proportionality(
        learner="elastic_net", cause="death", statistic=14.2, degrees=4, p_value=0.0067, cases=212, events=88
    )
    none = {"cause": "transplant", "statistic": None, "degrees": 0, "p_value": None, "events": 19, "reason": few}
    return [first, first.model_copy(update=none)]


def bare() -> Evidence:
    """A study without subgroups whose further tables are all empty."""
    return make(Shape(groups=(), further=False))


def hostile() -> Evidence:
    """Strings that try to break out, and words without a place to break."""
    names = tuple(replace_learner(each, label=f"{each.label} {HOSTILE}", description=HOSTILE) for each in LEARNERS)
    return make(
        Shape(
            title=f"{HOSTILE} {LONG_WORD}",
            verdict=f"{HOSTILE} {LONG_WORD}",
            learners=names,
            groups=(f"sex={HOSTILE}", f"sex={LONG_WORD}", f"site={LONG_WORD}"),
            doubts=(HOSTILE,),
            other="holdout",
        )
    )


def replace_learner(learner: Learner, **changes: str) -> Learner:
    """A learner with other words."""
    return learner.model_copy(update=changes)


def make(shape: Shape) -> Evidence:
    """Evidence of this shape; the same shape gives the same evidence."""
    shape = replace(shape, measures=shape.measures or BINARY)
    luck = random.Random(7)  # noqa: S311 - example data
    primary = Validation(
        name=shape.validation,
        description=f"{shape.validation.replace('_', ' ').capitalize()} by patient, stratified by outcome.",
        partition=shape.partition,
        splits=tuple(each.removeprefix("split=") for each in shape.splits) or ("repeat 1 fold 1", "repeat 1 fold 2"),
        primary=True,
    )
    validations = [primary]
    if shape.other:
        validations.append(
            Validation(
                name=shape.other,
                description="A single 70/15/15 division by patient.",
                partition="test",
                splits=("holdout",),
                primary=False,
            )
        )
    hard = HOSTILE in shape.title
    made = Evidence(
        verdict=shape.verdict,
        doubts=shape.doubts,
        study=_study(shape, hard=hard),
        measures=tuple(measure for measure, _ in shape.measures),
        validations=tuple(validations),
        flow=(
            FlowStep(kind="read", text="Records in the source", records=shape.cases + 47, patients=shape.cases + 40),
            FlowStep(kind="excluded", text="died in hospital or discharged to a hospice", records=31, patients=29),
            FlowStep(kind="excluded", text=HOSTILE if hard else "outcome unknown", records=16, patients=11),
            FlowStep(kind="included", text="Included", records=shape.cases, patients=shape.cases),
        ),
        partitions=tuple(_partitions(shape, validations)),
        characteristics=tuple(_characteristics(shape, luck)),
        performance=tuple(_performance(shape, validations, luck)),
        comparisons=tuple(_comparisons(shape, validations, luck)),
        operating_points=tuple(
            OperatingPoint(
                learner=each.name,
                validation=primary.name,
                split=split,
                rule="largest Youden index",
                settings={"threshold": round(0.3 + 0.02 * i, 3)},
            )
            for i, each in enumerate(shape.learners)
            for split in primary.splits
        )
        if shape.endpoint == "binary"
        else (),
        tuning=tuple(
            Tuning(
                learner=each.name,
                validation=primary.name,
                split=split,
                trials=10,
                best_loss=0.11 + 0.01 * i,
                settings={"learning_rate": 0.00123456, "depth": 3, "bagging": True},
                notes={"epochs": 41},
            )
            for i, each in enumerate(shape.learners)
            for split in primary.splits
        ),
        audit=(
            Finding(
                kind="duplicates", severity="warning", text="Two samples of different patients are identical", count=2
            ),
            Finding(kind="near_perfect_predictor", severity="info", text="No predictor alone exceeds an AUROC of 0.98"),
            Finding(
                kind="patient_overlap",
                severity="serious",
                text=HOSTILE if hard else "Identity is unknown for some",
                count=3,
            ),
        ),
        figures=tuple(_figures(shape, luck)),
        methods=(
            "Every learner was tuned with ten trials on the same partitions; half of tuning selected, half calibrated.",
            "AUROC was averaged within folds; intervals are 95% and clustered by patient.",
        ),
        ledger=tuple(
            Ledger(validation=each.name, test_hash="9f2c" * 16, evaluations=3, distinct_code=2) for each in validations
        ),
        plan=Plan(frozen=True, followed=True, plan_hash="ab" * 32, frozen_at="2026-11-02"),
        provenance=Provenance(
            bedside_version="0.1.0",
            seed=0,
            data_hash="d1" * 32,
            code_hash="c0" * 32,
            study_hash="5e" * 32,
            command=f"bedside run {shape.name} --seed 0",
            environment={"python": "3.11.7", "torch": "2.13.0", "numpy": "2.4.6"},
            timings={"fit": 81.2, "judge": 3.4},
            files={"predictions.parquet": "ee" * 32, "contributions/auroc.parquet": "aa" * 32},
            weights=(
                LoadedWeights(
                    learner=shape.learners[0].name, origin=HOSTILE if hard else "an old run", sha256="3b" * 32
                ),
            ),
        ),
        released="elastic_net",
        gaps=_gaps(shape),
    )
    return made.model_copy(update=_further(shape, _predictors(shape))) if shape.further else made


def _predictors(shape: Shape) -> tuple[str, ...]:
    """Names of predictors, of which some try to break out or have no place to break."""
    if HOSTILE in shape.title:
        return (HOSTILE, LONG_WORD, f"{HOSTILE} missing", "age")
    return tuple(f"mean_radius_{number}" for number in range(shape.variables))


def _gaps(shape: Shape) -> tuple[Gap, ...]:
    """Each group against the first of its attribute: one equivalent, one with too few events, one not estimable."""
    families: dict[str, list[str]] = {}
    for group in shape.groups:
        if group not in shape.not_estimable:
            attribute, _, word = group.partition("=")
            families.setdefault(attribute, []).append(word)
    found = []
    for attribute, (reference, *others) in families.items():
        for number, word in enumerate(others):
            for each in shape.learners:
                for place, (measure, middle) in enumerate(shape.measures):
                    if measure.higher_is_better is None:
                        continue
                    scale = abs(middle) / 10
                    known = place != 1
                    low, high = scale * (-0.2 - number), scale * (0.1 + number)
                    found.append(
                        Gap(
                            learner=each.name,
                            validation=shape.validation,
                            attribute=attribute,
                            group=word,
                            reference=reference,
                            measure=measure.name,
                            difference=(low + high) / 2 if known else None,
                            low=low if known else None,
                            high=high if known else None,
                            p=0.2 if known else None,
                            p_adjusted=0.9 if known else None,
                            margin=0.05,
                            equivalent=(None, True, False)[place % 3] if known else None,
                            method="bootstrap by patient, percentile; equivalence by two one-sided tests",
                            reason="" if known else "the measure is not defined in both groups",
                        )
                    )
    return tuple(found)


def _further(shape: Shape, names: tuple[str, ...]) -> dict[str, tuple[object, ...]]:
    return {
        "robustness": _robustness(shape, names),
        "sensitivity": _sensitivity(shape),
        "shift": _shift(shape, names),
        "explanations": tuple(
            Explanation(
                learner=each.name,
                method=method,
                variable=name,
                value=0.08 / (1 + place) - 0.005,
                low=0.05 / (1 + place) - 0.01 if method != "SHAP" else None,
                high=0.1 / (1 + place) if method != "SHAP" else None,
            )
            for method in ("permutation importance", "SHAP")
            for each in shape.learners
            for place, name in enumerate(names)
        ),
        "explanation_checks": tuple(
            ExplanationCheck(
                learner=each.name,
                method="SHAP",
                check="randomised parameters",
                passed=passed,
                value=None if passed is None else 0.31,
                text=HOSTILE if HOSTILE in shape.title else "Rank correlation with a model of random weights.",
            )
            for each, passed in zip(shape.learners, (False, True, None, True), strict=False)
        ),
        "coverage": _coverage(shape),
        "selective": tuple(
            Selective(
                learner=each.name,
                validation=shape.validation,
                answered=0.81 if place != 1 else None,
                error=0.06 if place != 1 else None,
                low=0.03 if place != 1 else None,
                high=0.09 if place != 1 else None,
                error_of_all=0.14,
                reason="" if place != 1 else "No threshold keeps the risk at 0.07; the least it reaches is 0.09.",
            )
            for place, each in enumerate(shape.learners)
        )
        if shape.classes
        else (),
        "sample_size": (
            SampleSize(criterion="development: shrinkage", needed=831.0, available=320.0, met=False, text="Riley 2019"),
            SampleSize(criterion="events per parameter", needed=10.0, available=5.6, met=False, text="169 events"),
            SampleSize(criterion="judged cases", needed=45.0, available=400.0, met=True, text="width of the AUROC"),
            SampleSize(criterion="unknown", needed=None, available=3.0, met=None, text="No criterion is published."),
        ),
        "agreement": tuple(
            Agreement(
                first=first,
                second="reader B",
                measure="quadratic kappa",
                value=value,
                low=None if value is None else value - 0.1,
                high=None if value is None else value + 0.1,
                cases=80,
                method="bootstrap by patient",
                reason="one reader used a single grade" if value is None else "",
            )
            for first, value in (("reader A", 0.71), (HOSTILE, 0.64), ("reader C", None))
        )
        if shape.endpoint == "multiclass" or HOSTILE in shape.title
        else (),
    }


def _sensitivity(shape: Shape) -> tuple[Sensitivity, ...]:
    """Every class in turn and at random, or above and below; one is not estimable."""
    measure, middle = shape.measures[0]
    numeric = ("prediction + 1 residual SD", "prediction - 1 residual SD")
    scenarios = (*(f"all {word}" for word in shape.classes), "missing at random") if shape.classes else numeric
    return tuple(
        Sensitivity(
            learner=each.name,
            validation=shape.validation,
            scenario=scenario,
            measure=measure.name,
            value=None if (number, place) == (1, 1) else middle + (place - 2) * 0.01,
            change=None if (number, place) == (1, 1) else (place - 2) * 0.01,
            cases_added=9,
            text="The measure is not defined on these cases." if (number, place) == (1, 1) else f"Assumed: {scenario}.",
        )
        for number, each in enumerate(shape.learners)
        for place, scenario in enumerate(scenarios)
    )


def _robustness(shape: Shape, names: tuple[str, ...]) -> tuple[Robustness, ...]:
    measure, middle = shape.measures[0]
    sign = -1 if measure.higher_is_better else 1
    trials: list[tuple[str, Literal["missing_at_random", "noise", "missing_column"], str, float]] = [
        *[(f"{share:.0%} missing", "missing_at_random", "", share) for share in (0.1, 0.3, 0.5)],
        *[(f"noise of {noise:g} SD", "noise", "", noise) for noise in (0.1, 0.25, 0.5)],
        *[(f"{name} missing", "missing_column", name, 1.0) for name in names],
    ]
    rows = []
    for number, each in enumerate(shape.learners):
        for place, (name, family, variable, strength) in enumerate(trials):
            change = sign * abs(middle) * strength * 0.1 / (1 + number + (place if variable else 0))
            known = not (number == 1 and place == 0)
            rows.append(
                Robustness(
                    learner=each.name,
                    validation=shape.validation,
                    name=name,
                    family=family,
                    variable=variable,
                    strength=strength,
                    measure=measure.name,
                    value=middle + change if known else None,
                    change=change if known else None,
                    low=change - 0.01 if known else None,
                    high=change + 0.01 if known else None,
                    method="paired bootstrap by patient, percentile, 500 replicates" if known else "",
                    reason="" if known else "the measure is not defined on these cases",
                )
            )
    return tuple(rows)


def _shift(shape: Shape, names: tuple[str, ...]) -> tuple[Shift, ...]:
    """For validations that are not random folds."""
    if shape.partition == "out_of_fold" and not shape.other:
        return ()
    validation = shape.validation if shape.partition == "test" else shape.other
    splits = tuple(each.removeprefix("split=") for each in shape.splits) if shape.partition == "test" else ()
    if not splits:
        splits = ("repeat 1 fold 1", "repeat 1 fold 2") if shape.partition == "test" else (shape.other,)
    rows = []
    for number, split in enumerate(splits):
        for place, name in enumerate(names):
            size = (number - 1.2) / (1 + place)
            rows.append(
                Shift(
                    validation=validation,
                    split=split,
                    variable=name,
                    statistic="standardised mean difference" if place % 3 else "total variation",
                    value=size if place % 3 else abs(size) / 2,
                )
            )
        rows.append(
            Shift(validation=validation, split=split, variable=names[0], statistic="missing share", value=0.1 * number)
        )
        rows += [
            Shift(
                validation=validation, split=split, variable=f"outcome: {word}", statistic="outcome share", value=0.05
            )
            for word in shape.classes
        ]
    return tuple(rows)


def _coverage(shape: Shape) -> tuple[Coverage, ...]:
    groups = ["all", *shape.groups, *(f"outcome={word}" for word in shape.classes)]
    return tuple(
        Coverage(
            learner=each.name,
            validation=shape.validation,
            method="split conformal, by class",
            nominal=0.9,
            group=group,
            coverage=None if group in shape.not_estimable else 0.92 - 0.01 * place,
            low=None if group in shape.not_estimable else 0.84 - 0.01 * place,
            high=None if group in shape.not_estimable else 0.95 - 0.01 * place,
            size=None if place == 1 else 1.2 if shape.classes else 83.1,
            cases=shape.cases // (1 + place),
            reason="no cases" if group in shape.not_estimable else "",
        )
        for each in shape.learners
        for place, group in enumerate(groups)
    )


def _study(shape: Shape, *, hard: bool) -> Study:
    return Study(
        name=shape.name,
        title=shape.title,
        question=HOSTILE
        if hard
        else "Can the cells of a needle aspirate tell a malignant from a benign mass as well as a biopsy?",
        intended_use="A cytologist, reading an aspirate before a biopsy is decided on.",
        modality="tabular",
        endpoint=shape.endpoint,
        classes=shape.classes,
        unit=shape.unit,
        eligibility="Women with a palpable breast mass and a usable aspirate.",
        outcome="Malignant on biopsy, or benign on biopsy or follow-up.",
        horizon="at the same visit",
        source="Wisconsin diagnostic breast cancer",
        licence="CC BY 4.0",
        citation="Street WN, Wolberg WH, Mangasarian OL. Nuclear feature extraction for breast tumor diagnosis. 1993.",
        model=shape.learners[0].name,
        comparators=tuple(each.name for each in shape.learners[1:]),
        learners=shape.learners,
        primary_measure=shape.measures[0][0].name,
        primary_comparator="elastic_net",
        primary_validation=shape.validation,
        release_rule="the simplest learner within the margin of the best on tuning data",
        subgroups=tuple(dict.fromkeys(group.partition("=")[0] for group in shape.groups)),
        minimum_group=shape.minimum,
        margin=0.01 if shape.endpoint != "continuous" else 2.0,
        trials=10,
        simulated=shape.simulated,
        card=f"# {HOSTILE}\n\n- {HOSTILE}\n\n{LONG_WORD}\n\n[{HOSTILE}](https://x.example/{LONG_WORD})"
        if hard
        else CARD,
        limits=("One centre, thirty years ago.", "Predictors were traced by hand; other readers may trace otherwise."),
    )


def _partitions(shape: Shape, validations: list[Validation]) -> list[Partition]:
    parts = []
    for validation in validations:
        sizes: dict[Literal["development", "selection", "calibration", "test"], float] = {
            "development": 0.7,
            "selection": 0.075,
            "calibration": 0.075,
            "test": 0.15,
        }
        if validation.partition == "out_of_fold":
            sizes = {"development": 0.5, "test": 0.5}
        for split in validation.splits:
            for partition, fraction in sizes.items():
                cases = max(1, round(fraction * shape.cases))
                if shape.classes:
                    each = [
                        round(cases * (i + 1) / sum(range(1, len(shape.classes) + 1)))
                        for i in range(len(shape.classes))
                    ]
                    outcome = {word: float(number) for word, number in zip(shape.classes, reversed(each), strict=True)}
                else:
                    outcome = {"mean": 152.1, "sd": 77.1, "median": 140.5, "low_quartile": 87.0, "high_quartile": 211.5}
                parts.append(
                    Partition(
                        validation=validation.name,
                        split=split,
                        partition=partition,
                        cases=cases,
                        patients=cases,
                        outcome={**outcome},
                    )
                )
    return parts


def _characteristics(shape: Shape, luck: random.Random) -> list[Characteristic]:
    rows = []
    sizes = {"all": shape.cases, "development": round(0.7 * shape.cases), "test": round(0.15 * shape.cases)}
    sizes |= {f"outcome={word}": shape.cases // len(shape.classes) for word in shape.classes}
    for number in range(shape.variables):
        middle = luck.uniform(0.1, 300)
        for group, cases in sizes.items():
            value = middle * luck.uniform(0.9, 1.1)
            rows.append(
                Characteristic(
                    variable=f"mean_radius_{number}",
                    group=group,
                    cases=cases,
                    missing=7 if number % 4 == 0 else 0,
                    median=value,
                    low_quartile=value * 0.8,
                    high_quartile=value * 1.3,
                    unit="um" if number % 2 else "",
                )
            )
    for category in ("female", "male", HOSTILE if HOSTILE in shape.title else "not recorded by the hospital"):
        for group, cases in sizes.items():
            rows.append(
                Characteristic(variable="sex", category=category, group=group, cases=cases, missing=3, count=cases // 3)
            )
    return rows


def _value(middle: float, shift: float, measure: Measure) -> float:
    low, high = measure.bounds
    value = middle * (1 + shift)
    value = value if low is None else max(low + 1e-3, value)
    return value if high is None else min(high - 1e-3, value)


def _performance(shape: Shape, validations: list[Validation], luck: random.Random) -> list[Performance]:
    rows = []
    for validation in validations:
        groups = ["all", *shape.groups, *shape.splits]
        for group in groups:
            cases = shape.cases if group == "all" else max(12, shape.cases // (2 + groups.index(group)))
            for each in shape.learners:
                for measure, middle in shape.measures:
                    common: dict[str, object] = {
                        "learner": each.name,
                        "validation": validation.name,
                        "group": group,
                        "measure": measure.name,
                        "partition": validation.partition,
                        "cases": cases,
                        "patients": cases,
                    }
                    if group in shape.not_estimable:
                        rows.append(
                            Performance.model_validate(
                                common
                                | {
                                    "value": None,
                                    "low": None,
                                    "high": None,
                                    "reason": "only one outcome class in this group",
                                }
                            )
                        )
                        continue
                    value = _value(middle, luck.uniform(-0.02, 0.005), measure)
                    half = 0.6 * abs(middle) / math.sqrt(cases) * (0.2 if middle > 0.9 else 1.0) + 0.001
                    low, high = value - half, value + half * 0.8
                    low = low if measure.bounds[0] is None else max(measure.bounds[0], low)
                    high = high if measure.bounds[1] is None else min(measure.bounds[1], high)
                    method = "bootstrap by patient" if measure.name != "sensitivity" else "Wilson score"
                    rows.append(
                        Performance.model_validate(
                            common | {"value": value, "low": low, "high": high, "method": method}
                        )
                    )
        rows += _pooled(shape, validation)
        rows.extend(
            Performance(
                learner=each.name,
                validation=validation.name,
                partition="development",
                group="all",
                measure=shape.measures[0][0].name,
                value=min(0.999, shape.measures[0][1]),
                low=None,
                high=None,
                cases=shape.cases,
                patients=shape.cases,
            )
            for each in shape.learners
        )
    return rows


def _pooled(shape: Shape, validation: Validation) -> list[Performance]:
    """Random effects over splits, where splits are shown."""
    measure, middle = shape.measures[0]
    return [
        Performance(
            learner=each.name,
            validation=validation.name,
            partition=validation.partition,
            group="pooled over splits",
            measure=measure.name,
            value=middle - 0.02,
            low=middle - 0.12,
            high=min(1.0, middle + 0.01),
            cases=shape.cases,
            patients=shape.cases,
            method="random effects over 4 splits (REML, Hartung-Knapp); prediction interval for a further one 0.322 to "
            "0.980; I² 79%",
        )
        for each in shape.learners
        if shape.splits
    ]


def _comparisons(shape: Shape, validations: list[Validation], luck: random.Random) -> list[Comparison]:
    rows = []
    for validation in validations:
        for each in shape.learners[1:]:
            for measure, middle in shape.measures[:3]:
                primary = validation.primary and each.name == "elastic_net" and measure is shape.measures[0][0]
                difference = abs(middle) * luck.uniform(-0.012, 0.012)
                half = abs(middle) * 0.008
                p = luck.uniform(0.0001, 0.9)
                rows.append(
                    Comparison(
                        learner=shape.learners[0].name,
                        comparator=each.name,
                        validation=validation.name,
                        partition=validation.partition,
                        measure=measure.name,
                        difference=difference,
                        low=difference - half,
                        high=difference + half,
                        p=p,
                        p_adjusted=p if primary else min(1.0, p * 6),
                        method="corrected resampled t",
                        primary=primary,
                    )
                )
    return rows


def _figures(shape: Shape, luck: random.Random) -> list[Figure]:
    if shape.endpoint == "continuous":
        points = [(luck.gauss(150, 60), luck.gauss(0, 40)) for _ in range(150)]
        return [
            Figure(
                name="predicted_observed",
                title="Observed against predicted",
                section="calibration",
                diagonal=True,
                conclusion="Predictions spread less than outcomes: the model is cautious at both ends.",
                alt="Scatter of observed against predicted progression along the identity line.",
                x_label="Predicted (points)",
                y_label="Observed (points)",
                series=(
                    Series(
                        label="Tabular network",
                        style="points",
                        learner="tabular_network",
                        x=tuple(a for a, _ in points),
                        y=tuple(a + b for a, b in points),
                    ),
                ),
            ),
        ]
    return [_roc(shape), _calibration(shape, luck), _decision(shape), _histogram(luck), _importance(luck), _confusion()]


def _roc(shape: Shape) -> Figure:
    xs = tuple(i / 200 for i in range(201))
    series = [
        Series(
            label=each.label,
            style="step",
            learner=each.name,
            x=xs,
            y=tuple(x ** (0.05 + 0.05 * i) if x else 0.0 for x in xs),
        )
        for i, each in enumerate(shape.learners)
    ]
    band = Series(
        label="95% band",
        style="band",
        learner=shape.learners[0].name,
        x=xs,
        y=xs,
        low=tuple(max(0.0, y - 0.05) for y in series[0].y),
        high=tuple(min(1.0, y + 0.04) for y in series[0].y),
    )
    return Figure(
        name="roc",
        title="Receiver operating characteristic",
        x_label="1 \N{MINUS SIGN} specificity",
        y_label="Sensitivity",
        conclusion="The curves of all learners lie within each other's bands.",
        alt="Sensitivity against one minus specificity for four learners; all hug the upper left corner.",
        series=(band, *series),
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )


def _calibration(shape: Shape, luck: random.Random) -> Figure:
    series = []
    for each in shape.learners[:2]:
        xs = tuple((i + 0.5) / 8 for i in range(8))
        ys = tuple(min(1.0, max(0.0, x + luck.uniform(-0.06, 0.06))) for x in xs)
        series.append(
            Series(
                label=each.label,
                style="intervals",
                learner=each.name,
                x=xs,
                y=ys,
                low=tuple(max(0.0, y - 0.09) for y in ys),
                high=tuple(min(1.0, y + 0.09) for y in ys),
            )
        )
    return Figure(
        name="calibration",
        title="Calibration",
        section="calibration",
        x_label="Predicted probability",
        y_label="Observed proportion",
        conclusion="Both follow the diagonal; intervals are wide in the middle.",
        alt="Observed proportion by eighths of predicted probability, with intervals, near the diagonal.",
        series=tuple(series),
        x_range=(0, 1),
        y_range=(0, 1),
        diagonal=True,
    )


def _decision(shape: Shape) -> Figure:
    xs = tuple(0.05 + i * 0.01 for i in range(46))
    series = [
        Series(
            label=each.label, style="line", learner=each.name, x=xs, y=tuple(0.37 - 0.06 * x - 0.004 * i for x in xs)
        )
        for i, each in enumerate(shape.learners)
    ]
    treat = Series(label="Biopsy for all", style="line", x=xs, y=tuple(0.37 - 0.63 * x / (1 - x) for x in xs))
    none = Series(label="Biopsy for none", style="line", x=xs, y=tuple(0.0 for _ in xs))
    return Figure(
        name="decision_curve",
        title="Decision curve",
        section="utility",
        aspect="wide",
        x_label="Threshold probability",
        y_label="Net benefit",
        conclusion="Every learner is more useful than biopsy for all or none between 5% and 50%.",
        alt="Net benefit against threshold; all learners lie above both reference strategies.",
        series=(*series, treat, none),
        horizontal=(("no benefit", 0.0),),
    )


def _histogram(luck: random.Random) -> Figure:
    xs = tuple((i + 0.5) / 10 for i in range(10))
    return Figure(
        name="distribution",
        title="Predictions by outcome",
        section="errors",
        aspect="wide",
        x_label="Predicted probability",
        y_label="Cases",
        conclusion="Few cases fall between 0.3 and 0.7.",
        alt="Histogram of predictions for benign and malignant cases; two peaks at the ends.",
        series=tuple(
            Series(label=word, style="bars", x=xs, y=tuple(luck.uniform(2, 90) for _ in xs))
            for word in ("benign", "malignant")
        ),
    )


def _importance(luck: random.Random) -> Figure:
    names = tuple(f"mean radius of the nucleus {i}" for i in range(10))
    ys = tuple(sorted((luck.uniform(0, 0.1) for _ in names), reverse=True))
    return Figure(
        name="importance",
        title="Permutation importance",
        section="explanation",
        aspect="wide",
        x_label="Predictor",
        y_label="Fall in AUROC when permuted",
        x_categories=names,
        conclusion="The first three predictors carry most of the signal.",
        alt="Intervals of importance, falling.",
        series=(
            Series(
                label="Tabular network",
                style="intervals",
                learner="tabular_network",
                x=tuple(float(i) for i in range(10)),
                y=ys,
                low=tuple(y - 0.01 for y in ys),
                high=tuple(y + 0.01 for y in ys),
            ),
        ),
    )


def _confusion() -> Figure:
    return Figure(
        name="errors",
        title="Errors at the operating point",
        section="errors",
        x_label="Kind",
        y_label="Cases",
        x_categories=("missed", "false alarm"),
        conclusion="More are missed than falsely alarmed.",
        alt="Two bars.",
        series=(
            Series(
                label="Tabular network",
                style="bars",
                learner="tabular_network",
                x=(0.0, 1.0),
                y=(11.0, 7.0),
                low=(6.0, 3.0),
                high=(18.0, 13.0),
            ),
        ),
    )


ALL = {
    "binary": binary,
    "simulated": simulated,
    "continuous": continuous,
    "multiclass": multiclass,
    "sites": sites,
    "many_groups": many_groups,
    "survival": survival,
    "bare": bare,
    "hostile": hostile,
}
