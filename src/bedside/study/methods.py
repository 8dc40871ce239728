"""The methods text, ready to paste, from what was declared and done."""

from collections.abc import Sequence
from typing import Any

from bedside.data.censoring import CensoringWeights
from bedside.endpoints.bounding import Bounded
from bedside.endpoints.target import Target
from bedside.evidence.schema import Measure, Plan
from bedside.study.declare import Study
from bedside.study.explaining import CASES
from bedside.study.gaps import MINIMUM_EVENTS
from bedside.study.suppression import SmallCells
from bedside.study.uncertainty import NOMINAL, covers


def methods(
    study: Study[Any, Any, Any, Any],
    measures: Sequence[Measure],
    *,
    plan: Plan,
    seed: int,
    simulated: bool,
    outcomes: str,
) -> tuple[str, ...]:
    """Paragraphs: participants, partitions, models, statistics, missing outcomes (in the words given), plan."""
    primary = next(measure for measure in measures if measure.name == (study.primary_measure or study.endpoint.primary))
    source = f"the synthetic twin of {study.source.name}" if simulated else study.source.name
    participants = (
        f"Source of data and participants. Records came from {source} ({study.source.licence}). "
        f"{_sentence(study.cohort.eligibility)} The outcome was: {_sentence(study.cohort.outcome)} Horizon: "
        f"{_sentence(study.cohort.horizon)} Patient identity: {_sentence(study.identity)} Records whose outcome or "
        "eligibility could not be known were excluded and counted, never taken as negative."
    )
    partitions = (
        f"Partitions. {' '.join(_partitions(study))} All samples of one patient stayed on one side of every split. "
        "Scaling, imputation, vocabularies and selection were fitted on development patients only."
    )
    described = " ".join(f"{learner.label}: {_sentence(learner.description)}" for learner in study.learners)
    models = (
        f"Models. {described} Each learner with settings was tuned with {study.trials} trials on the same partitions, "
        "on the same proper score. Where learners were cross-fitted, the fold that stopped a training early also gave "
        "its reference predictions, so that tuning figures are somewhat optimistic; judged cases took no part."
    )
    statistics = (
        f"Statistics. The primary measure was {primary.label}; the one pre-specified contrast was "
        f"{study.model.label} against {_primary_comparator(study)}, with a margin of {study.margin:g}. Intervals have "
        "a nominal level of 95%; their method stands beside each value. Where patients contributed several "
        f"predictions, or folds were repeated, intervals come from a bootstrap that draws patients ({study.bootstrap} "
        "replicates) or from a clustered closed form. Rank measures were averaged within splits. Learners were "
        "compared over random folds with the corrected resampled t test, on a single test partition with a closed "
        "form, clustered by patient where patients repeat, or, where there is none, a paired bootstrap by patient; "
        "the method stands beside each contrast. All contrasts but the primary one were adjusted together by Holm's "
        "method. Net benefit is given with intervals and without p values."
    )
    target = study.endpoint.target
    uncertainty = f"Uncertainty. {_uncertainty(target)}"
    explained = " ".join(_sentence(explainer.description) for explainer in study.explainers)
    if len(target.questions) + len(target.quantities) != 1:
        explained += " The outcome is no one class or number: a method that attributes one score was not applied."
    explanations = (
        f"Explanations. At most {CASES} judged cases were explained, their outcomes unseen. {explained} Every "
        "explanation was tested in one split: against models that had lost what they learned (rank correlation of "
        "attributions), and by removing what it calls most important, predictors or parts of an image, on cases that "
        "are no test cases."
    )
    small = SmallCells(study.smallest_cell).words
    rule = f"Release rule. {_sentence(study.release_rule)}"
    return (
        participants,
        partitions,
        models,
        statistics,
        *_groups(study),
        *((uncertainty,) if study.weighing is None else _censoring(study.weighing)),
        *((small,) if small else ()),
        f"Missing outcomes. {outcomes}",
        *((explanations,) if study.explainers else ()),
        *((_judged_only(study),) if study.judged_only else ()),
        rule,
        f"Analysis plan. {_plan(plan)} The random seed was {seed}.",
    )


