"""Numbers are printed as a journal prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.report import number


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0.995, 0.991, 0.998), "0.995 (0.991 to 0.998)"),
        ((-0.0004, -0.012, 0.0112), "0.000 (\N{MINUS SIGN}0.012 to 0.011)"),
        ((55.234, 50.1, 59.9), "55.23 (50.10 to 59.90)"),
        ((1234.5, 1000, 1500.4), "1,234 (1,000 to 1,500)"),
        ((0.5, None, None), "0.500"),
    ],
)
def test_interval(values: tuple[float, float | None, float | None], text: str) -> None:
    assert number.interval(*values) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "<0.001"), (0.0312, "0.031"), (0.2749, "0.27"), (0.999, ">0.99"), (None, "")]
)
def test_p_value(p: float | None, text: str) -> None:
    assert number.p_value(p) == text


def test_share_of_nobody_has_no_percentage() -> None:
    assert number.share(0, 0) == "0"
    assert number.share(212, 569) == "212 (37.3%)"


@given(st.floats(-1e6, 1e6))
def test_no_negative_zero_and_no_ascii_minus(value: float) -> None:
    text = number.decimal(value)
    assert "-" not in text
    assert not (text.startswith("\N{MINUS SIGN}") and not any(c in "123456789" for c in text))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (
            "slope 0.30, intercept -0.34 (-1.2 to +0.5)",
            "slope 0.30, intercept \N{MINUS SIGN}0.34 (\N{MINUS SIGN}1.2 to +0.5)",
        ),
        ("R squared -0.00 or -0", "R squared 0.00 or 0"),
        ("between -1.32e+03 and 5e+06 pixels", "between \N{MINUS SIGN}1,320 and 5,000,000 pixels"),
        ("-0.005", "\N{MINUS SIGN}0.005"),
        ("loss +3.57e-05 to 2e+12", "loss +3.57\N{MULTIPLICATION SIGN}10⁻⁵ to 2\N{MULTIPLICATION SIGN}10¹²"),
        ("IL-6, 2010-2012, COVID-19, net-10, code 1e5x", "IL-6, 2010-2012, COVID-19, net-10, code 1e5x"),
    ],
)
def test_prose_has_true_minus_signs(text: str, printed: str) -> None:
    assert number.typeset(text) == printed
    assert number.typeset(printed) == printed
