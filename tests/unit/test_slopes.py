"""Both slopes are found again, with the errors that other tools give, or it is said why not."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, cells
from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.reliability import cronbach_alpha
from bias_transfer.analysis.resampling import multi_bootstrap
from bias_transfer.analysis.slopes import (
    SLOPE_COLUMNS,
    UNMOVED,
    design,
    slopes,
    template_reliability,
)
from tests.unit.transfer_data import ITEMS, TASK, observed, performance

ONE_MODEL = "model == 'pretrained/original/full/seed1'"
ORIGINAL, ALTERED = "dataset == 'original'", "upstream == 'pretrained'"


def made(table, task=TASK):
    return cells(table, performance(table), task, "full", 10)


def found(table, task=TASK):
    return slopes(made(table, task), seed=1).set_index(["effects", "source"])


def dummies(codes):
    return np.eye(codes.max() + 1)[codes]


# What is estimated


@pytest.mark.parametrize("within", [-0.3, 0.0, 0.8])
def test_the_slopes_within_items_are_what_interventions_do(within):
    rows = found(observed(within=within, data=0.7, noise=1e-4)).loc["within"]
    assert rows["slope"].to_dict() == pytest.approx({"model": within, "data": 0.7}, abs=1e-3)


def test_the_slopes_between_items_are_what_goes_together():
    table = observed(between=0.5, data=0.7, noise=1e-4).query(ORIGINAL).query(ALTERED)
    rows = found(table).loc["between"]
    assert rows["slope"].to_dict() == pytest.approx({"model": 0.5, "data": 0.7}, abs=1e-3)


def test_the_scale_is_that_of_the_unmodified_models_items():
    table = observed()
    rows, control = found(table), made(table).of_unmodified
    scale = control[UPSTREAM].std() / control[OUTCOME].std()
    for effects in ("within", "between"):
        row = rows.loc[(effects, "model")]
        assert row["scale"] == pytest.approx(scale)
        assert row["standardised"] == pytest.approx(row["slope"] * scale)


def test_it_says_of_how_many_it_is():
    row = found(observed()).loc[("within", "model")]
    assert (row["models"], row["items"], row["observations"], row["clusters"]) == (10, 12, 120, 12)


def test_the_columns_stand_in_their_order():
    assert list(slopes(made(observed()), seed=1)) == list(SLOPE_COLUMNS[2:])


# Errors


@pytest.mark.parametrize("effects", ["within", "between"])
def test_cr1_is_that_of_statsmodels(effects):
    table = observed(noise=0.3)
    of = made(table)
    item, model = of.codes("item"), of.codes("model")
    columns = of.columns([UPSTREAM, *of.covariates])
    fixed = [dummies(model), *([dummies(item)[:, 1:]] if effects == "within" else [])]
    fitted = sm.OLS(of.columns([OUTCOME])[:, 0], np.hstack([columns, *fixed])).fit(
        cov_type="cluster", cov_kwds={"groups": item}
    )
    row = found(table).loc[(effects, "model")]
    # statsmodels counts the items' dummies, which are nested in the clusters, among the parameters.
    nested = len(ITEMS) - 1 if effects == "within" else 0
    factor = (fitted.df_resid / (fitted.df_resid + nested)) ** 0.5
    assert row["slope"] == pytest.approx(fitted.params[0])
    assert row["standard_error_cr1"] == pytest.approx(row["scale"] * fitted.bse[0] * factor)


def test_the_interval_is_cr3_with_t_of_the_items_less_one():
    table = observed(noise=0.3)
    of = design(made(table), "within")
    row = found(table).loc[("within", "model")]
    error = (
        row["scale"] * clustered(of.outcome, of.columns, of.effects, of.cluster).cr3[0, 0] ** 0.5
    )
    assert row["standard_error"] == pytest.approx(error)
    # The 97.5 % quantile of t with 11 degrees of freedom.
    assert row["high"] - row["standardised"] == pytest.approx(2.200985 * error)
    assert row["standardised"] - row["low"] == pytest.approx(2.200985 * error)
    # And the 80 % quantile.
    assert row["smallest_detectable"] == pytest.approx((2.200985 + 0.8755300) * error)
    # Of t with 11 degrees of freedom, 11 / (11 + t²) is beta distributed.
    t = row["standardised"] / error
    assert row["p_value"] == pytest.approx(special.betainc(11 / 2, 1 / 2, 11 / (11 + t**2)))


def test_with_one_seed_the_bootstrap_over_items_roughly_agrees():
    items = tuple(f"item {number}" for number in range(60))
    row = found(observed(noise=0.5, seeds=(1,), items=items)).loc[("within", "model")]
    width = (row["bootstrap_high"] - row["bootstrap_low"]) / (row["high"] - row["low"])
    assert 0.7 < width < 1.2


def test_the_bootstrap_is_the_whole_fits_of_the_rows_that_are_drawn():
    rng = np.random.default_rng(1)
    table = alone(*(rng.normal(size=(2, 12)) + np.linspace(-2, 2, 12)))
    of, row = made(table), found(table).loc[("between", "model")]
    x, y = of.columns([UPSTREAM, OUTCOME]).T
    once = np.ones(12, dtype=bool)
    slope, corrected = [], []
    for counts in multi_bootstrap(of.codes("item"), of.codes("seed"), once, 999, 1):
        rows = np.repeat(np.arange(12), counts.astype(int))
        slope.append(row["scale"] * np.polyfit(x[rows], y[rows], 1)[0])
        corrected.append(slope[-1] / cronbach_alpha(of.templates.to_numpy()[rows]))
    ends = np.quantile([slope, corrected], [0.025, 0.975], axis=1)
    np.testing.assert_allclose(row[["bootstrap_low", "bootstrap_high"]].astype(float), ends[:, 0])
    np.testing.assert_allclose(row[["corrected_low", "corrected_high"]].astype(float), ends[:, 1])


def test_the_bootstrap_draws_seeds_of_variants_that_were_trained_with_all_of_them():
    # By one seed the dial moves nothing, by the other everything: half of the draws take one twice.
    same = {"between": 0.0, "noise": 1e-4, "adaptations": ("full",)}
    table = pd.concat(
        [observed(within=effect, seeds=(seed,), **same) for seed, effect in ((1, 0.0), (2, 1.0))],
        ignore_index=True,
    )
    row = found(table).loc[("within", "model")]
    assert row["slope"] == pytest.approx(0.5, abs=1e-3)
    ends = row[["bootstrap_low", "bootstrap_high"]].astype(float) / row["scale"]
    np.testing.assert_allclose(ends, [0, 1], atol=1e-3)
    without = (table["seed"] == 1) | (table["upstream_kind"] != "counterfactual")
    row = found(table[without]).loc[("within", "model")]
    ends = row[["bootstrap_low", "bootstrap_high"]].astype(float) / row["scale"]
    np.testing.assert_allclose(ends, [0, 0], atol=1e-3)


def test_of_few_items_some_draw_does_not_tell_the_sources_apart_and_there_are_no_percentiles():
    # One draw of fifty takes two of the six items only: two points for two slopes and a constant.
    table = observed(noise=0.1, items=ITEMS[:6]).query(ORIGINAL).query(ALTERED)
    row = found(table).loc[("between", "model")]
    assert row[["low", "high"]].notna().all()
    assert row[["bootstrap_low", "bootstrap_high"]].isna().all()


def test_in_standard_deviations_no_number_is_a_matter_of_units():
    table = observed(within=0.5, noise=0.3)
    other = table.assign(
        pronoun_ranking=1e-3 * table["pronoun_ranking"],
        prevalence_she=1e6 * table["prevalence_she"],
        log_tpr_ratio=10 * table["log_tpr_ratio"],
    )
    one, same = (found(each).drop(columns=["slope", "scale"]) for each in (table, other))
    pd.testing.assert_frame_equal(one, same, rtol=1e-6)


def test_the_wild_bootstrap_finds_an_effect_and_no_other():
    table = observed(within=1.0, data=0.0, noise=0.3)
    rows = found(table).loc["within"]
    assert rows.loc["model", "p_value_wild_bootstrap"] < 0.01
    assert rows.loc["data", "p_value_wild_bootstrap"] > 0.05


def test_items_of_one_label_are_one_cluster():
    table = observed(noise=0.3)
    labels = dict(zip(ITEMS, np.repeat(["a", "b", "c", "d", "e", "f"], 2), strict=True))
    table["label"] = table["occupation"].map(labels)
    row = found(table).loc[("within", "model")]
    assert (row["items"], row["clusters"]) == (12, 6)


def only(table, items):
    """Return observations of which altered models have an outcome for some items only."""
    unmodified = table.eval("upstream == 'pretrained' and dataset == 'original'")
    known = unmodified | table["occupation"].isin(items)
    return table.assign(log_tpr_ratio=table["log_tpr_ratio"].where(known))


def test_an_item_that_only_the_unmodified_model_has_tells_nothing_of_an_effect():
    rows = found(only(observed(within=0.5, noise=0.05), ITEMS[:7])).loc["within"]
    assert set(rows["clusters"]) == {7}
    row = rows.loc["model"]
    # t of six degrees of freedom, from a printed table.
    assert row["high"] - row["standardised"] == pytest.approx(2.4469 * row["standard_error"], 1e-4)


@pytest.mark.parametrize(("unit", "zero"), [(1, 0), (1, -10), (1e6, 0)])
def test_an_item_tells_of_a_source_under_an_intervention_that_moves_that_source(unit, zero):
    table = observed(within=0.5, noise=0.05, seeds=(1, 2, 3))
    table["pronoun_ranking"] = zero + unit * table["pronoun_ranking"]
    dial = table["upstream_kind"] == "counterfactual"
    known = ~dial | table["occupation"].isin(ITEMS[:7])
    rows = found(table.assign(log_tpr_ratio=table["log_tpr_ratio"].where(known))).loc["within"]
    assert rows["clusters"].to_dict() == {"model": 7, "data": 12}


def test_an_item_that_is_seen_once_tells_nothing_of_an_effect():
    table = observed(within=0.5, noise=0.05)
    once = (table["occupation"] == ITEMS[0]) & (table["upstream"] != "counterfactual-s1")
    rows = found(table.assign(log_tpr_ratio=table["log_tpr_ratio"].mask(once)))
    assert rows.loc[("within", "model"), ["items", "clusters"]].to_list() == [12, 11]


def test_an_effect_is_not_estimated_of_fewer_than_six_items_however_many_the_study_has():
    rows = found(only(observed(within=0.5), ITEMS[:5])).loc["within"]
    assert set(rows["reason"]) == {
        "the models have every number for 5 items with and without an intervention that moves it, "
        "and 6 are needed"
    }


def test_an_item_that_an_intervention_leaves_as_it_is_is_what_others_are_compared_with():
    table = observed(within=0.5, data=0.0, noise=0.05)
    still = table["occupation"].isin(ITEMS[:3])
    table.loc[still, "pronoun_ranking"] = table.loc[still, "occupation"].map(
        dict(zip(ITEMS, range(12), strict=True))
    )
    assert found(table).loc[("within", "model"), "clusters"] == 12


def grouped(table):
    """Return observations in which each of six labels is compared in two groups."""
    number = table["occupation"].str.split().str[1].astype(int)
    groups = np.where(number % 2 == 0, "women", "others")
    return table.assign(label=((number - 1) // 2).astype(str), group=groups)


def test_what_moves_all_items_of_a_group_alike_moves_none():
    table = grouped(observed())
    own = table.query(ONE_MODEL).set_index(["occupation", "template"])["pronoun_ranking"]
    before = pd.MultiIndex.from_frame(table[["occupation", "template"]]).map(own).to_numpy()
    shift = table["upstream_strength"].fillna(0) * np.where(table["group"] == "women", 1.0, -0.5)
    rows = found(table.assign(pronoun_ranking=before + shift)).loc["within"]
    assert rows.loc["model", "reason"] == UNMOVED


def test_of_several_groups_slopes_and_scale_are_inside_each():
    table = grouped(observed(within=0.5, noise=1e-4))
    women = table["group"] == "women"
    shifted = table.assign(
        pronoun_ranking=table["pronoun_ranking"] + 5.0 * women,
        log_tpr_ratio=table["log_tpr_ratio"] - 9.0 * women,
    )
    columns = ["slope", "scale", "standardised", "low", "high"]
    for effects in ("within", "between"):
        plain, moved = (found(each).loc[effects, columns] for each in (table, shifted))
        np.testing.assert_allclose(plain, moved, rtol=1e-6)


def test_what_differs_between_groups_alone_is_the_same_for_all_items():
    table = grouped(observed())
    alike = table.assign(log_tpr_ratio=np.where(table["group"] == "women", 0.5, -0.5))
    assert set(found(alike)["reason"]) == {
        "downstream bias is the same for all items of the unmodified model in each group"
    }


def test_labels_and_not_their_items_are_counted():
    table = grouped(observed(items=ITEMS[:10]))
    assert set(found(table)["reason"]) == {
        "the unmodified model has every number for 10 items of 5 labels, and 6 are needed"
    }


def test_an_effect_of_models_that_failed_is_not_asked_of_the_others():
    table = observed(within=0.5)
    dial = table.loc[table["upstream_kind"] == "counterfactual", "model"].unique()
    of = cells(table, performance(table, dial), TASK, "full", 10)
    rows = slopes(of, seed=1).set_index(["effects", "source"]).loc["within"]
    assert rows["reason"].to_dict() == {
        "model": "the models in which it was moved did not learn the task",
        "data": "",
    }


def test_equal_seeds_give_equal_tables():
    of = made(observed(noise=0.3))
    pd.testing.assert_frame_equal(slopes(of, seed=3), slopes(of, seed=3))


# What is moved


def test_all_that_an_intervention_moves_is_in_the_regression_within_items():
    assert design(made(observed()), "within").terms == (UPSTREAM, "prevalence_she")


@pytest.mark.parametrize("unit", [1, 1e6])
@pytest.mark.parametrize(
    ("kept", "unmoved", "moved"), [(ORIGINAL, "data", "model"), (ALTERED, "model", "data")]
)
def test_what_no_intervention_moves_has_no_slope_within_items(kept, unmoved, moved, unit):
    table = observed(noise=0.1).query(kept)
    table[["pronoun_ranking", "prevalence_she"]] *= unit
    rows = found(table)["reason"]
    assert rows[("within", unmoved)] == UNMOVED
    assert rows[("within", moved)] == rows[("between", unmoved)] == ""


def test_what_moves_all_items_alike_moves_none():
    table = observed(noise=0.1).query(ORIGINAL).query(ALTERED)
    shifted = table.assign(
        model=table["model"].str.replace("pretrained", "noise"),
        upstream="noise",
        upstream_kind="counterfactual",
        pronoun_ranking=table["pronoun_ranking"] + 1,
    )
    rows = found(pd.concat([table, shifted], ignore_index=True))["reason"]
    assert rows[("within", "model")] == UNMOVED


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_of_the_unmodified_model_alone_only_the_slopes_between_items_are_told(seeds):
    rows = found(observed(noise=0.1, seeds=seeds).query(ORIGINAL).query(ALTERED))
    assert (rows.loc["within", "reason"] == UNMOVED).all()
    assert rows.loc["between", "low"].notna().all()
    # There is but one checkpoint.
    assert rows["standard_error_two_way"].isna().all()


# Why not


def test_items_of_too_few_test_rows_are_told_apart_from_undefined_ones():
    few = observed()["occupation"].isin(ITEMS[:7])
    table = observed().assign(smaller_group_rows=np.where(few, 9, 10))
    rows = slopes(made(table), seed=1)
    assert set(rows["reason"]) == {
        "the unmodified model has every number for 5 items, 7 more of too few test rows, and 6 are "
        "needed"
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda rows: rows[rows["occupation"].isin(ITEMS[:5])],
            "the unmodified model has every number for 5 items, and 6 are needed",
        ),
        (
            lambda rows: rows[rows["upstream"] != "pretrained"],
            "the unmodified model has every number for 0 items, and 6 are needed",
        ),
        (
            lambda rows: rows.assign(prevalence_she=np.nan),
            "the unmodified model has every number for 0 items, and 6 are needed",
        ),
        (
            lambda rows: rows[rows["adaptation"] == "head"],
            "the unmodified model has every number for 0 items, and 6 are needed",
        ),
        (
            lambda rows: rows.assign(log_tpr_ratio=0.1),
            "downstream bias is the same for all items of the unmodified model",
        ),
        (
            lambda rows: rows.assign(prevalence_she=2 * rows["pronoun_ranking"] + 1),
            "the model's bias and the data's go together, item by item",
        ),
        (
            lambda rows: rows.assign(
                log_tpr_ratio=rows.groupby(["model", "occupation"])["pronoun_ranking"].transform(
                    "mean"
                )
            ),
            "the fit is exact: nothing is left to tell an error from",
        ),
    ],
)
def test_where_nothing_can_be_told_the_reason_is(change, reason):
    rows = found(change(observed()))
    assert set(rows["reason"]) == {reason}
    assert rows["standardised"].isna().all()


@pytest.mark.parametrize("same", [0.0, 0.1])
def test_a_source_that_is_the_same_for_all_items_leaves_the_other_its_slope(same):
    rows = found(observed(noise=0.1).query(ORIGINAL).assign(prevalence_she=same))
    assert set(rows.xs("data", level="source")["reason"]) == {
        "it is the same for all items of the unmodified model"
    }
    assert set(rows.xs("model", level="source")["reason"]) == {""}


def moved_in(count):
    """Return observations of the dial and of a data set that holds something else of few items."""
    table = observed(within=0.5, noise=0.1)
    rows, few = table["dataset_kind"] == "balance", table["occupation"].isin(ITEMS[:count])
    own = table.query(ONE_MODEL).drop_duplicates("occupation").set_index("occupation")
    share = table["occupation"].map(own["prevalence_she"])
    table.loc[rows, "prevalence_she"] = share.where(~few, share / 2)[rows]
    return table


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_slope_that_few_items_decide_is_not_estimated_and_the_other_is(count):
    rows = found(moved_in(count)).loc["within"]
    assert rows.loc["data", "reason"] == (
        f"it moved alike in all but {count} item{'s' * (count > 1)}, and 6 are needed"
    )
    assert rows.loc["model", "reason"] == ""
    assert rows.loc["model", "low"] < 0.5 * rows.loc["model", "scale"] < rows.loc["model", "high"]


def test_of_as_many_items_as_a_study_needs_a_slope_is_told():
    rows = found(moved_in(6)).loc["within"]
    assert set(rows["reason"]) == {""}
    assert set(rows["clusters"]) == {12}


def test_what_few_items_have_otherwise_than_most_has_no_slope_between_items():
    table = observed(noise=0.1).query(ORIGINAL)
    few = dict(zip(ITEMS[:5], (0.1, 0.2, 0.3, 0.4, 0.6), strict=True))
    rows = found(table.assign(prevalence_she=table["occupation"].map(few).fillna(0)))
    assert rows.loc[("between", "data"), "reason"] == (
        "it is the same for all but 5 items, and 6 are needed"
    )
    assert set(rows.xs("model", level="source")["reason"]) == {""}


def test_two_halves_of_the_items_tell_a_slope_between_them():
    table = observed(noise=0.1).query(ORIGINAL)
    half = table["occupation"].isin(ITEMS[:5])
    ten = table.assign(prevalence_she=half.astype(float))[table["occupation"].isin(ITEMS[:10])]
    assert found(ten).loc[("between", "data"), "reason"] == ""


def test_a_covariate_that_others_hold_already_is_left_out():
    table = observed(noise=0.1)
    table["twice"] = 2 * table["prevalence_she"]
    twice = TASK.covariates[0].model_copy(update={"column": "twice"})
    task = TASK.model_copy(update={"covariates": (*TASK.covariates, twice)})
    pd.testing.assert_frame_equal(found(table, task), found(table))


def test_an_item_that_some_models_lack_is_in_those_that_have_it():
    table = observed(noise=0.1)
    table.loc[(table["occupation"] == ITEMS[0]) & (table["seed"] == 2), "log_tpr_ratio"] = np.nan
    rows = found(table)
    assert set(rows["observations"]) == {115}
    assert rows["low"].notna().all()


# Reliability


def alone(*templates):
    """Return one model's rows, with its upstream bias by two templates."""
    rows = observed(noise=0.2, seeds=(1,), adaptations=("full",)).query(ORIGINAL).query(ALTERED)
    for name, values in zip(TASK.templates, templates, strict=True):
        rows.loc[rows["template"] == name, "pronoun_ranking"] = values
    return rows.assign(prevalence_she=0.5)


