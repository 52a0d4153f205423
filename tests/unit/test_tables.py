"""The columns of Tables 3 to 8: which models each is fitted on, and how it is laid out as rows."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, OCCUPATIONS
from bias_transfer.measures import negative_sentiment
from bias_transfer.measures import pronoun_ranking
from bias_transfer.analysis.regression import HC3_KINDS
from bias_transfer.analysis.tables import (
    COEFFICIENT_COLUMNS,
    DATASET_BIAS,
    TABLES,
    TEMPLATES,
    coefficient_rows,
    coefficient_table,
    fit,
    rows_of,
    specification,
)
from tests.unit import paper_grid
from tests.unit.figure_data import bios_table, upstream_grid

BY_NUMBER = {table.number: table for table in TABLES}
TABLE_3 = BY_NUMBER[3]


def models_of(number):
    """Count the models of each column on the paper's grid, by kind."""
    table = BY_NUMBER[number]
    grid = paper_grid.models(table.task)
    return {
        column.name: grid.loc[column.selects(grid), ["upstream_kind", "dataset_kind"]]
        .agg("+".join, axis=1)
        .value_counts()
        .to_dict()
        for column in table.columns
    }


UNMODIFIED = {"pretrained+original": 1}
NOISE = {"uniform+original": 10, "gaussian+original": 10}
SCRUBBED = {"pretrained+scrub-toxic": 10, "pretrained+scrub-all": 10}


def test_the_models_of_each_column_of_table_3():
    mitigated, balanced = {"sentdebias+original": 12}, {"pretrained+balance": 10}
    assert models_of(3) == {
        "Pre-trained": UNMODIFIED,
        "Mitigated": UNMODIFIED | mitigated,
        "Random": {"random+original": 10},
        "Noise added": UNMODIFIED | NOISE,
        "Balanced": balanced,
        "All pre-trained": UNMODIFIED | NOISE | mitigated | balanced,
    }


def test_the_models_of_each_column_of_table_4():
    assert models_of(4) == {
        "Pre-trained": UNMODIFIED,
        "Noise added": UNMODIFIED | NOISE,
        "Random": {"random+original": 10},
        "Scrubbed": SCRUBBED,
        "All pre-trained": UNMODIFIED | NOISE | SCRUBBED,
    }


def test_table_8_adds_the_random_models_that_were_fine_tuned_on_scrubbed_data():
    last = "All pre-trained, and scrubbed random"
    assert list(models_of(8)) == [*list(models_of(4))[:4], last]
    assert models_of(8)[last] == UNMODIFIED | NOISE | SCRUBBED | {
        "random+scrub-toxic": 10,
        "random+scrub-all": 10,
    }


@pytest.mark.parametrize("number", [5, 6, 7])
def test_further_specifications_are_of_the_unmodified_model(number):
    assert all(found == UNMODIFIED for found in models_of(number).values())


def test_names_of_columns_are_unique_in_a_table():
    for table in TABLES:
        assert len({column.name for column in table.columns}) == len(table.columns)


def test_the_templates_are_those_of_the_measures():
    assert TEMPLATES["bios"] == tuple(pronoun_ranking.TEMPLATES)
    assert TEMPLATES["wiki"] == tuple(negative_sentiment.TEMPLATES)


@pytest.mark.parametrize(
    ("number", "column", "outcome", "templates", "effects"),
    [
        (3, 2, "log_tpr_ratio", True, "model"),
        (4, 5, "fpr_ratio", True, "model"),
        (5, 2, "log_tpr_ratio", True, "model"),
        (5, 4, "log_tpr_ratio", False, "template"),
        (5, 5, "pronoun_ranking_after", False, "template"),
        (6, 6, "negative_sentiment_after", False, "template"),
        (7, 1, "fpr_ratio", False, "model"),
        (8, 2, "fpr_ratio", False, "model"),
    ],
)
def test_what_explains_what(number, column, outcome, templates, effects):
    table = BY_NUMBER[number]
    task_outcome = {"bios": "log_tpr_ratio", "wiki": "fpr_ratio"}[table.task]
    wanted = specification(table, table.columns[column - 1], task_outcome)
    assert wanted.outcome == outcome
    assert wanted.templates == (TEMPLATES[table.task] if templates else ())
    assert wanted.effects == effects
    assert wanted.item == {"bios": "occupation", "wiki": "identity_term"}[table.task]
    assert wanted.name == f"Table {number}, {table.columns[column - 1].name}"


def test_the_main_tables_have_upstream_and_data_bias_in_front():
    for number, task in ((3, "bios"), (4, "wiki")):
        for column in BY_NUMBER[number].columns:
            assert column.regressors[1] == DATASET_BIAS[task]


def test_identity_ranking_has_one_row_a_model_and_term():
    (table, column) = (BY_NUMBER[8], BY_NUMBER[8].columns[1])
    rows = rows_of(table, column, paper_grid.wiki())
    assert len(rows) == 21 * len(IDENTITY_TERMS)
    assert not rows.duplicated(["model", "identity_term"]).any()


def test_undefined_rows_are_among_the_rows_of_a_column():
    grid = bios_table(upstream_grid(), undefined=0.5)
    rows = rows_of(TABLE_3, TABLE_3.columns[0], grid)
    assert len(rows) == len(OCCUPATIONS) * 5
    assert rows["log_tpr_ratio"].isna().any()


# Fits


@pytest.fixture(scope="module")
def fitted():
    rows = bios_table(upstream_grid())
    return {each.name: each for each in fit(TABLE_3, rows, "log_tpr_ratio")}


