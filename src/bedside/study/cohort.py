"""Drawing the cohort: records to samples, with a flow that shows where everyone went."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from bedside.data.audit import repeated_keys
from bedside.data.sample import Excluded, Sample
from bedside.data.source import Source
from bedside.endpoints.columns import bytes_of
from bedside.errors import CohortProblem, OutcomeProblem
from bedside.evidence.schema import FlowStep
from bedside.study.declare import Study
from bedside.types import PatientId, SampleId

X = TypeVar("X")
Y = TypeVar("Y")


@dataclass(frozen=True, slots=True)
class Drawn(Generic[X, Y]):
    """The cohort of a study.

    Attributes:
        samples: Who is included.
        flow: Where everyone went.
        unlabelled: Those excluded who are eligible but for an outcome that nobody knows.
    """

    samples: tuple[Sample[X, Y], ...]
    flow: tuple[FlowStep, ...]
    unlabelled: tuple[Excluded, ...] = ()


def draw(study: Study[Any, X, Y, Any], *, root: Path, simulated: int | None, seed: int) -> Drawn[X, Y]:
    """Read every record and draw its samples.

    Raises:
        CohortProblem: When nobody is eligible or sample keys repeat.
        OutcomeProblem: When all eligible samples have the same outcome.
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
    marked = tuple(
        replace(
            sample,
            key=SampleId(f"{source.name}/{sample.key}"),
            patient=sample.patient if same_identifiers else PatientId(f"{source.name}/{sample.patient}"),
            attributes={**sample.attributes, "source": source.name},
        )
        for sample in drawn.samples
    )
    return replace(drawn, samples=marked)


def _draw(
    study: Study[Any, X, Y, Any], source: Source[Any], *, root: Path, simulated: int | None, seed: int
) -> Drawn[X, Y]:
    records = source.records(root) if simulated is None else source.simulate(simulated, seed=seed)
    drawn = _sorted_out(study, records)
    if not drawn.samples:
        excluded = "; ".join(f"{step.records} {step.text}" for step in drawn.flow if step.kind == "excluded")
        msg = f"the cohort of {study.name!r} from {source.name!r} is empty: {excluded or 'no record read'}"
        raise CohortProblem(msg)
    repeated = repeated_keys(drawn.samples)
    if repeated:
        msg = (
            f"{repeated} sample keys of {source.name!r} occur more than once in {study.name!r}; a key names one sample"
        )
        raise CohortProblem(msg)
    return drawn


def _sorted_out(study: Study[Any, X, Y, Any], records: Iterable[Any]) -> Drawn[X, Y]:
    """Who is included, and why everyone else is not."""
    samples: list[Sample[X, Y]] = []
    unlabelled: list[Excluded] = []
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
            else:
                samples.append(item)
    included = {str(sample.patient) for sample in samples}
    everyone = None if unnamed else len(included.union(*lost.values()))
    flow = [FlowStep(kind="read", text="Records read", records=read, patients=everyone)]
    for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        people = None if reason in unnamed else len(lost[reason])
        flow.append(FlowStep(kind="excluded", text=reason, records=count, patients=people))
    flow.append(FlowStep(kind="included", text="Included", records=len(samples), patients=len(included)))
    return Drawn(tuple(samples), tuple(flow), tuple(unlabelled))


def patients_of(samples: Sequence[Sample[Any, Any]]) -> int:
    """Number of distinct patients."""
    return len({sample.patient for sample in samples})
