"""True positive rates of two groups, on tables small enough to count by hand."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.tasks.labels_by_group import rates
from tests.unit.definitions import occupations_of

# (occupation, predicted, group, how many)
COUNTS = [
    ("nurse", "nurse", "female", 6),
    ("nurse", "poet", "female", 2),
    ("nurse", "nurse", "male", 1),
    ("nurse", "poet", "male", 3),
    ("poet", "poet", "female", 1),
    ("poet", "nurse", "female", 3),
    ("poet", "poet", "male", 2),
    ("dj", "dj", "male", 2),  # no women
    ("model", "model", "female", 2),  # no men
    ("pastor", "dj", "female", 2),  # no woman recognised
    ("pastor", "pastor", "male", 2),
    ("dentist", "dentist", "female", 1),  # no man recognised
    ("dentist", "dj", "male", 1),
    ("surgeon", "dj", "female", 1),  # nobody recognised
    ("surgeon", "dj", "male", 1),
]
OCCUPATIONS = ("poet", "nurse", "dj", "model", "pastor", "dentist", "surgeon", "rapper")


@pytest.fixture
def table():
    rows = [row[:3] for row in COUNTS for _ in range(row[3])]
    return rates_of(rows, *OCCUPATIONS).set_index("occupation")


def rates_of(rows, *occupations):
    predictions = pd.DataFrame(rows, columns=["label", "prediction", "group"])
    return rates(predictions, occupations_of(*occupations))


def test_one_row_an_occupation_in_the_order_asked_for(table):
    assert tuple(table.index) == OCCUPATIONS


def test_rates_and_their_ratio(table):
    nurse = table.loc["nurse"]
    assert (nurse["test_she"], nurse["true_positives_she"]) == (8, 6)
    assert (nurse["test_he"], nurse["true_positives_he"]) == (4, 1)
    assert nurse["tpr_she"] == 0.75
    assert nurse["tpr_he"] == 0.25
    assert nurse["tpr_ratio"] == 3
    assert nurse["log_tpr_ratio"] == pytest.approx(1.0986122886681098)
    assert nurse["tpr_gap"] == 0.5
    assert nurse["undefined"] == ""
    assert nurse["smaller_group_rows"] == 4
    assert table.loc["poet", "tpr_ratio"] == 0.25
    assert table.loc["poet", "log_tpr_ratio"] == pytest.approx(-1.3862943611198906)


def test_sampling_variances_by_hand(table):
    nurse = table.loc["nurse"]
    # Six of eight women and one of four men.
    of_log = 1 / 6 - 1 / 8 + 1 / 1 - 1 / 4
    assert nurse["log_tpr_ratio_variance"] == pytest.approx(of_log)
    assert nurse["tpr_ratio_variance"] == pytest.approx(9 * of_log)
    assert nurse["tpr_gap_variance"] == pytest.approx(0.75 * 0.25 / 8 + 0.25 * 0.75 / 4)


def test_a_sampling_variance_is_missing_with_its_number(table):
    pastor = table.loc["pastor"]
    assert math.isnan(pastor["log_tpr_ratio_variance"])
    # None of two women, both men: the count that is zero is taken for a half.
    assert pastor["tpr_ratio_variance"] == pytest.approx(0.5 * 2 / 2.5**3)
    assert pastor["tpr_gap_variance"] == pytest.approx(2 * 0.5 * 2 / 2.5**3)
    for name in ("tpr_ratio", "log_tpr_ratio", "tpr_gap"):
        assert table[f"{name}_variance"][table[name].isna()].isna().all()


@pytest.mark.parametrize(
    ("occupation", "reason", "ratio", "gap"),
    [
        ("dj", "no row of group female in the test part", None, None),
        ("model", "no row of group male in the test part", None, None),
        ("pastor", "no row of group female recognised", 0.0, -1.0),
        ("dentist", "no row of group male recognised", None, 1.0),
        ("surgeon", "no row of group female or male recognised", None, 0.0),
        ("rapper", "no row of the occupation in the test part", None, None),
    ],
)
def test_a_cell_that_does_not_exist_is_kept_with_its_reason(table, occupation, reason, ratio, gap):
    row = table.loc[occupation]
    assert row["undefined"] == reason
    assert math.isnan(row["log_tpr_ratio"])
    for name, expected in (("tpr_ratio", ratio), ("tpr_gap", gap)):
        assert math.isnan(row[name]) if expected is None else row[name] == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["a", "b"]), st.sampled_from("fm")),
        min_size=1,
    )
)
def test_a_reason_stands_exactly_where_the_logarithm_is_missing(rows):
    group = {"f": "female", "m": "male"}
    table = rates_of([(label, found, group[side]) for label, found, side in rows], "a", "b")
    assert (table["log_tpr_ratio"].isna() == (table["undefined"] != "")).all()
    assert table["test_she"].sum() + table["test_he"].sum() == len(rows)
    for row in table.itertuples():
        hits = sum(r == (row.occupation, row.occupation, "f") for r in rows)
        all_women = sum(r[0] == row.occupation and r[2] == "f" for r in rows)
        assert row.true_positives_she == hits
        if all_women:
            assert row.tpr_she == hits / all_women
