"""Splitting: stratified, disjoint, complete, and the same every time."""

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.data.split import PARTS, split
from bias_transfer.errors import StudyError


def table(counts):
    labels = [label for label, count in counts.items() for _ in range(count)]
    return pd.DataFrame({"id": range(len(labels)), "label": labels})


def test_the_shares_hold_in_each_class():
    parts = split(table({"a": 100, "b": 50}), 0.2, 0.1, seed=1, name="t")
    counts = {part: Counter(rows["label"]) for part, rows in parts.items()}
    # A fifth for testing, then a tenth of what is left for evaluation.
    assert counts == {
        "test": {"a": 20, "b": 10},
        "evaluation": {"a": 8, "b": 4},
        "train": {"a": 72, "b": 36},
    }


def test_each_part_keeps_the_order_of_the_rows():
    for rows in split(table({"a": 30, "b": 30}), 0.3, 0.3, seed=1, name="t").values():
        assert rows["id"].is_monotonic_increasing
        assert rows.index.tolist() == list(range(len(rows)))


def test_the_same_seed_gives_the_same_parts_and_another_does_not():
    def ids(seed, name="t"):
        parts = split(table({"a": 60, "b": 60}), 0.2, 0.1, seed, name)
        return [parts[part]["id"].tolist() for part in PARTS]

    assert ids(1) == ids(1)
    assert ids(1) != ids(2)
    assert ids(1) != ids(1, "other")


def test_the_classes_may_stand_in_another_column():
    rows = table({"x": 12}).assign(group=["f", "m"] * 6)
    parts = split(rows, 0.5, 0.5, 1, "t", strata="group")
    assert Counter(parts["test"]["group"]) == {"f": 3, "m": 3}


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"a": 20, "rare": 2}, "t: class 'rare' has 2 rows, too few"),
        ({"a": 20, "z": 1, "b": 1}, "t: class 'b' has 1 row, too"),
        ({"a": 20}, "t: every row is 'a'; two classes are needed"),
    ],
)
def test_a_class_that_cannot_be_split_is_named(counts, said):
    with pytest.raises(StudyError) as caught:
        split(table(counts), 0.2, 0.1, 1, "t")
    assert said in str(caught.value)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(3, 40), min_size=2),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.integers(0, 99),
)
def test_every_row_is_in_one_part_and_every_class_in_each(counts, test, evaluation, seed):
    rows = table(counts)
    parts = split(rows, test, evaluation, seed, "t")
    ids = [number for part in PARTS for number in parts[part]["id"]]
    assert sorted(ids) == rows["id"].tolist()
    for part in PARTS:
        assert set(parts[part]["label"]) == set(counts)
    for label, count in counts.items():
        tested = (parts["test"]["label"] == label).sum()
        assert tested == min(max(1, round(test * count)), count - 2)
        rest = count - tested
        evaluated = (parts["evaluation"]["label"] == label).sum()
        assert evaluated == min(max(1, round(evaluation * rest)), rest - 1)


def texts(*rows):
    return pd.DataFrame(rows, columns=["label", "text"]).assign(id=range(len(rows)))


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from([f"text {n}" for n in range(12)])),
        min_size=6,
        max_size=60,
    ),
    st.floats(0.05, 0.9),
    st.integers(0, 99),
)
def test_copies_stay_in_one_part_whatever_their_label(pairs, test, seed):
    rows = texts(*pairs)
    try:
        parts = split(rows, test, 0.1, seed, "t", copies="text")
    except StudyError as error:
        assert "copies" in str(error) or "too few" in str(error) or "every row" in str(error)
        return
    homes = {}
    for part, kept in parts.items():
        assert set(kept["label"]) == {"a", "b"}
        for text in kept["text"]:
            assert homes.setdefault(text, part) == part
    assert sorted(n for kept in parts.values() for n in kept["id"]) == rows["id"].tolist()


def test_where_no_copies_cross_the_parts_are_those_without_looking_for_copies():
    rows = table({"a": 60, "b": 60})
    rows["text"] = [f"text {n}" for n in rows["id"]]
    plain = split(rows, 0.2, 0.1, 1, "t")
    for part, kept in split(rows, 0.2, 0.1, 1, "t", copies="text").items():
        pd.testing.assert_frame_equal(kept, plain[part])


def test_only_copies_move_and_to_the_part_of_the_first():
    rows = table({"a": 60, "b": 60})
    rows["text"] = [f"text {n % 100}" for n in rows["id"]]
    plain = {n: part for part, kept in split(rows, 0.2, 0.1, 1, "t").items() for n in kept["id"]}
    parts = split(rows, 0.2, 0.1, 1, "t", copies="text")
    for part, kept in parts.items():
        assert all(plain[n % 100] == part for n in kept["id"])


def test_a_class_keeps_a_text_in_each_part():
    # Ten copies and two other texts: each class needs all three.
    rows = texts(*[("a", "same")] * 10, ("a", "x"), ("a", "y"), *[("b", str(n)) for n in range(9)])
    for seed in range(20):
        for kept in split(rows, 0.2, 0.1, seed, "t", copies="text").values():
            assert set(kept["label"]) == {"a", "b"}


def test_a_class_of_two_different_texts_is_named():
    rows = texts(*[("a", "same")] * 10, ("a", "x"), *[("b", str(n)) for n in range(9)])
    with pytest.raises(StudyError, match="t: the rows of class 'a' are copies of too few texts"):
        split(rows, 0.2, 0.1, 1, "t", copies="text")
