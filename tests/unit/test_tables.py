"""Regressions of any task: which models make up a column, and how a fit is laid out as rows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from bias_transfer.analysis.means import unmodified
from bias_transfer.analysis.regression import HC3_KINDS
from bias_transfer.analysis.tables import (
    COEFFICIENT_COLUMNS,
    Column,
    Table,
    coefficient_rows,
    coefficient_table,
    fit,
    regression_table,
    rows_of,
    specification,
)
from tests.unit import paper_grid
from tests.unit.paper_grid import BIOS, NOISE, OCCUPATIONS, RANDOM, WIKI, quantity

TABLE = regression_table(BIOS)
COLUMNS = {column.name: column for column in TABLE.columns}


def columns_of(task):
    return {column.name: column for column in regression_table(task).columns}


def models_of(task):
    """Count the models of each column on the paper's grid, by kind."""
    grid = paper_grid.models(task.name)
    return {
        name: grid.loc[column.selects(grid), ["upstream_kind", "dataset_kind"]]
        .agg("+".join, axis=1)
        .value_counts()
        .to_dict()
        for name, column in columns_of(task).items()
    }


UNMODIFIED = {"pretrained+original": 1}
NOISED = {"uniform+original": 10, "gaussian+original": 10}


# Which models, and what explains what


def test_a_group_of_interventions_is_a_column_and_all_that_stays_pretrained_the_last():
    mitigated, balanced = {"sentdebias+original": 12}, {"pretrained+balance": 10}
    found = models_of(BIOS)
    assert list(found) == [
        *("Pre-trained", "Random", "Noise added", "Mitigated", "Balanced", "All pre-trained"),
    ]
    assert found == {
        "Pre-trained": UNMODIFIED,
        "Random": {"random+original": 10},
        "Noise added": UNMODIFIED | NOISED,
        "Mitigated": UNMODIFIED | mitigated,
        "Balanced": balanced,
        "All pre-trained": UNMODIFIED | NOISED | mitigated | balanced,
    }


def test_altered_data_on_altered_checkpoints_are_in_no_group_of_either():
    scrubbed = {"pretrained+scrub-toxic": 10, "pretrained+scrub-all": 10}
    found = models_of(WIKI)
    assert found["Scrubbed"] == scrubbed
    assert found["Random"] == {"random+original": 10}
    # Random checkpoints are not pre-trained, whatever they are fine-tuned on.
    assert found["All pre-trained"] == UNMODIFIED | NOISED | scrubbed


def test_a_study_without_interventions_has_one_column():
    alone = BIOS.model_copy(update={"interventions": ()})
    assert list(columns_of(alone)) == ["Pre-trained"]


def test_every_column_has_the_principal_measure_and_every_covariate():
    assert {column.regressors for column in TABLE.columns} == {
        ("pronoun_ranking", "prevalence_she")
    }
    assert {column.regressors for column in columns_of(WIKI).values()} == {
        ("negative_sentiment", "toxic_share", "prevalence")
    }


def test_a_measure_with_templates_has_their_dummies_and_the_first_is_the_reference():
    wanted = specification(BIOS, TABLE, COLUMNS["Mitigated"])
    assert wanted.templates == BIOS.templates
    assert (wanted.outcome, wanted.item, wanted.effects) == ("log_tpr_ratio", "occupation", "model")
    assert wanted.name == "What goes with downstream bias, BIOS, Mitigated"


def test_a_measure_without_templates_has_a_row_a_model_and_item():
    ranked = WIKI.model_copy(update={"measures": WIKI.measures[1:]})
    column = columns_of(ranked)["Noise added"]
    assert specification(ranked, regression_table(ranked), column).templates == ()
    rows = rows_of(ranked, column, paper_grid.wiki())
    assert len(rows) == 21 * len(paper_grid.IDENTITY_TERMS)
    assert not rows.duplicated(["model", "identity_term"]).any()


@pytest.mark.parametrize(
    ("templates", "outcome", "expected"),
    [
        ("dummies", None, ("log_tpr_ratio", BIOS.templates, "model")),
        ("effects", None, ("log_tpr_ratio", (), "template")),
        ("averaged", None, ("log_tpr_ratio", (), "model")),
        ("effects", "pronoun_ranking_after", ("pronoun_ranking_after", (), "template")),
    ],
)
def test_what_a_column_fits(templates, outcome, expected):
    column = Column("Own", unmodified, ("pronoun_ranking",), templates, outcome)
    wanted = specification(BIOS, Table("own", "Own table", (column,), number=12), column)
    assert (wanted.outcome, wanted.templates, wanted.effects) == expected
    assert wanted.name == "Table 12, Own"


