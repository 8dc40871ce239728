"""Dates and moments in their usual forms."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.modalities.tabular.law import law

from bedside.errors import TableProblem
from bedside.modalities.tabular.dates import FORMS, date_share, moments


@law
@given(st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=20))  # noqa: DTZ001
def test_every_form_gives_the_moments_back(times: list[datetime]) -> None:
    whole = [time.replace(microsecond=0) for time in times]
    for form in (FORMS[0], FORMS[1], FORMS[2]):
        cells = [time.strftime(f"{form.date} %H:%M:%S").zfill(19) for time in whole]
        assert moments(pl.Series("t", cells)).to_list() == whole


def test_zones_become_utc() -> None:
    zone = timezone(timedelta(hours=2))
    cells = ["2020-05-01T12:00:00+02:00", "2020-05-01T12:00:00Z", "2020-05-01 12:00", "2020-05-01", None]
    expected = [10, 12, 12, 0]
    assert [moment.hour for moment in moments(pl.Series("t", cells)).drop_nulls().to_list()] == expected
    typed = pl.Series("t", [datetime(2020, 5, 1, 12, tzinfo=zone).astimezone(UTC)])
    assert moments(typed).to_list() == [datetime(2020, 5, 1, 10)]  # noqa: DTZ001
    assert moments(pl.Series("t", [date(2020, 5, 1)])).to_list() == [datetime(2020, 5, 1)]  # noqa: DTZ001


def test_day_and_month_are_told_apart_or_asked_for() -> None:
    day_first = moments(pl.Series("t", ["13/01/2020", "02/01/2020"])).to_list()
    month_first = moments(pl.Series("t", ["01/13/2020", "01/02/2020"])).to_list()
    assert day_first == month_first
    with pytest.raises(TableProblem, match="cannot be told apart"):
        moments(pl.Series("t", ["01/02/2020", "03/04/2020"]))


@pytest.mark.parametrize("cells", [["2020-01-01", "soon"], ["2020-13-45"], [5, 6]])
def test_what_is_no_date_is_refused(cells: list[object]) -> None:
    with pytest.raises(TableProblem, match="not dates") as caught:
        moments(pl.Series("t", cells))
    assert "soon" not in str(caught.value)


def test_the_share_of_dates() -> None:
    assert date_share(pl.Series(["2020-01-01", "x"])) == 0.5
    assert date_share(pl.Series([], dtype=pl.String)) == 0
