"""Every column of Tables 3 to 8 on the paper's whole grid: its size, and its numbers made twice.

Once by linearmodels' PanelOLS, once by statsmodels' least squares with every dummy written out.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS

from bias_transfer.analysis.regression import HC3_KINDS
from bias_transfer.analysis.tables import fit, rows_of
from bias_transfer.paper.printed import printed_columns, printed_estimates
from bias_transfer.paper.tables import TABLES
from tests.unit import paper_grid
from tests.unit.paper_grid import TASKS

PAPER = printed_columns().set_index(["table", "number"]).drop(columns="f_stars")
BY_NUMBER = {table.number: (task, table) for task in TABLES for table in TABLES[task]}
KEYS = [
    (number, n) for number in range(3, 9) for n in range(1, len(BY_NUMBER[number][1].columns) + 1)
]
# With five terms undefined the paper still has 50 rows a model here: it must have filled them in.
FILLED_BY_THE_PAPER = {(7, 2), (7, 3), *((8, number) for number in range(1, 6))}
# The paper prints a residual standard error below its plain least squares only.
PANELS = [key for key in KEYS if not PAPER.loc[key, "residual_standard_error"]]


def by_key(keys):
    return pytest.mark.parametrize("key", keys, ids=lambda key: f"table{key[0]}-{key[1]}")


every_column = by_key(KEYS)


@cache
def observations(task):
    return {"bios": paper_grid.bios, "wiki": paper_grid.wiki}[task]()


@cache
def fitted():
    """Fit every column once, by table and number."""
    return {
        (number, column.number): column
        for number, (task, table) in BY_NUMBER.items()
        for column in fit(TASKS[task], table, observations(task))
    }


def rows_used(key):
    """Return the defined rows of a column, by hand."""
    task, table = BY_NUMBER[key[0]]
    rows = rows_of(TASKS[task], table.columns[key[1] - 1], observations(task))
    wanted = fitted()[key].specification
    return rows.dropna(subset=[wanted.outcome, *wanted.regressors])


def slopes_design(key):
    """Write the regressors and the template dummies out, column by column."""
    rows, wanted = rows_used(key), fitted()[key].specification
    columns = {name: rows[name] for name in wanted.regressors}
    columns |= {f"template[{t}]": rows["template"] == t for t in wanted.templates[1:]}
    return pd.DataFrame(columns).astype(float)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


# Which models, and what explains what


def models_of(number):
    """Count the models of each column on the paper's grid, by kind."""
    task, table = BY_NUMBER[number]
    grid = paper_grid.models(task)
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
    for _, table in BY_NUMBER.values():
        assert len({column.name for column in table.columns}) == len(table.columns)


@pytest.mark.parametrize(
    ("key", "outcome", "templates", "effects"),
    [
        ((3, 2), "log_tpr_ratio", True, "model"),
        ((4, 5), "fpr", True, "model"),
        ((5, 2), "log_tpr_ratio", True, "model"),
        ((5, 4), "log_tpr_ratio", False, "template"),
        ((5, 5), "pronoun_ranking_after", False, "template"),
        ((6, 6), "negative_sentiment_after", False, "template"),
        ((7, 1), "fpr", False, "model"),
        ((8, 2), "fpr", False, "model"),
    ],
)
def test_what_explains_what(key, outcome, templates, effects):
    column = fitted()[key]
    wanted = column.specification
    assert wanted.outcome == outcome
    assert wanted.templates == (column.task.templates if templates else ())
    assert wanted.effects == effects
    assert wanted.name == f"Table {key[0]}, {column.name}"


# What the paper prints


def test_there_are_as_many_columns_as_the_paper_prints():
    assert list(PAPER.index) == KEYS
    assert len(KEYS) == 30


@every_column
def test_the_regressors_are_the_terms_that_the_paper_prints(key):
    printed = printed_estimates().query("table == @key[0] and number == @key[1]")["term"]
    found = fitted()[key].result.coefficients["term"]
    assert [term for term in found if not term.startswith("template[")] == printed.tolist()


@every_column
def test_the_slopes_are_as_many_as_the_papers_f_has(key):
    column = fitted()[key]
    templates = len(column.task.templates) - 1 if column.specification.templates else 0
    slopes = len(column.specification.regressors) + templates
    assert slopes == int(PAPER.loc[key, "f_slopes"]) == slopes_design(key).shape[1]


@every_column
def test_the_rows_are_as_many_as_the_paper_has(key):
    column, paper = fitted()[key], PAPER.loc[key]
    if key in FILLED_BY_THE_PAPER:
        left_out = sum(column.undefined.values())
        assert left_out == column.result.undefined > 0
        assert column.result.observations + left_out == int(paper["observations"])
    else:
        assert column.result.observations == int(paper["observations"])
        assert column.result.residual_df == int(paper["residual_df"])


