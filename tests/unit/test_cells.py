"""Cells that may not exist stay missing instead of becoming a number."""

import math

import pytest

from bias_transfer.tasks._cells import first_reason, log_of_positive, ratio

NAN = float("nan")


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(1, 4, 0.25), (0, 3, 0.0), (1, 0, NAN), (0, 0, NAN), (NAN, 1, NAN), (1, NAN, NAN)],
)
def test_a_ratio(numerator, denominator, expected):
    result = ratio(numerator, denominator)
    assert math.isnan(result) if math.isnan(expected) else result == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 0.0), (math.e, 1.0), (0, NAN), (-1, NAN), (NAN, NAN)]
)
def test_a_logarithm(value, expected):
    result = log_of_positive(value)
    assert math.isnan(result) if math.isnan(expected) else result == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [(True, True, "first"), (False, True, "second"), (True, False, "first"), (False, False, "")],
)
def test_the_first_reason_that_holds_is_told(first, second, told):
    assert first_reason({"first": first, "second": second}) == told
