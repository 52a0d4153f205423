"""The sampling error of rates and its share, checked by hand and against drawn counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.analysis.sampling import sampling_share
from bias_transfer.errors import StudyError
from bias_transfer.tasks._cells import log_ratio_variance, rate_variance


def test_a_log_ratio_by_hand():
    # 8 of 10 against 5 of 10: 1/8 - 1/10 + 1/5 - 1/10.
    assert log_ratio_variance(8, 10, 5, 10) == pytest.approx(0.125)


def test_drawn_counts_vary_as_much_as_the_cells_say():
    rng = np.random.default_rng(0)
    one, other = rng.binomial(400, 0.8, 50_000), rng.binomial(300, 0.6, 50_000)
    logs = np.log(one / 400) - np.log(other / 300)
    assert logs.var() == pytest.approx(log_ratio_variance(320, 400, 180, 300), rel=0.03)
    assert (one / 400).var() == pytest.approx(rate_variance(320, 400), rel=0.03)


def test_what_is_undefined_is_nan():
    assert np.isnan(log_ratio_variance(0, 10, 5, 10))
    assert np.isnan(rate_variance(0, 0))


def test_a_rate_of_zero_or_one_is_not_taken_for_certain():
    # The count that is zero is taken for a half: 0.5 of 10.5, and 0.5 of 1.5.
    half = 0.5 * 10 / 10.5**3
    found = [rate_variance(hits, 10) for hits in (0, 3, 10)]
    assert found == pytest.approx([half, 0.021, half])
    assert rate_variance(0, 1) == rate_variance(1, 1) == pytest.approx(4 / 27)
    assert log_ratio_variance(10, 10, 5, 10) == pytest.approx(1 / 10 - 1 / 10.5 + 1 / 5 - 1 / 10)


@given(st.integers(1, 1000), st.data())
def test_more_rows_of_the_same_rate_leave_less_doubt(rows, data):
    hits = data.draw(st.integers(0, rows))
    assert 0 < rate_variance(2 * hits, 2 * rows) < rate_variance(hits, rows)


def test_the_share_of_sampling_error_by_hand():
    values = np.array([0.0, 2, 4])
    assert sampling_share(values, np.array([1.0, 2, 3])) == pytest.approx(2 / 4)
    assert sampling_share(values, np.full(3, 8.0)) == pytest.approx(2)
    assert np.isnan(sampling_share(np.full(3, 0.1), np.ones(3)))


def test_where_every_value_is_zero_there_is_nothing_to_have_a_share_in():
    assert np.isnan(sampling_share(np.zeros(3), np.ones(3)))


@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_a_share_is_no_matter_of_the_unit(unit):
    values, variances = np.array([0.0, 2, 4]), np.array([1.0, 2, 3])
    assert sampling_share(unit * values, unit**2 * variances) == pytest.approx(2 / 4)


def test_a_share_of_incomplete_items_is_refused():
    with pytest.raises(StudyError, match="complete items"):
        sampling_share(np.array([1.0, np.nan]), np.ones(2))
    with pytest.raises(StudyError, match="a value and a variance"):
        sampling_share(np.ones(2), np.ones(3))
    with pytest.raises(StudyError, match="each of two items"):
        sampling_share(np.ones(1), np.ones(1))
