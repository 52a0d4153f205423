"""Accuracy and F1 beside the majority class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.tasks._performance import performance


def test_a_table_worked_out_by_hand():
    labels = np.array(["a", "a", "a", "b", "b", "c"])
    predicted = np.array(["a", "a", "b", "b", "a", "b"])
    result = performance(labels, predicted)
    # a: 2 hits of 3, predicted 3 times; b: 1 of 2, predicted 3 times; c: none.
    assert result == pytest.approx(
        {
            "accuracy": 3 / 6,
            "majority_accuracy": 3 / 6,
            "macro_f1": (4 / 6 + 2 / 5 + 0) / 3,
        }
    )


def test_a_classifier_that_always_says_the_majority():
    result = performance(np.array(["a"] * 9 + ["b"]), np.array(["a"] * 10))
    assert result["accuracy"] == result["majority_accuracy"] == 0.9
    assert result["macro_f1"] == pytest.approx((18 / 19) / 2)


@given(st.lists(st.sampled_from("abc"), min_size=1))
def test_a_perfect_classifier_scores_one(labels):
    result = performance(np.array(labels), np.array(labels))
    assert result["accuracy"] == result["macro_f1"] == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_precision_and_recall_give_the_same_f1(pairs):
    scores = []
    for each in {label for label, _ in pairs}:
        hits = sum(pair == (each, each) for pair in pairs)
        said = sum(predicted == each for _, predicted in pairs)
        there = sum(label == each for label, _ in pairs)
        precision, recall = hits / said if said else 0, hits / there
        total = precision + recall
        scores.append(2 * precision * recall / total if total else 0)
    labels, predicted = map(np.array, zip(*pairs, strict=True))
    assert performance(labels, predicted)["macro_f1"] == pytest.approx(sum(scores) / len(scores))
