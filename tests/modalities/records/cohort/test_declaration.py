"""A declared cohort: what it refuses, in which words, and that its text gives it back."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.cohort.patients import MORTALITY, cohort

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.cohort.declaration import Attribute, EventCohort, Which
from bedside.modalities.records.cohort.outcome import Binary, Multilabel, Number, Take, TimeUnit, Until
from bedside.modalities.records.cohort.predicate import AllOf, AnyOf, Coded, Repeated
from bedside.modalities.records.cohort.span import Edge, Window, edge
from bedside.modalities.records.cohort.toml import load_cohort, parse, render
from bedside.modalities.records.events.flag import Flag

FULL = (
    MORTALITY.replace(
        'offset = "24h"',
        'offset = "24h"\nwhich = "random"\nseed = 7\nafter_criteria = true\nrepeat = "6h"\n'
        'repeat_until = "following discharge"',
    )
    .replace('name = "death_in_hospital"', 'name = "death_in_hospital"\nkeep_flagged = ["after death", "duplicate"]')
    .replace('horizon = "30d"', 'horizon = "30d"\ngap = "2h"\nuntil = "next discharge + 6h"\ncompeting = "transfer"')
    + """
[predicates.transfer]
any_of = ["move", "discharge"]

[predicates.move]
code = ["A//1", "B//2"]
at_least = 3
below = 4.5
unit = "mmol/L"
text = "a \\"quoted\\" word"

[predicates.both]
all_of = ["move", "death"]
within = "24h"

[predicates.twice]
repeated = "move"
times = 2
within = "365d"

[observation]
start = "index - 48h"

[[criteria]]
words = "no year of records before"
prior_observation = "365d"

[[criteria]]
words = "before 2015"
index_from = 2015-01-31

[censoring]
end = "encounter end"
until = 2020-12-31
censored = "exclude"

[attributes.age]
age_cuts = [40, 65.5]