def test_reliability_over_templates_by_hand():
    # Variances of 0 to 5, and of its neighbours swapped: 3.5 each; of the sums 1, 1, 5, 5, 9, 9:
    # 12.8.
    table = alone([0, 1, 2, 3, 4, 5] * 2, [1, 0, 3, 2, 5, 4] * 2)
    of = made(table[table["occupation"].isin(ITEMS[:6])])
    assert template_reliability(of, (of.codes("model"),)) == pytest.approx(2 * (1 - 7 / 12.8))


def test_reliability_within_items_is_of_what_the_effects_leave():
    table = observed(noise=0.2)
    rng = np.random.default_rng(0)
    table["pronoun_ranking"] += rng.normal(size=len(table))
    of = made(table)
    columns = of.templates.to_numpy()
    fixed = np.hstack([dummies(of.codes("item")), dummies(of.codes("model"))])
    left = columns - fixed @ np.linalg.lstsq(fixed, columns)[0]
    expected = cronbach_alpha(left)
    assert found(table).loc[("within", "model"), "reliability"] == pytest.approx(expected)


@pytest.mark.parametrize("unit", [1, 1e6])
def test_where_nothing_changes_within_items_no_reliability_of_changes_is_known(unit):
    table = observed(noise=0.1, seeds=(1, 2, 3)).query(ALTERED)
    of = made(table.assign(pronoun_ranking=unit * table["pronoun_ranking"]))
    assert np.isnan(template_reliability(of, (of.codes("item"), of.codes("model"))))


