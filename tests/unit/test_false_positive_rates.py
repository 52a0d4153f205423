"""False positive rates and the three areas of each term, by hand and by counting pairs."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.tasks.mentions import _variances, rates, roc_auc
from tests.unit.definitions import terms_of

TERMS = ("gay", "old", "deaf", "sikh")
# toxic, score, mentions; predicted toxic from a score of one half.
COMMENTS = [
    (False, 0.9, {"gay"}),
    (False, 0.6, {"gay"}),
    (False, 0.2, {"gay", "old"}),
    (False, 0.1, {"gay"}),
    (True, 0.8, {"gay"}),
    (True, 0.3, {"gay"}),
    (True, 0.7, {"deaf"}),
    (False, 0.1, {"old"}),
    (False, 0.7, set()),
    (False, 0.4, set()),
    (False, 0.3, set()),
    (False, 0.2, set()),
    (True, 0.9, set()),
    (True, 0.5, set()),
]


def table_of(comments, terms=TERMS):
    predictions = pd.DataFrame(
        {
            "label": [named(toxic) for toxic, _, _ in comments],
            "prediction": [named(score >= 0.5) for _, score, _ in comments],
            "score": [float(score) for _, score, _ in comments],
            "group": [";".join(sorted(mentioned)) for _, _, mentioned in comments],
        }
    )
    return rates(predictions, terms_of(*terms)).set_index("identity_term")


def named(toxic):
    return "toxic" if toxic else "non-toxic"


def test_rates_of_a_term_against_all_comments():
    gay = table_of(COMMENTS).loc["gay"]
    assert (gay["test_toxic"], gay["test_nontoxic"], gay["false_positives"]) == (2, 4, 2)
    assert gay["fpr"] == 0.5
    assert gay["overall_fpr"] == pytest.approx(3 / 9)
    assert gay["fpr_ratio"] == pytest.approx(1.5)
    assert gay["log_fpr_ratio"] == pytest.approx(0.4054651081081644)
    assert gay["fpr_gap"] == pytest.approx(1 / 6)
    assert gay["undefined"] == ""


def test_areas_of_a_term_counted_by_hand():
    gay = table_of(COMMENTS).loc["gay"]
    # Toxic mentions 0.8 and 0.3 against the other mentions 0.9, 0.6, 0.2, 0.1: 3 and 2 of 4.
    assert gay["subgroup_auc"] == pytest.approx(5 / 8)
    # Other toxic comments 0.7, 0.9, 0.5 against them: 3, 3 and a half, 2 of 4.
    assert gay["bpsn_auc"] == pytest.approx(8.5 / 12)
    # Toxic mentions against other harmless comments 0.1, 0.7, 0.4, 0.3, 0.2: 5, and 2 and a half.
    assert gay["bnsp_auc"] == pytest.approx(7.5 / 10)


def test_sampling_variances_by_hand():
    gay = table_of(COMMENTS).loc["gay"]
    # Two of four with the term are called toxic, and one of the five others.
    own, other = 4 * 0.5 * 0.5, 5 * 0.2 * 0.8
    assert gay["fpr_variance"] == pytest.approx(0.5 * 0.5 / 4)
    # The gap h / 4 - (h + k) / 9, by its two derivatives.
    assert gay["fpr_gap_variance"] == pytest.approx((1 / 4 - 1 / 9) ** 2 * own + other / 9**2)
    # The logarithm log h - log (h + k), at h = 2 and k = 1.
    of_log = (1 / 2 - 1 / 3) ** 2 * own + (1 / 3) ** 2 * other
    assert gay["log_fpr_ratio_variance"] == pytest.approx(of_log)
    assert gay["fpr_ratio_variance"] == pytest.approx(1.5**2 * of_log)


def test_a_sampling_variance_is_missing_with_its_number():
    table = table_of(COMMENTS)
    for name in ("fpr", "fpr_ratio", "log_fpr_ratio", "fpr_gap"):
        assert (table[f"{name}_variance"].isna() == table[name].isna()).all()
    # None of two: the count that is zero is taken for a half.
    assert table.loc["old", "fpr_variance"] == pytest.approx(0.5 * 2 / 2.5**3)


def test_a_term_that_every_comment_has_differs_from_none():
    table = table_of([(False, 0.9, {"gay"}), (False, 0.1, {"gay"}), (True, 0.9, {"gay"})])
    found = table.loc["gay", ["fpr_ratio_variance", "log_fpr_ratio_variance", "fpr_gap_variance"]]
    assert (found == 0).all()


def test_sampling_variances_are_those_of_drawing_again():
    rng = np.random.default_rng(3)
    n, m, p, q = 400, 1600, 0.2, 0.1
    h, k = rng.binomial(n, p, 100_000), rng.binomial(m, q, 100_000)
    ratio, gap = h / n / ((h + k) / (n + m)), h / n - (h + k) / (n + m)
    found = _variances(80, n, 160, m)
    assert found["fpr_ratio_variance"] == pytest.approx(ratio.var(), rel=0.05)
    assert found["log_fpr_ratio_variance"] == pytest.approx(np.log(ratio).var(), rel=0.05)
    assert found["fpr_gap_variance"] == pytest.approx(gap.var(), rel=0.05)


def test_a_rate_of_zero_exists_but_its_logarithm_does_not():
    old = table_of(COMMENTS).loc["old"]
    assert (old["fpr"], old["fpr_ratio"], old["undefined"]) == (0, 0, "")
    assert math.isnan(old["log_fpr_ratio"])


@pytest.mark.parametrize(
    ("term", "reason"),
    [
        ("deaf", "no non-toxic test comment mentions the term"),
        ("sikh", "no test comment mentions the term"),
    ],
)
def test_a_rate_that_does_not_exist_is_kept_with_its_reason(term, reason):
    row = table_of(COMMENTS).loc[term]
    assert row["undefined"] == reason
    assert np.isnan(
        row[["fpr", "fpr_ratio", "log_fpr_ratio", "fpr_gap", "subgroup_auc"]].astype(float)
    ).all()


def test_without_false_positives_at_all_no_ratio_exists():
    table = table_of([(False, 0.1, {"gay"}), (False, 0.2, set()), (True, 0.9, set())])
    assert table.loc["gay", "fpr"] == 0
    assert math.isnan(table.loc["gay", "fpr_ratio"])
    assert table.loc["gay", "fpr_gap"] == 0


def by_pairs(positive, negative):
    wins = 0.0
    for high in positive:
        for low in negative:
            wins += 1.0 if high > low else 0.5 if high == low else 0.0
    return wins / (len(positive) * len(negative))


SCORES = st.lists(st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 1]) | st.floats(0, 1), min_size=1)


@given(SCORES, SCORES)
def test_the_area_is_the_share_of_pairs_in_the_right_order(positive, negative):
    assert roc_auc(np.array(positive), np.array(negative)) == pytest.approx(
        by_pairs(positive, negative)
    )


@given(SCORES, SCORES)
def test_swapping_the_sides_mirrors_the_area(positive, negative):
    here, there = np.array(positive), np.array(negative)
    assert roc_auc(here, there) + roc_auc(there, here) == pytest.approx(1)


@pytest.mark.parametrize(("positive", "negative"), [([], [0.1]), ([0.1], []), ([], [])])
def test_an_area_without_both_sides_is_missing(positive, negative):
    assert math.isnan(roc_auc(np.array(positive), np.array(negative)))


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from([0.1, 0.4, 0.5, 0.9]),
            st.sets(st.sampled_from(["gay", "old"])),
        ),
        min_size=1,
    )
)
def test_a_loop_over_comments_agrees(comments):
    table = table_of(comments, ("gay", "old"))
    for term in ("gay", "old"):
        row = table.loc[term]
        harmless = [score for toxic, score, named in comments if not toxic and term in named]
        alarms = [score for score in harmless if score >= 0.5]
        assert row["false_positives"] == len(alarms)
        assert (row["undefined"] == "") == bool(harmless)
        if harmless:
            assert row["fpr"] == len(alarms) / len(harmless)
        other = [score for toxic, score, named in comments if toxic and term not in named]
        if harmless and other:
            assert row["bpsn_auc"] == pytest.approx(by_pairs(other, harmless))