def _uncertainty(target: Target[Any, Any]) -> str:
    if isinstance(target, Bounded):
        untried = "Abstaining was not judged: whether an answer was right is not known of every case."
        return f"{target.bounding.promise(NOMINAL)} {untried}"
    if not covers(target):
        return (
            "Neither prediction sets nor intervals were made, and abstaining was not judged: they are defined for an "
            "outcome that is one of several classes or one number, which this one is not."
        )
    return (
        f"Prediction sets or intervals were calibrated to hold the outcome of {NOMINAL:.0%} of patients, each class by "
        "itself, on tuning data with one case a patient: across patients like these, not for one patient, and with no "
        "claim for another hospital."
    )


def _judged_only(study: Study[Any, Any, Any, Any]) -> str:
    labels = [learner.label for learner in study.comparators if learner.name in study.judged_only]
    return (
        "Judged only. These comparators were tuned, judged and compared like all learners, and neither tried on worse "
        f"cases nor explained: {', '.join(labels)}."
    )


def _partitions(study: Study[Any, Any, Any, Any]) -> list[str]:
    words = ["Primary validation:", *(["Secondary validation:"] * (len(study.validations) - 1))]
    return [f"{word} {_sentence(v.description)}" for word, v in zip(words, study.validations, strict=True)]


def _groups(study: Study[Any, Any, Any, Any]) -> list[str]:
    """What is said of subgroups and sites, where there are any."""
    told = []
    if study.subgroups:
        jointly = " and for ".join(("the primary measure", *study.endpoint.joint))
        told.append(
            f"Subgroups. Every measure was given by {', '.join(study.subgroups)}, for groups of at least "
            f"{study.minimum_group} patients. A gap that is not significant is not equivalence: that was tested by two "
            f"one-sided tests against a margin of {study.group_margin:g}, with at least {MINIMUM_EVENTS} patients of "
            "each outcome in both groups. Gaps were adjusted by Holm's method within each learner and measure. That "
            f"all such groups are equal was tested for {jointly} by Hotelling's T squared on a bootstrap by patient, "
            "adjusted by Holm's method within each learner."
        )
    if any(validation.by_split and validation.judges_once for validation in study.validations):
        told.append(
            "Sites. Values of the splits by site or period were pooled by random effects (REML, Hartung-Knapp; shares "
            "on the logit scale), with heterogeneity and a prediction interval for a further one."
        )
    return told


def _censoring(weighing: CensoringWeights) -> tuple[str, str]:
    """How known outcomes stand for censored ones, and what is not told of uncertainty then."""
    told = (
        "Censored outcomes. Cases whose watch ended before the outcome was known were neither dropped nor taken as "
        "negative: they have no outcome, and every known one was weighed by the inverse of the probability of being "
        "watched until it was known (Robins and Rotnitzky 1992; Graf et al. 1999, Stat Med 18:2529; Vock et al. 2016, "
        "J Biomed Inform 61:119). That probability is Kaplan and Meier's of the development partition of each split "
        "(of the judged source, where that is another), the same for everybody: whether watching ends early is taken "
        f"not to depend on outcome or predictors. Weights above {weighing.largest:g} were cut off there (Cole and "
        "Hernán 2008, Am J Epidemiol 168:656). Weights entered what every learner fits, by which it chooses and is "
        "calibrated, thresholds, measures and curves; intervals and tests of weighted measures come from the bootstrap "
        "by patient, the censoring curve held as it is. Counts and characteristics are those of cases with a known "
        "outcome."
    )
    nothing = (
        "Uncertainty. Neither prediction sets were made nor abstaining judged: their coverage would hold for those "
        "whose outcome is known, and not for the censored."
    )
    return told, nothing


def _primary_comparator(study: Study[Any, Any, Any, Any]) -> str:
    name = study.primary_comparator or study.comparators[0].name
    return next(learner.label for learner in study.comparators if learner.name == name)


def _plan(plan: Plan) -> str:
    if not plan.frozen:
        return "No analysis plan was frozen before the run."
    if plan.followed:
        return f"The plan frozen at {plan.frozen_at} was followed."
    return f"A plan was frozen at {plan.frozen_at}; the run departs from it in {len(plan.departures)} points."


def _sentence(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        return ""
    capital = stripped[0].upper() + stripped[1:]
    return capital if capital[-1] in ".!?" else f"{capital}."