def test_one_template_tells_nothing_of_reliability():
    rows = found(observed(noise=0.1).query("template == 'is'"))
    assert rows[["reliability", "corrected", "corrected_low"]].isna().all().all()
    assert rows["low"].notna().all()


def test_a_measure_that_repeats_over_templates_was_not_measured_twice():
    measure = TASK.before.model_copy(update={"per_template": False})
    rows = found(observed(noise=0.1), TASK.model_copy(update={"measures": (measure,)}))
    assert rows["reliability"].isna().all()


def test_a_row_without_some_template_is_left_out_of_the_reliability():
    table = observed(noise=0.1)
    gone = table["occupation"] == ITEMS[0]
    with_gap = table.copy()
    with_gap.loc[gone & (table["template"] == "is"), "pronoun_ranking"] = np.nan
    of, without = made(with_gap), made(table[~gone])
    labels = [(each.codes("item"), each.codes("model")) for each in (of, without)]
    assert len(of.table) > len(without.table)
    assert template_reliability(of, labels[0]) == pytest.approx(
        template_reliability(without, labels[1])
    )


def test_where_the_model_stands_alone_the_correction_divides_by_the_reliability():
    rng = np.random.default_rng(1)
    table = alone(*(rng.normal(size=(2, 12)) + np.linspace(-2, 2, 12)))
    row = found(table).loc[("between", "model")]
    assert 0.5 < row["reliability"] < 1
    assert row["corrected"] == pytest.approx(row["standardised"] / row["reliability"])
    assert row["corrected_low"] < row["corrected"] < row["corrected_high"]


def test_templates_that_disagree_leave_nothing_to_correct():
    up = np.arange(12.0)
    row = found(alone(up, 0.1 * up**2 - 2 * up)).loc[("between", "model")]
    assert row["reliability"] < 0
    assert np.isnan(row["corrected"])