def test_every_column_is_there_in_order_and_one_without_models_says_so(fitted):
    assert list(fitted) == [column.name for column in TABLE_3.columns]
    assert [each.number for each in fitted.values()] == [1, 2, 3, 4, 5, 6]
    assert fitted["Balanced"].result == "no such model in this study"
    assert fitted["Balanced"].undefined == {}
    assert fitted["Balanced"].absent == ()


def test_a_column_of_one_model_is_plain_least_squares(fitted):
    rows = bios_table(upstream_grid())
    rows = rows[(rows["upstream_kind"] == "pretrained") & rows["log_tpr_ratio"].notna()]
    design = np.column_stack(
        [
            rows["pronoun_ranking"],
            rows["prevalence_she"],
            *[rows["template"] == name for name in TEMPLATES["bios"][1:]],
            np.ones(len(rows)),
        ]
    ).astype(float)
    expected = np.linalg.lstsq(design, rows["log_tpr_ratio"].to_numpy(), rcond=None)[0]
    found = fitted["Pre-trained"]
    assert found.result.coefficients["coefficient"].to_numpy() == pytest.approx(expected)
    pd.testing.assert_frame_equal(found.rows, rows)
    assert sum(found.undefined.values()) == found.result.undefined == 140 - len(rows)


def unmodified(**changes):
    return bios_table(upstream_grid(trials=0, gammas=()), undefined=0).assign(**changes)


def test_each_row_left_out_is_counted_once_by_the_first_thing_that_it_lacks():
    rows = unmodified()
    gone = rows["occupation"] == OCCUPATIONS[0]
    rows["undefined"] = rows["undefined"].mask(gone, "no he in the test set")
    rows.loc[gone, ["log_tpr_ratio", "prevalence_she"]] = np.nan
    rows.loc[rows["occupation"] == OCCUPATIONS[1], ["log_tpr_ratio"]] = np.nan
    rows.loc[rows["occupation"] == OCCUPATIONS[2], ["prevalence_she"]] = np.nan
    rows.loc[rows.index[rows["occupation"] == OCCUPATIONS[3]][:2], ["pronoun_ranking"]] = np.nan
    (found, *_) = fit(TABLE_3, rows, "log_tpr_ratio")
    assert found.undefined == {
        "no he in the test set": 5,
        "no such rate, or a rate of zero under the ratio or its logarithm": 5,
        "the occupation is not in the training part": 5,
        "no pronoun_ranking": 2,
    }
    assert found.absent == tuple(sorted(OCCUPATIONS[:3]))


@pytest.mark.parametrize("column", ["prevalence_she", "log_tpr_ratio"])
def test_a_column_that_was_never_measured_is_a_reason_and_no_crash(column):
    (found, *_) = fit(TABLE_3, unmodified().drop(columns=column), "log_tpr_ratio")
    assert column in found.result
    assert found.undefined == {f"{column} was not measured": 140}
    assert found.absent == ()
    assert found.rows.empty


def test_a_column_that_cannot_be_fitted_gives_the_reason():
    reasons = [
        each.result for each in fit(TABLE_3, unmodified(log_tpr_ratio=np.nan), "log_tpr_ratio")
    ]
    assert all(isinstance(reason, str) and reason for reason in reasons)


# Rows


@pytest.mark.parametrize("hc3", HC3_KINDS)
def test_the_chosen_standard_errors_stand_beside_all_three(fitted, hc3):
    table = coefficient_table([fitted["Noise added"]], hc3)
    assert (table["column"] == "Noise added").all()
    assert (table["table"] == 3).all()
    assert (table["number"] == 4).all()
    assert table["standard_error"].tolist() == table[f"standard_error_{hc3}"].tolist()
    assert table["p_value"].tolist() == table[f"p_value_{hc3}"].tolist()
    assert table["p_value_item_clustered"].notna().all()
    assert (table["hc3"] == hc3).all()
    # 3 trials of each noise and the unmodified model.
    assert (table["models"] == 7).all()
    assert (table["effects"] == 7).all()
    assert (table["fixed_effects"] == "model").all()
    assert (table["observations"] + table["undefined"] == 7 * 140).all()
    assert (
        table["observations"] - table["effects"] - table["slopes"] == table["residual_df"]
    ).all()
    assert (table["reason"] == "").all()
    assert table["undefined_reason"].str.fullmatch(r"\d+ rows: no she in the test set").all()


def test_plain_least_squares_have_no_fixed_effects(fitted):
    table = coefficient_table([fitted["Pre-trained"]], "lsdv")
    assert (table["fixed_effects"] == "none").all()
    assert table["term"].tolist()[-1] == "constant"


def test_a_column_without_a_fit_has_its_regressors_and_its_reason(fitted):
    rows = coefficient_rows(fitted["Balanced"], "lsdv")
    assert [row["term"] for row in rows] == ["pronoun_ranking", "prevalence_she"]
    assert {row["reason"] for row in rows} == {"no such model in this study"}
    assert all("coefficient" not in row for row in rows)


@pytest.mark.parametrize("names", [["Balanced"], ["Pre-trained"], ["Balanced", "Pre-trained"], []])
def test_the_columns_of_the_table_are_fixed(fitted, names):
    table = coefficient_table([fitted[name] for name in names], "lsdv")
    assert table.columns.tolist() == list(COEFFICIENT_COLUMNS)
    for name in names:
        for row in coefficient_rows(fitted[name], "lsdv"):
            assert set(row) <= set(COEFFICIENT_COLUMNS)