@pytest.mark.parametrize(
    ("table", "rows", "df", "models"),
    [
        (
            3,
            [140, 1820, 1400, 2940, 1400, 6020],
            [133, 1801, 1384, 2913, 1384, 5971],
            [1, 13, 10, 21, 10, 43],
        ),
        (
            4,
            [315, 6615, 3150, 5901, 12516],
            [305, 6585, 3131, 5873, 12467],
            [1, 21, 10, 19, 40],
        ),
        (5, [140] * 5, [134, 133, 134, 133, 132], [1] * 5),
        (6, [350, 315, 315, 350, 315, 315], [342, 306, 304, 342, 305, 305], [1] * 6),
        # Without the five terms, and in columns 4 and 5 the twelve and the data set without any.
        (7, [50, 45, 45], [48, 42, 41], [1] * 3),
        (8, [45, 945, 450, 843, 2631], [42, 921, 438, 821, 2569], [1, 21, 10, 19, 59]),
    ],
)
def test_each_table_has_these_sizes(table, rows, df, models):
    found = [column.result for key, column in fitted().items() if key[0] == table]
    assert [each.observations for each in found] == rows
    assert [each.residual_df for each in found] == df
    assert [each.models for each in found] == models


@pytest.mark.parametrize(
    ("key", "reasons", "absent"),
    [
        ((3, 6), {}, 0),
        ((4, 1), {"no training comment mentions the term": 35}, 5),
        # 20 models of 350 rows: 19 x 35 + 84, and all 350 of the one that nothing is left of.
        ((4, 4), {"no training comment mentions the term": 35 * 19 + 84 + 350}, 5),
        ((6, 1), {}, 0),
        ((7, 1), {}, 0),
        ((8, 4), {"no training comment mentions the term": 5 * 19 + 12 + 50}, 5),
    ],
)
def test_rows_left_out_are_counted_by_reason_and_items_named(key, reasons, absent):
    column = fitted()[key]
    assert column.undefined == reasons
    assert column.absent == (tuple(sorted(paper_grid.UNSEEN)) if absent else ())


# The same numbers, made otherwise


@by_key(PANELS)
def test_it_is_linearmodels_panel_ols(key):
    found, wanted = fitted()[key].result, fitted()[key].specification
    rows, design = rows_used(key), slopes_design(key)
    # PanelOLS wants rows told apart by one number within an effect.
    index = [rows[wanted.effects], rows.groupby(wanted.effects).cumcount().rename("row")]
    model = PanelOLS(
        rows[wanted.outcome].set_axis(pd.MultiIndex.from_arrays(index)),
        design.set_axis(pd.MultiIndex.from_arrays(index)),
        entity_effects=True,
    ).fit()
    close(found.coefficients["coefficient"], model.params)
    assert list(found.coefficients["term"]) == list(model.params.index)
    assert (found.observations, found.residual_df) == (model.nobs, model.df_resid)
    close(found.r_squared, model.rsquared_within)
    close(found.f_statistic, model.f_statistic.stat)
    close(found.f_p_value, model.f_statistic.pval)
    assert (model.f_statistic.df, model.f_statistic.df_denom) == (
        design.shape[1],
        found.residual_df,
    )
    close(
        found.adjusted_r_squared,
        1 - (1 - model.rsquared_within) * (model.nobs - 1) / model.df_resid,
    )


@every_column
def test_it_is_least_squares_with_a_dummy_an_effect(key):
    found, wanted = fitted()[key].result, fitted()[key].specification
    rows, design = rows_used(key), slopes_design(key)
    dummies = pd.get_dummies(rows[wanted.effects]).astype(float)
    model = sm.OLS(rows[wanted.outcome], pd.concat([design, dummies], axis=1)).fit()
    restricted = sm.OLS(rows[wanted.outcome], dummies).fit()
    hc3 = model.get_robustcov_results("HC3", use_t=True)
    terms = len(found.coefficients)
    # The only dummy of a single effect is the constant.
    assert terms == design.shape[1] + (1 if dummies.shape[1] == 1 else 0)

    close(found.coefficients["coefficient"], model.params.iloc[:terms])
    close(found.coefficients["standard_error_lsdv"], hc3.bse[:terms])
    close(found.coefficients["p_value_lsdv"], hc3.pvalues[:terms])
    assert (found.observations, found.residual_df) == (model.nobs, model.df_resid)
    close(found.residual_standard_error, np.sqrt(model.scale))
    f_statistic, f_p_value, slopes = model.compare_f_test(restricted)
    close(found.f_statistic, f_statistic)
    close(found.f_p_value, f_p_value)
    assert slopes == design.shape[1]
    r_squared = 1 - model.ssr / restricted.ssr
    close(found.r_squared, r_squared)
    close(found.adjusted_r_squared, 1 - (1 - r_squared) * (model.nobs - 1) / model.df_resid)


@every_column
def test_what_the_paper_calls_a_panel_has_several_effects(key):
    assert (fitted()[key].result.effects > 1) == (key in PANELS)


@every_column
def test_errors_exist_by_every_meaning_of_hc3_but_the_clustered_one_of_a_single_effect(key):
    column = fitted()[key]
    errors = column.result.coefficients[[f"standard_error_{kind}" for kind in HC3_KINDS]]
    exist = (errors > 0).all()
    assert exist["standard_error_lsdv"]
    assert exist["standard_error_within"]
    assert exist["standard_error_arellano"] == (column.result.effects > 1)
