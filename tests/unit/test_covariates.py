"""What the training data say about each occupation and each term, counted by hand."""

import math

import numpy as np
import pytest

from bias_transfer.tasks.covariates import occupation_covariates, term_covariates


def test_the_share_of_women_of_each_occupation():
    labels = np.array(["nurse", "nurse", "nurse", "dj", "nurse"])
    groups = np.array(["female", "female", "male", "male", "female"])
    table = occupation_covariates(labels, groups, occupations=("dj", "nurse", "poet"))
    assert table["occupation"].tolist() == ["dj", "nurse", "poet"]
    assert table["training_rows"].tolist() == [1, 4, 0]
    assert table["prevalence_she"].tolist()[:2] == [0, 0.75]
    assert math.isnan(table["prevalence_she"].iloc[2])


def test_what_the_mentions_of_each_term_are_like():
    toxic = np.array([True, True, False, False, False])
    length = np.array([10, 30, 50, 70, 90])
    inside = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    table = term_covariates(toxic, length, inside, terms=("gay", "old", "sikh")).set_index(
        "identity_term"
    )
    assert table["training_mentions"].tolist() == [3, 2, 0]
    # Of all five comments, not of those that mention something.
    assert table["prevalence"].tolist() == pytest.approx([0.6, 0.4, 0])
    assert table["toxic_share"].tolist()[:2] == pytest.approx([2 / 3, 0])
    assert table.loc["gay", "toxic_length"] == 20
    assert np.isnan(table.loc[["old", "sikh"], "toxic_length"]).all()
    assert math.isnan(table.loc["sikh", "toxic_share"])
