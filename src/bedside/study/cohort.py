"""Drawing the cohort: records to samples, with a flow that shows where everyone went."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from bedside.data.audit import repeated_keys
from bedside.data.sample import Censored, Excluded, Sample
from bedside.data.source import Source
from bedside.endpoints.columns import bytes_of
from bedside.errors import CohortProblem, OutcomeProblem, StudyError
from bedside.evidence.schema import FlowStep
from bedside.study.declare import Study
from bedside.types import PatientId, SampleId

X = TypeVar("X")
Y = TypeVar("Y")
Case = TypeVar("Case", Sample[Any, Any], Censored)


CENSORED = "watching ended before the outcome was known; others stand for them by their weights"


@dataclass(frozen=True, slots=True)
class Drawn(Generic[X, Y]):
    """The cohort of a study.

    Attributes:
        samples: Who is included.
        flow: Where everyone went.
        unlabelled: Those excluded who are eligible but for an outcome that nobody knows.
        censored: Those eligible whose watch ended before the outcome was known.
    """

    samples: tuple[Sample[X, Y], ...]
    flow: tuple[FlowStep, ...]
    unlabelled: tuple[Excluded, ...] = ()
    censored: tuple[Censored, ...] = ()


def draw(study: Study[Any, X, Y, Any], *, root: Path, simulated: int | None, seed: int) -> Drawn[X, Y]:
    """Read every record and draw its samples.

    Raises:
        CohortProblem: When nobody is eligible or sample keys repeat.
        OutcomeProblem: When all eligible samples have the same outcome.
        StudyError: When cases are censored and the study does not say how the others are weighed, or the reverse.
    """
    drawn = _draw(study, study.source, root=root, simulated=simulated, seed=seed)
    samples = drawn.samples
    cells = bytes_of(study.endpoint.outcome_cells, [sample.outcome for sample in samples])
    if len(set(cells)) == 1:
        word = study.endpoint.describe(samples[0].outcome)
        msg = (
            f"all {len(samples)} samples have the same outcome ({word}); nothing can be learned from one class: check "
            "the outcome column and the eligibility"
        )
        raise OutcomeProblem(msg)
    return drawn


def draw_external(
    study: Study[Any, X, Y, Any],
    source: Source[Any],
    *,
    same_identifiers: bool,
    root: Path,
    simulated: int | None,
    seed: int,
) -> Drawn[X, Y]:
    """The cohort of another source, its samples marked by its name so that nothing is learned from them.

    Patients are named with their source, so that equal identifiers of unlike domains are two patients, unless both
    sources use the same identifiers.

    Raises:
        CohortProblem: When nobody of that source is eligible or sample keys repeat.
    """
    drawn = _draw(study, source, root=root, simulated=simulated, seed=seed + 1)

    def marked(one: Case) -> Case:
        return replace(
            one,
            key=SampleId(f"{source.name}/{one.key}"),
            patient=one.patient if same_identifiers else PatientId(f"{source.name}/{one.patient}"),
            attributes={**one.attributes, "source": source.name},
        )

    return replace(drawn, samples=tuple(map(marked, drawn.samples)), censored=tuple(map(marked, drawn.censored)))


def _draw(
    study: Study[Any, X, Y, Any], source: Source[Any], *, root: Path, simulated: int | None, seed: int
) -> Drawn[X, Y]:
    records = source.records(root) if simulated is None else source.simulate(simulated, seed=seed)
    drawn = _sorted_out(study, records)
    if not drawn.samples:
        excluded = "; ".join(f"{step.records} {step.text}" for step in drawn.flow if step.kind == "excluded")
        msg = f"the cohort of {study.name!r} from {source.name!r} is empty: {excluded or 'no record read'}"
        raise CohortProblem(msg)
    repeated = repeated_keys([*drawn.samples, *drawn.censored])
    if repeated:
        msg = (
            f"{repeated} sample keys of {source.name!r} occur more than once in {study.name!r}; a key names one sample"
        )
        raise CohortProblem(msg)
    _check_watched(study, source, drawn)
    return drawn


def _check_watched(study: Study[Any, X, Y, Any], source: Source[Any], drawn: Drawn[X, Y]) -> None:
    """Cases are censored where, and only where, the study says how the others stand for them."""
    if study.weighing is None:
        if drawn.censored:
            msg = (
                f"{len(drawn.censored)} cases of {source.name!r} are censored: watching ended before the outcome of "
                f"{study.name!r} was known. Declare weighing=CensoringWeights() so that the others stand for them, or "
                "let the cohort exclude them with a reason"
            )
            raise StudyError(msg)
        return
    unwatched = sum(sample.watched is None for sample in drawn.samples)
    if unwatched:
        msg = (
            f"study {study.name!r} weighs censored outcomes, and {unwatched} of {len(drawn.samples)} samples of "
            f"{source.name!r} do not tell how long they were watched; give each sample watched=Watched(days, ending)"
        )
        raise StudyError(msg)


def _sorted_out(study: Study[Any, X, Y, Any], records: Iterable[Any]) -> Drawn[X, Y]:
    """Who is included, and why everyone else is not."""
    samples: list[Sample[X, Y]] = []
    unlabelled: list[Excluded] = []
    censored: list[Censored] = []
    counts: Counter[str] = Counter()
    lost: dict[str, set[str]] = defaultdict(set)
    unnamed: set[str] = set()
    read = 0
    for record in records:
        read += 1
        for item in study.cohort.draw(record):
            if isinstance(item, Excluded):
                counts[item.reason] += 1
                if item.unlabelled is not None:
                    unlabelled.append(item)
                if item.patient is None:
                    unnamed.add(item.reason)
                else:
                    lost[item.reason].add(str(item.patient))
            elif isinstance(item, Censored):
                censored.append(item)
            else:
                samples.append(item)
    included = {str(sample.patient) for sample in samples}
    away = {str(one.patient) for one in censored}
    everyone = None if unnamed else len(included.union(away, *lost.values()))
    flow = [FlowStep(kind="read", text="Records read", records=read, patients=everyone)]
    for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        people = None if reason in unnamed else len(lost[reason])
        flow.append(FlowStep(kind="excluded", text=reason, records=count, patients=people))
    if censored:
        flow.append(FlowStep(kind="censored", text=CENSORED, records=len(censored), patients=len(away)))
    flow.append(FlowStep(kind="included", text="Included", records=len(samples), patients=len(included)))
    return Drawn(tuple(samples), tuple(flow), tuple(unlabelled), tuple(censored))


def patients_of(samples: Sequence[Sample[Any, Any]]) -> int:
    """Number of distinct patients."""
    return len({sample.patient for sample in samples})
