"""The table of observations: a row a model, item and template, and nothing lost on the way."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.observations import (
    joined_scores,
    observations,
    principally_adapted,
)
from bias_transfer.errors import StudyError
from tests.unit import paper_grid

ITEMS = ("dj", "poet")
BIOS = {"item": "occupation", "kept_after": ("pronoun_ranking", "score_they")}
TEMPLATES = ("is", "become")


def scores(start):
    keys = [(item, template) for item in ITEMS for template in TEMPLATES]
    return pd.DataFrame(keys, columns=["occupation", "template"]).assign(
        pronoun_ranking=[start + i for i in range(4)],
        score_she=0.0,
        score_they=[-start + 0.5 * i for i in range(4)],
    )


def they_change(table):
    return pd.DataFrame({"they_change": table["score_they_after"] - table["score_they"]})


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
    before = [scores(0), scores(10)]
    return observations(models, before, after, rates, covariates, **BIOS, derived=[they_change])


def test_a_row_a_model_item_and_template_in_the_order_of_the_models(table):
    assert table[["model", "occupation", "template"]].to_numpy().tolist() == [
        [model, item, template]
        for model in ("m2", "m1")
        for item in ITEMS
        for template in TEMPLATES
    ]


def test_the_columns_are_identity_scores_rates_and_covariates(table):
    assert table.columns.tolist() == [
        *("model", "dataset", "covariates_dataset", "seed", "occupation", "template"),
        *("pronoun_ranking", "score_she", "score_they"),
        *("pronoun_ranking_after", "score_they_after", "they_change"),
        *("log_tpr_ratio", "undefined", "prevalence_she"),
    ]


def test_what_a_measure_derives_is_of_scores_before_and_after(table):
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
        observations(models, [scores(0)], [twice], rates, covariates, **BIOS)


def test_rates_that_stand_twice_are_an_error():
    models = pd.DataFrame({"model": ["m"], "dataset": ["o"], "covariates_dataset": ["o"]})
    rates = pd.DataFrame({"model": "m", "occupation": ["dj", "dj", "poet"], "undefined": ""})
    covariates = pd.DataFrame({"dataset": "o", "occupation": ITEMS})
    with pytest.raises(pd.errors.MergeError):
        observations(models, [scores(0)], [scores(0)], rates, covariates, **BIOS)


ONE = pd.DataFrame({"model": ["m"], "dataset": ["o"], "covariates_dataset": ["o"]})
RATES = pd.DataFrame({"model": "m", "occupation": ITEMS, "undefined": ""})
COVARIATES = pd.DataFrame({"dataset": "o", "occupation": ITEMS})


def test_columns_that_describe_an_item_stand_once_and_behind_it():
    described = {"label": ["dj", "poet"], "group": ["she", "they"]}
    items = pd.DataFrame({"occupation": ITEMS, **described})
    before = scores(0).merge(items, on="occupation")
    table = observations(
        ONE, [before], [before], RATES.merge(items), COVARIATES.merge(items), **BIOS
    )
    assert table.columns.tolist()[3:7] == ["occupation", "label", "group", "template"]
    assert table["group"].tolist() == ["she", "she", "they", "they"]


def test_a_cell_that_was_not_scored_after_fine_tuning_stays_without_it():
    table = observations(ONE, [scores(0)], [scores(0).iloc[1:]], RATES, COVARIATES, **BIOS)
    assert table["pronoun_ranking"].tolist() == [0, 1, 2, 3]
    assert table["pronoun_ranking_after"].isna().tolist() == [True, False, False, False]


def test_measures_without_templates_give_a_row_a_model_and_item():
    before = pd.DataFrame({"occupation": ITEMS, "likeliness": [0.1, 0.2]})
    table = observations(
        ONE, [before], [before], RATES, COVARIATES, item="occupation", kept_after=["likeliness"]
    )
    assert table.columns.tolist()[3:6] == ["occupation", "likeliness", "likeliness_after"]
    assert len(table) == 2


def test_a_number_that_two_tables_have_is_refused_by_its_name():
    with pytest.raises(StudyError, match="two tables have a column 'score_she'"):
        observations(ONE, [scores(0)], [scores(0)], RATES.assign(score_she=0.0), COVARIATES, **BIOS)


# Several measures


def test_a_measure_without_templates_repeats_over_those_of_another():
    ranking = pd.DataFrame({"occupation": ["poet"], "identity_ranking": [0.5]})
    joined = joined_scores([scores(0), ranking], "occupation")
    pd.testing.assert_frame_equal(joined[scores(0).columns], scores(0))
    assert joined["identity_ranking"].fillna(-1).tolist() == [-1, -1, 0.5, 0.5]
    other = joined_scores([ranking, scores(0)], "occupation")
    pd.testing.assert_frame_equal(other[joined.columns], joined)


def test_measures_with_templates_meet_on_item_and_template_and_lose_no_cell():
    second = pd.DataFrame(
        [("poet", "is", 7.0), ("dj", "asks", 9.0)], columns=["occupation", "template", "surprise"]
    )
    joined = joined_scores([scores(0), second], "occupation")
    assert joined[["occupation", "template"]].to_numpy().tolist() == [
        *([item, template] for item in ITEMS for template in TEMPLATES),
        ["dj", "asks"],
    ]
    assert joined["surprise"].fillna(-1).tolist() == [-1, -1, 7, -1, 9]
    assert joined["pronoun_ranking"].fillna(-1).tolist() == [0, 1, 2, 3, -1]


def test_the_principal_adaptation_is_the_tasks_first():
    rows = pd.DataFrame({"model": ["a", "b", "c"], "adaptation": ["head", "full", "head"]})
    both = (("head", "Head only"), ("full", "All weights"))
    task = paper_grid.BIOS.model_copy(update={"adaptations": both})
    assert principally_adapted(rows, task)["model"].tolist() == ["a", "c"]
    assert principally_adapted(rows, paper_grid.BIOS)["model"].tolist() == ["b"]
