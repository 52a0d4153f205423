"""Cells that may not exist stay missing instead of becoming a number."""

import math

import pandas as pd
import pytest

from bias_transfer.tasks.cells import first_reason, log_of_positive, ratio

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


def test_the_first_reason_that_holds_is_told():
    first = pd.Series([True, False, True, False], index=[3, 5, 7, 9])
    second = pd.Series([True, True, False, False], index=[3, 5, 7, 9])
    told = first_reason({"first": first, "second": second})
    assert told.to_dict() == {3: "first", 5: "second", 7: "first", 9: ""}
