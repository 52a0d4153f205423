"""What the training data say about each label and each term, counted by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from bias_transfer.tasks import labels_by_group, mentions
from tests.unit.definitions import occupations_of, terms_of


def test_the_share_of_a_group_among_the_rows_of_each_label():
    training = pd.DataFrame(
        {
            "label": ["nurse", "nurse", "nurse", "dj", "nurse"],
            "group": ["female", "female", "male", "male", "female"],
        }
    )
    table = labels_by_group.covariates(training, occupations_of("dj", "nurse", "poet"))
    assert list(table.columns) == ["occupation", "training_rows", "prevalence_she"]
    assert table["occupation"].tolist() == ["dj", "nurse", "poet"]
    assert table["training_rows"].tolist() == [1, 4, 0]
    assert table["prevalence_she"].tolist()[:2] == [0, 0.75]
    assert math.isnan(table["prevalence_she"].iloc[2])


def test_what_the_mentions_of_each_term_are_like():
    training = pd.DataFrame(
        {
            "label": ["toxic", "toxic", "non-toxic", "non-toxic", "non-toxic"],
            "text": ["x" * length for length in (10, 30, 50, 70, 90)],
            "group": ["gay", "gay", "gay;old", "old", ""],
        }
    )
    table = mentions.covariates(training, terms_of("gay", "old", "sikh")).set_index("identity_term")
    assert table["training_mentions"].tolist() == [3, 2, 0]
    # Of all five comments, not of those that mention something.
    assert table["prevalence"].tolist() == pytest.approx([0.6, 0.4, 0])
    assert table["toxic_share"].tolist()[:2] == pytest.approx([2 / 3, 0])
    assert table.loc["gay", "toxic_length"] == 20
    assert np.isnan(table.loc[["old", "sikh"], "toxic_length"]).all()
    assert math.isnan(table.loc["sikh", "toxic_share"])