def test_a_column_is_called_what_the_task_says_then_what_the_table_says_then_its_name():
    own = Table("own", "Own", (), quantities=(quantity("length", "length", "Length of text"),))
    assert own.quantity("prevalence_she", BIOS).label == "Prevalence of she/her"
    assert own.quantity("length", BIOS).label == "Length of text"
    assert own.quantity("readability", BIOS).label == "readability"


# Fits


def grid_with_gaps():
    """Return BIOS without balanced data, three trials of each noise, some rates undefined."""
    rows = paper_grid.bios()
    rows = rows[(rows["dataset_kind"] == "original") & ~(rows["trial"].astype(float) > 3)]
    cells = rows.groupby(["model", "occupation"], sort=False).ngroup()
    gone = cells % 29 == 3
    return rows.assign(
        log_tpr_ratio=rows["log_tpr_ratio"].mask(gone),
        undefined=rows["undefined"].mask(gone, "no she in the test set"),
    )


@pytest.fixture(scope="module")
def fitted():
    return {each.name: each for each in fit(BIOS, TABLE, grid_with_gaps())}


def test_undefined_rows_are_among_the_rows_of_a_column():
    rows = rows_of(BIOS, COLUMNS["Pre-trained"], grid_with_gaps())
    assert len(rows) == len(OCCUPATIONS) * 5
    assert rows["log_tpr_ratio"].isna().any()


def test_every_column_is_there_in_order_and_one_without_models_says_so(fitted):
    assert list(fitted) == list(COLUMNS)
    assert [each.number for each in fitted.values()] == [1, 2, 3, 4, 5, 6]
    assert fitted["Balanced"].result == "no such model in this study"
    assert fitted["Balanced"].undefined == {}
    assert fitted["Balanced"].absent == ()


def test_a_column_of_one_model_is_plain_least_squares(fitted):
    rows = grid_with_gaps()
    rows = rows[unmodified(rows) & rows["log_tpr_ratio"].notna()]
    design = np.column_stack(
        [
            rows["pronoun_ranking"],
            rows["prevalence_she"],
            *[rows["template"] == name for name in BIOS.templates[1:]],
            np.ones(len(rows)),
        ]
    ).astype(float)
    expected = np.linalg.lstsq(design, rows["log_tpr_ratio"].to_numpy(), rcond=None)[0]
    found = fitted["Pre-trained"]
    assert found.result.coefficients["coefficient"].to_numpy() == pytest.approx(expected)
    pd.testing.assert_frame_equal(found.rows, rows)
    assert sum(found.undefined.values()) == found.result.undefined == 140 - len(rows)