[attributes.sex]
prefix = "SEX//"
"""
)


def test_a_text_is_read_as_it_is_meant() -> None:
    read = cohort(FULL)
    assert read.index.which is Which.RANDOM
    assert read.index.repeat == timedelta(hours=6)
    assert read.predicates["transfer"] == AnyOf(any_of=("move", "discharge"))
    assert read.predicates["both"] == AllOf(all_of=("move", "death"), within=timedelta(hours=24))
    assert read.predicates["twice"] == Repeated(repeated="move", times=2, within=timedelta(days=365))
    assert read.windows["first_day"] == Window(start=edge("event"), end=edge("index"))
    assert isinstance(read.outcome, Binary)
    assert read.outcome.until == Edge(edge("next discharge").anchor, "discharge", timedelta(hours=6))
    assert read.censoring.until == datetime(2020, 12, 31, 23, 59, 59)  # noqa: DTZ001 - the source's own clock
    assert read.attributes["age"] == Attribute(age_cuts=(40, 65.5))
    assert read.leave_out & (Flag.AFTER_DEATH | Flag.DUPLICATE) == Flag(0)
    assert Flag.BEFORE_BIRTH in read.leave_out


OUTCOMES = [
    'kind = "multilabel"\nwords = "w"\namong = "death"\nhorizon = "7d"\nmost_frequent = 20\nnew = true',
    'kind = "multilabel"\nwords = "w"\namong = "death"\nhorizon = "7d"\nlabels = ["A//1"]\nempty = "exclude"',
    'kind = "time_until"\nwords = "w"\nevent = "discharge"\ncompeting = "death"\nat_competing = "stop"\nunit = "hours"',
    'kind = "number"\nwords = "w"\nvalue = "death"\nuntil = "following discharge"\ntake = "highest"',
]


TEXTS = [MORTALITY, FULL, *(re.sub(r'kind = .*horizon = "30d"', each, MORTALITY, flags=re.DOTALL) for each in OUTCOMES)]


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_a_cohort_gives_it_back_byte_for_byte(text: str) -> None:
    once = parse(text)
    assert parse(render(once)) == once
    assert render(parse(render(once))) == render(once)


def test_what_is_left_at_its_default_is_not_written() -> None:
    text = render(cohort())
    assert "seed" not in text
    assert "[censoring]" not in text
    assert text.startswith('format = 1\nname = "death_in_hospital"\n')


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@settings(max_examples=25, deadline=None)
@given(
    WORDS.filter(str.strip), st.floats(allow_nan=False, allow_infinity=False), st.lists(WORDS, min_size=1, max_size=3)
)
def test_any_text_and_number_is_read_back(words: str, limit: float, texts: list[str]) -> None:
    base = cohort()
    asked = Coded(code=("C//1",), at_least=limit, text=tuple(texts))
    made = replace(base, eligibility=words, predicates={**base.predicates, "x": asked})
    assert parse(render(made)) == made


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('offset = "24h"', 'ofset = "24h"', r"index\.ofset is a key that is not known; allowed: event, offset, which"),
        ('offset = "24h"', "offset = 24", r"index\.offset is 24; allowed: a whole number of s, min, h, d or w"),
        ('offset = "24h"', 'offset = "1 month"', r"index\.offset: '1 month' is no duration"),
        ('offset = "24h"', 'which = "frist"', r"index\.which is 'frist'; allowed: every, first, last, random"),
        ('event = "admission"\n', "", r"index\.event is nothing; allowed: it must be given"),
        (
            'event = "admission"',
            'event = "admision"',
            "has the predicate 'admision'; allowed: those in",
        ),
        (
            'window = "first_day"',
            'window = "day"',
            r"has the window 'day'; allowed: .* \(first_day\)",
        ),
        ("age_at_least = 18", "age_above = 18", "none of the keys that tell what is asked"),
        ("age_at_least = 18", "age_at_least = nan", "criteria.*received nan; allowed: a finite number"),
        (
            'prefix = "ENCOUNTER_END//"',
            'prefix = "ENCOUNTER_END"',
            "a prefix names its system",
        ),
        ('code = "MEDS_DEATH"', 'code = "MEDS_DEATH"\nunit = "d"', "has the unit 'd' but no limit"),
        ('code = "MEDS_DEATH"', 'code = "MEDS_DEATH"\nat_least = 3\nbelow = 2', "has limits from 3 to 2"),
        ('code = "MEDS_DEATH"', 'any_of = ["death"]', r"predicates\.death has itself, through others"),
        (
            'kind = "binary"',
            'kind = "bnary"',
            "kind is 'bnary'; allowed: binary, multilabel",
        ),
        ('horizon = "30d"', "", "has neither horizon nor until"),
        ('horizon = "30d"', 'horizon = "0d"', "has horizon = 0:00:00; more than 0"),
        ('horizon = "30d"', 'until = "index - 2h"', "has until = 'index - 2h'; a time after the index"),
        ("format = 1", "format = 2", "format is 2; allowed: 1"),
        ("format = 1", "format = 1\nwhen = 3", "when is a key that is not known; allowed: format, name"),
        ("format = 1", 'format = 1\nkeep_flagged = "odd"', "keep_flagged has 'odd'; allowed: implausible, no time"),
        ('start = "event"', 'start = "events"', r"windows\.first_day\.start: 'events' is no edge of a window"),
        ('words = "younger than 18 years"', 'words = " "', "has no words"),
        ('name = "death_in_hospital"', 'name = "Death"', "name has 'Death'; allowed: a name in lower case"),
        ('horizon = "30d"', 'horizon = "30d', "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(old: str, new: str, message: str) -> None:
    assert old in MORTALITY
    with pytest.raises(RecordsProblem, match=rf"^COHORT\.toml.*{message}"):
        parse(MORTALITY.replace(old, new))


def test_outcomes_that_read_codes_or_numbers_need_a_predicate_of_codes() -> None:
    base = cohort()
    made = {**base.predicates, "x": AnyOf(any_of=("death",))}
    for outcome in (
        Multilabel(words="w", among="x", horizon=timedelta(days=1), most_frequent=3),
        Number(words="w", value="x", horizon=timedelta(days=1), take=Take.LAST),
    ):
        with pytest.raises(RecordsProblem, match="has the predicate 'x'; allowed: one that has code or prefix"):
            replace(base, predicates=made, outcome=outcome)
    kept: EventCohort = replace(base, outcome=Until(words="w", event="discharge", unit=TimeUnit.HOURS))
    assert kept.outcome.when == "whenever it happens of the index time"


def test_criteria_that_look_past_the_index_time_are_told() -> None:
    assert cohort().sees_future == ()
    assert cohort(MORTALITY.replace('end = "index"', 'end = "next discharge"')).sees_future == (
        "left hospital within 24 h",
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"absent\.toml cannot be read as a file"):
        load_cohort(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(FileProblem, match=r"latin\.toml is not UTF-8"):
        load_cohort(tmp_path / "latin.toml")


def test_the_cohort_that_the_reference_shows_is_one() -> None:
    page = Path(__file__).parents[4] / "docs" / "reference" / "cohort-file.md"
    shown = re.search(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert shown is not None
    read = parse(shown[1])
    assert sorted(render(read).splitlines()) == sorted(shown[1].splitlines())
