"""The table of observations: a row a model, item and template, and nothing lost on the way."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.observations import observations

ITEMS = ("dj", "poet")
TEMPLATES = ("is", "become")


def scores(start):
    keys = [(item, template) for item in ITEMS for template in TEMPLATES]
    return pd.DataFrame(keys, columns=["occupation", "template"]).assign(
        pronoun_ranking=[start + i for i in range(4)],
        score_she=0.0,
        score_they=[-start + 0.5 * i for i in range(4)],
    )


@pytest.fixture
def table():
    models = pd.DataFrame(
        {
            "model": ["m2", "m1"],
            "dataset": ["balance-a1-b0", "original"],
            "covariates_dataset": ["original", "original"],
            "seed": [1, 1],
        }
    )
    rates = pd.DataFrame(
        {
            "model": ["m1", "m1", "m2", "m2"],
            "occupation": [*ITEMS, *ITEMS],
            "log_tpr_ratio": [0.1, np.nan, 0.3, 0.4],
            "undefined": ["", "no men in the test part", "", ""],
        }
    )
    covariates = pd.DataFrame(
        {
            "dataset": ["original", "original", "balance-a1-b0", "balance-a1-b0"],
            "occupation": [*ITEMS, *ITEMS],
            "prevalence_she": [0.2, 0.7, 0.5, 0.5],
        }
    )
    # The second table of scores comes in another order.
    after = [scores(100).iloc[::-1], scores(200)]
    return observations("bios", models, [scores(0), scores(10)], after, rates, covariates)


def test_a_row_a_model_item_and_template_in_the_order_of_the_models(table):
    assert table[["model", "occupation", "template"]].to_numpy().tolist() == [
        [model, item, template]
        for model in ("m2", "m1")
        for item in ITEMS
        for template in TEMPLATES
    ]


def test_the_change_of_they_is_after_less_before(table):
    assert table["they_change"].tolist() == [-100] * 4 + [-190] * 4


def test_bias_before_and_after_is_that_of_the_same_cell(table):
    assert table["pronoun_ranking"].tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    assert table["pronoun_ranking_after"].tolist() == [100, 101, 102, 103, 200, 201, 202, 203]


def test_downstream_bias_repeats_over_the_templates(table):
    assert table["log_tpr_ratio"].tolist()[:6] == [0.3, 0.3, 0.4, 0.4, 0.1, 0.1]


def test_an_undefined_cell_is_a_row_with_its_reason(table):
    gone = table[table["log_tpr_ratio"].isna()]
    assert gone["undefined"].tolist() == ["no men in the test part"] * 2
    assert gone["pronoun_ranking"].tolist() == [12, 13]


def test_the_covariates_are_those_of_the_data_set_named_for_them(table):
    # The first model's own data set is balanced, but the config asks for the original.
    assert table["prevalence_she"].tolist() == [0.2, 0.2, 0.7, 0.7] * 2
    assert table["dataset"].tolist() == ["balance-a1-b0"] * 4 + ["original"] * 4


def test_scores_that_stand_twice_are_an_error():
    models = pd.DataFrame({"model": ["m"], "dataset": ["o"], "covariates_dataset": ["o"]})
    rates = pd.DataFrame({"model": "m", "occupation": ITEMS, "undefined": ""})
    covariates = pd.DataFrame({"dataset": "o", "occupation": ITEMS})
    twice = pd.concat([scores(0), scores(0)])
    with pytest.raises(pd.errors.MergeError):
        observations("bios", models, [scores(0)], [twice], rates, covariates)


def test_rates_that_stand_twice_are_an_error():
    models = pd.DataFrame({"model": ["m"], "dataset": ["o"], "covariates_dataset": ["o"]})
    rates = pd.DataFrame({"model": "m", "occupation": ["dj", "dj", "poet"], "undefined": ""})
    covariates = pd.DataFrame({"dataset": "o", "occupation": ITEMS})
    with pytest.raises(pd.errors.MergeError):
        observations("bios", models, [scores(0)], [scores(0)], rates, covariates)