def test_of_several_groups_each_has_an_effect_in_each_model():
    rows = grid_with_gaps()
    number = rows["occupation"].map(OCCUPATIONS.index)
    rows["label"], rows["group"] = (number // 2).astype(str), np.where(number % 2, "she", "they")
    # How much more bias one group has, before and after, is nothing that goes with it.
    more = (rows["group"] == "they") * 3.0
    rows["pronoun_ranking"] += more
    rows["log_tpr_ratio"] += more
    found = {each.name: each for each in fit(BIOS, TABLE, rows)}
    for name, effects in (("Pre-trained", 2), ("Noise added", 14)):
        used = found[name].rows
        dummies = pd.get_dummies(used["model"] + used["group"])
        templates = [used["template"] == each for each in BIOS.templates[1:]]
        design = np.column_stack(
            [used["pronoun_ranking"], used["prevalence_she"], *templates, dummies]
        )
        labels = pd.factorize(used["label"])[0]
        model = sm.OLS(used["log_tpr_ratio"], design.astype(float))
        expected = model.fit(cov_type="cluster", cov_kwds={"groups": labels})
        table = coefficient_table([found[name]], "lsdv")
        assert (table["fixed_effects"] == "model and group").all()
        assert (table["effects"] == effects).all()
        assert table["coefficient"].to_numpy() == pytest.approx(expected.params[:6], rel=1e-8)
        errors = table["standard_error_item_clustered"].to_numpy()
        assert errors == pytest.approx(expected.bse[:6], rel=1e-8)


def one_model(**changes):
    rows = paper_grid.bios()
    return rows[unmodified(rows)].reset_index(drop=True).assign(**changes)


def first_of(rows, task=BIOS):
    return next(fit(task, regression_table(task), rows))


def test_each_row_left_out_is_counted_once_by_the_first_thing_that_it_lacks():
    rows = one_model()
    gone = rows["occupation"] == OCCUPATIONS[0]
    rows["undefined"] = rows["undefined"].mask(gone, "no he in the test set")
    rows.loc[gone, ["log_tpr_ratio", "prevalence_she"]] = np.nan
    rows.loc[rows["occupation"] == OCCUPATIONS[1], ["log_tpr_ratio"]] = np.nan
    rows.loc[rows["occupation"] == OCCUPATIONS[2], ["prevalence_she"]] = np.nan
    rows.loc[rows.index[rows["occupation"] == OCCUPATIONS[3]][:2], ["pronoun_ranking"]] = np.nan
    found = first_of(rows)
    assert found.undefined == {
        "no he in the test set": 5,
        "no such rate, or a rate of zero under the ratio or its logarithm": 5,
        "the occupation is not in the training part": 5,
        "no pronoun_ranking": 2,
    }
    assert found.absent == tuple(sorted(OCCUPATIONS[:3]))


def test_why_an_outcome_is_missing_its_quantity_may_say_where_the_rates_do_not():
    told = BIOS.outcome.model_copy(update={"missing": "no one recognised"})
    rows = one_model()
    rows.loc[rows["occupation"] == OCCUPATIONS[0], "log_tpr_ratio"] = np.nan
    task = BIOS.model_copy(update={"outcome": told})
    assert first_of(rows, task).undefined == {"no one recognised": 5}


@pytest.mark.parametrize("column", ["prevalence_she", "log_tpr_ratio"])
def test_a_column_that_was_never_measured_is_a_reason_and_no_crash(column):
    found = first_of(one_model().drop(columns=column))
    assert column in found.result
    assert found.undefined == {f"{column} was not measured": 140}
    assert found.absent == ()
    assert found.rows.empty


def test_a_column_that_cannot_be_fitted_gives_the_reason():
    reasons = [each.result for each in fit(BIOS, TABLE, one_model(log_tpr_ratio=np.nan))]
    assert all(isinstance(reason, str) and reason for reason in reasons)


# Rows


@pytest.mark.parametrize("hc3", HC3_KINDS)
def test_the_chosen_standard_errors_stand_beside_all_three(fitted, hc3):
    table = coefficient_table([fitted["Noise added"]], hc3)
    assert (table["column"] == "Noise added").all()
    assert (table["table"] == "regressions-bios").all()
    assert (table["task"] == "bios").all()
    assert (table["number"] == 3).all()
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


def test_a_regressors_spread_is_that_over_the_rows_of_the_fit(fitted):
    column = fitted["Noise added"]
    table = coefficient_table([column], "lsdv").set_index("term")["covariate_sd"]
    for name in ("pronoun_ranking", "prevalence_she"):
        assert table[name] == np.std(column.rows[name], ddof=1)
    assert table.drop(["pronoun_ranking", "prevalence_she"]).isna().all()


def test_a_table_with_a_number_is_told_by_it():
    table = Table("table3", "Third", TABLE.columns, number=3)
    assert set(coefficient_table(fit(BIOS, table, one_model()), "lsdv")["table"]) == {3}


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


# What cannot be judged


def test_the_clustered_errors_of_one_model_are_a_reason_and_no_silent_other_error(fitted):
    column = fitted["Pre-trained"]
    (reason,) = set(coefficient_table([column], "arellano")["reason"])
    assert reason == "arellano sums over fixed effects, and there is only one"
    assert coefficient_table([column], "arellano")["standard_error"].isna().all()
    for other in ("lsdv", "within"):
        assert set(coefficient_table([column], other)["reason"]) == {""}


@pytest.mark.parametrize("hc3", HC3_KINDS)
def test_an_exact_fit_and_a_constant_outcome_are_reasons(hc3):
    rows = one_model()
    exact = rows.assign(log_tpr_ratio=0.3 - 0.2 * rows["prevalence_she"])
    for changed, reason in (
        (exact, "the fit is exact, so that nothing is left to judge it by"),
        (rows.assign(log_tpr_ratio=0.5), "the outcome never varies"),
    ):
        table = coefficient_table([first_of(changed)], hc3)
        assert set(table["reason"]) == {reason}
        numbers = table.filter(regex="standard_error|p_value|f_statistic|breusch")
        assert numbers.drop(columns="residual_standard_error").isna().all(axis=None)
        assert (table["residual_standard_error"] == 0).all()


def test_a_method_added_by_a_plug_in_is_a_column_of_its_group():
    added = RANDOM.model_copy(
        update={"kind": "pruned", "group": "Pruned", "pretrained": True, "with_unmodified": True}
    )
    joined = RANDOM.model_copy(update={"kind": "salt", **NOISE, "pretrained": True})
    task = BIOS.model_copy(update={"interventions": (*BIOS.interventions, added, joined)})
    rows = pd.DataFrame(
        {
            "upstream_kind": ["pretrained", "pruned", "salt", "random"],
            "dataset_kind": "original",
        }
    )
    selected = {name: column.selects(rows).tolist() for name, column in columns_of(task).items()}
    assert selected["Pruned"] == [True, True, False, False]
    assert selected["Noise added"] == [True, False, True, False]
    assert selected["All pre-trained"] == [True, True, True, False]
