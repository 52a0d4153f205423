"""How bias distributions correlate, checked against R and by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from bias_transfer.analysis.correlation import (
    bias_distribution_correlations,
    correlations,
    item_correlation,
    shapiro_wilk,
    transfer,
)
from bias_transfer.errors import StudyError
from tests.unit import paper_grid

MEASURES = ("pronoun_ranking", "log_tpr_ratio")

# Made with R 4.2.2 from data(Grunfeld, package = "plm"):
#   x <- subset(Grunfeld, firm == 1)$inv; y <- subset(Grunfeld, firm == 2)$inv
#   cor.test(x, y); cor.test(x, y, method = "kendall"); shapiro.test(y)
FIRST = [317.6, 391.8, 410.6, 257.7, 330.8, 461.2, 512.0, 448.0, 499.6, 547.5]
FIRST += [561.2, 688.1, 568.9, 529.2, 555.1, 642.9, 755.9, 891.2, 1304.4, 1486.7]
SECOND = [209.9, 355.3, 469.9, 262.3, 230.4, 361.6, 472.8, 445.6, 361.6, 288.2]
SECOND += [258.7, 420.3, 420.5, 494.5, 405.1, 418.8, 588.2, 645.5, 641.0, 459.3]
R = {
    "pearson": 0.63215637275274561,
    "pearson_p": 0.00278558654452002,
    "kendall": 0.48021275336982189,
    "kendall_p": 0.00313699249908104,
    "shapiro": 0.95416417147543731,
    "shapiro_p": 0.43473776756799587,
}


def model_rows(
    upstream: list[float],
    downstream: list[float] | None = None,
    *,
    kind: str = "pretrained",
    strength: float = np.nan,
    trial: int = 0,
    dataset: str = "original",
    templates: tuple[str, ...] = ("is",),
) -> pd.DataFrame:
    """Return the rows of one model: an item a value, the same value for each template."""
    both = pd.DataFrame({"pronoun_ranking": upstream, "log_tpr_ratio": downstream or upstream})
    both["occupation"] = [f"item{i}" for i in range(len(both))]
    rows = both.merge(pd.DataFrame({"template": templates}), how="cross")
    return rows.assign(
        model=f"{kind}-{strength}-{trial}/{dataset}/full/seed1",
        upstream_kind=kind,
        upstream_strength=strength,
        dataset=dataset,
        dataset_kind="original" if dataset == "original" else "balance",
    )


def table(*models: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(models, ignore_index=True)


def correlate(observations: pd.DataFrame) -> pd.DataFrame:
    before, after = MEASURES
    return bias_distribution_correlations(observations, "occupation", [before], [after])


def upstream_row(observations: pd.DataFrame, kind: str = "random") -> pd.Series:
    rows = correlate(observations).query("measure == 'pronoun_ranking'")
    return rows[rows["upstream_kind"] == kind].squeeze()


# Under each intervention


def test_the_numbers_are_those_of_r() -> None:
    row = upstream_row(table(model_rows(FIRST), model_rows(SECOND, kind="random")))

    assert row["items"] == 20
    for name, value in R.items():
        assert row[name] == pytest.approx(value, rel=1e-8), name


def test_there_is_a_row_an_intervention_and_measure() -> None:
    result = correlate(
        table(
            model_rows(FIRST),
            model_rows(SECOND, kind="random"),
            model_rows(SECOND, kind="uniform", strength=0.1),
            model_rows(SECOND, kind="uniform", strength=0.2),
            model_rows(FIRST, SECOND, dataset="over50"),
        )
    )

    keys = result[["upstream_kind", "upstream_strength", "dataset", "measure"]]
    assert [tuple(key) for key in keys.astype(object).fillna("none").to_numpy()] == [
        (kind, strength, dataset, measure)
        for kind, strength, dataset in (
            ("pretrained", "none", "original"),
            ("random", "none", "original"),
            ("uniform", 0.1, "original"),
            ("uniform", 0.2, "original"),
            ("pretrained", "none", "over50"),
        )
        # Where only the data differ, the upstream model is the unmodified one.
        for measure in (MEASURES if dataset == "original" else MEASURES[1:])
    ]
    assert list(result.columns[:5]) == [
        "upstream_kind",
        "upstream_strength",
        "dataset_kind",
        "dataset",
        "measure",
    ]
    assert list(result.columns[5:]) == [
        "models",
        *R,
        "items",
        "groups",
        "undefined_items",
        "undefined_values",
        "reason",
    ]


def test_upstream_and_downstream_bias_are_correlated_apart() -> None:
    upstream, downstream = (
        correlate(table(model_rows(FIRST), model_rows(FIRST, SECOND, kind="random")))
        .query("upstream_kind == 'random'")
        .to_dict("records")
    )

    assert (upstream["pearson"], upstream["kendall"]) == pytest.approx((1, 1))
    assert downstream["pearson"] == pytest.approx(R["pearson"], rel=1e-8)


def test_a_data_intervention_has_no_upstream_row_but_that_of_another_checkpoint() -> None:
    result = correlate(
        table(
            model_rows(FIRST),
            model_rows(FIRST, SECOND, dataset="over50"),
            model_rows(SECOND, kind="random", dataset="over50"),
        )
    ).query("dataset == 'over50'")

    assert result[["upstream_kind", "measure"]].to_numpy().tolist() == [
        ["pretrained", "log_tpr_ratio"],
        ["random", "pronoun_ranking"],
        ["random", "log_tpr_ratio"],
    ]
    assert result["pearson"].to_numpy() == pytest.approx(R["pearson"], rel=1e-8)


def test_a_tasks_correlations_are_those_of_its_principal_measures() -> None:
    rows = paper_grid.bios()
    found, between = correlations(rows, paper_grid.BIOS), transfer(rows, paper_grid.BIOS)
    assert found.columns[0] == between.columns[0] == "task"
    assert set(found["task"]) == set(between["task"]) == {"bios"}
    expected = bias_distribution_correlations(
        rows, "occupation", ["pronoun_ranking"], ["log_tpr_ratio"]
    )
    pd.testing.assert_frame_equal(found.drop(columns="task"), expected)
    expected = item_correlation(rows, "occupation", "pronoun_ranking", "log_tpr_ratio")
    pd.testing.assert_frame_equal(between.drop(columns="task"), expected)


def test_the_unmodified_model_is_not_correlated_with_itself() -> None:
    row = upstream_row(table(model_rows(SECOND)), "pretrained")

    assert row["reason"] == "the unmodified model itself"
    assert row[["pearson", "pearson_p", "kendall", "kendall_p"]].isna().all()
    assert row["shapiro"] == pytest.approx(R["shapiro"], rel=1e-8)


def test_trials_and_seeds_are_averaged() -> None:
    away = np.linspace(-9, 9, 20)
    low, high = ((np.array(SECOND) + sign * away).tolist() for sign in (-1, 1))
    row = upstream_row(
        table(
            model_rows(FIRST),
            model_rows(low, kind="random", trial=1),
            model_rows(high, kind="random", trial=2),
        )
    )

    assert row["models"] == 2
    assert row["pearson"] == pytest.approx(R["pearson"], rel=1e-8)


def test_a_trial_counts_once_however_many_templates_it_has() -> None:
    # Mean of the trials' means: (2 + 4) / 2 = 3; over the rows it would be (2 x 3 + 4) / 4 = 2.5.
    random = table(
        model_rows([2, 0, 0, 1], kind="random", trial=1, templates=("is", "become", "good_day")),
        model_rows([4, 0, 0, 1], kind="random", trial=2),
    )
    row = upstream_row(table(model_rows([1, 2, 3, 5]), random))

    assert row["pearson"] == pytest.approx(stats.pearsonr([3, 0, 0, 1], [1, 2, 3, 5]).statistic)


def test_templates_are_averaged_within_a_model() -> None:
    first = model_rows([1, 5, 2, 8], kind="random")
    second = model_rows([3, 1, 2, 0], kind="random").assign(template="become")
    row = upstream_row(table(model_rows([1, 2, 3, 5]), first, second))

    assert row["models"] == 1
    assert row["pearson"] == pytest.approx(stats.pearsonr([2, 3, 2, 4], [1, 2, 3, 5]).statistic)


def test_an_undefined_trial_is_skipped_and_counted() -> None:
    row = upstream_row(
        table(
            model_rows([1, 2, 3, 5], templates=("is", "become")),
            model_rows([np.nan, 3, 2, 9], kind="random", trial=1, templates=("is", "become")),
            model_rows([4, 3, 2, 9], kind="random", trial=2, templates=("is", "become")),
        )
    )

    assert (row["items"], row["undefined_items"], row["undefined_values"]) == (4, 0, 1)
    assert row["pearson"] == pytest.approx(stats.pearsonr([4, 3, 2, 9], [1, 2, 3, 5]).statistic)


def test_a_cell_is_undefined_where_one_template_is() -> None:
    random = model_rows([4, 3, 2, 9], kind="random", templates=("is", "become"))
    random.loc[random.index[0], "pronoun_ranking"] = np.nan
    row = upstream_row(table(model_rows([1, 2, 3, 5]), random))

    assert (row["items"], row["undefined_items"], row["undefined_values"]) == (4, 0, 1)
    assert row["pearson"] == pytest.approx(stats.pearsonr([4, 3, 2, 9], [1, 2, 3, 5]).statistic)


def test_an_item_undefined_on_either_side_is_left_out_and_counted() -> None:
    row = upstream_row(
        table(model_rows([1, 2, 3, 5, np.nan]), model_rows([np.nan, 3, 2, 9, 1], kind="random"))
    )

    assert (row["items"], row["undefined_items"], row["undefined_values"]) == (3, 2, 1)
    assert row["pearson"] == pytest.approx(stats.pearsonr([3, 2, 9], [2, 3, 5]).statistic)
    assert row["shapiro"] == pytest.approx(stats.shapiro([3, 2, 9]).statistic)


def test_items_are_matched_by_name() -> None:
    shuffled = model_rows(SECOND, kind="random").sample(frac=1, random_state=0)

    row = upstream_row(table(model_rows(FIRST), shuffled))
    assert row["pearson"] == pytest.approx(R["pearson"], rel=1e-8)


@pytest.mark.parametrize(
    ("control", "changed", "reason", "has_shapiro"),
    [
        pytest.param(
            [1, 2], [2, 1], "fewer than 3 items are defined in both", False, id="two items"
        ),
        pytest.param(
            [1, 2, 3, np.nan],
            [2, 1, np.nan, 4],
            "fewer than 3 items are defined in both",
            False,
            id="two items in common",
        ),
        pytest.param(
            [1, 2, 3],
            [np.nan] * 3,
            "fewer than 3 items are defined in both",
            False,
            id="all undefined",
        ),
        pytest.param(
            [1, 2, 4],
            [0, 0, 0],
            "the intervention's values are constant",
            False,
            id="constant zero",
        ),
        pytest.param(
            [1, 2, 4],
            [0.3, 0.1 + 0.2, 0.3],
            "the intervention's values are constant",
            False,
            id="constant but for rounding",
        ),
        pytest.param(
            [1, 2, 4],
            [-0.3, -0.1 - 0.2, -0.3],
            "the intervention's values are constant",
            False,
            id="constant below zero",
        ),
        pytest.param(
            [7, 7, 7],
            [1, 2, 4],
            "the unmodified model's values are constant",
            True,
            id="constant control",
        ),
        pytest.param(
            [7, 7, 7],
            [1, 1, 1],
            "the intervention's and the unmodified model's values are constant",
            False,
            id="both constant",
        ),
    ],
)
def test_what_has_no_correlation_is_nan_and_says_why(
    control: list[float], changed: list[float], reason: str, has_shapiro: bool
) -> None:
    row = upstream_row(table(model_rows(control), model_rows(changed, kind="random")))

    assert row["reason"] == reason
    assert row[["pearson", "pearson_p", "kendall", "kendall_p"]].isna().all()
    assert pd.notna(row["shapiro"]) == has_shapiro


def test_what_has_a_correlation_gives_no_reason() -> None:
    row = upstream_row(table(model_rows([1, 2, 4]), model_rows([3, 1, 2], kind="random")))

    assert row["reason"] == ""
    assert row[list(R)].notna().all()


distributions = st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=12)


@settings(max_examples=10)
@given(data=st.data(), before=distributions, scale=st.floats(0.01, 100), shift=st.floats(-100, 100))
def test_a_positive_linear_map_changes_neither_correlation(
    data: st.DataObject, before: list[float], scale: float, shift: float
) -> None:
    after = data.draw(st.permutations(before))
    assume(len(set(before)) > 1)
    mapped = [scale * value + shift for value in after]
    plain, moved = (
        upstream_row(table(model_rows(before), model_rows(values, kind="random")))
        for values in (after, mapped)
    )

    assert moved["pearson"] == pytest.approx(plain["pearson"], abs=1e-9)
    assert moved["kendall"] == pytest.approx(plain["kendall"], abs=1e-12)
    assert moved["shapiro"] == pytest.approx(plain["shapiro"], abs=1e-6)


@settings(max_examples=10)
@given(data=st.data(), before=distributions)
def test_kendall_knows_only_the_order(data: st.DataObject, before: list[float]) -> None:
    after = data.draw(st.permutations(before))
    assume(len(set(before)) > 1)
    plain, bent, turned = (
        upstream_row(table(model_rows(before), model_rows(list(values), kind="random")))
        for values in (after, [value**3 for value in after], [-value for value in after])
    )

    assert bent["kendall"] == pytest.approx(plain["kendall"], abs=1e-12)
    assert turned["kendall"] == pytest.approx(-plain["kendall"], abs=1e-12)
    assert turned["pearson"] == pytest.approx(-plain["pearson"], abs=1e-9)


@settings(max_examples=10)
@given(pairs=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=4, max_size=9))
def test_either_distribution_may_come_first(pairs: list[tuple[int, int]]) -> None:
    first, second = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    assume(len(set(first)) > 1 and len(set(second)) > 1)
    there, back = (
        upstream_row(table(model_rows(a), model_rows(b, kind="random")))
        for a, b in ((first, second), (second, first))
    )

    assert there["pearson"] == pytest.approx(back["pearson"], abs=1e-12)
    assert there["kendall"] == pytest.approx(back["kendall"], abs=1e-12)


@pytest.mark.parametrize("values", [[1.0, 2.0], [7.0, 7.0, 7.0]], ids=["two", "constant"])
def test_shapiro_wilk_is_undefined_for_too_few_or_constant_values(values: list[float]) -> None:
    assert np.isnan(shapiro_wilk(np.array(values))).all()


def test_shapiro_wilk_is_that_of_r_wherever_the_values_lie() -> None:
    for shift in (0.0, 1e6):
        found = shapiro_wilk(np.array(SECOND) + shift)
        assert found == pytest.approx((R["shapiro"], R["shapiro_p"]), rel=1e-6)


# Of several groups


def in_groups(rows: pd.DataFrame, shifts: dict[str, float]) -> pd.DataFrame:
    """Put the items into groups in turn, each of which has so much more bias, before and after."""
    names = list(shifts)
    group = rows["occupation"].str.removeprefix("item").astype(int) % len(names)
    more = group.map(lambda number: shifts[names[number]])
    shifted = {name: rows[name] + more for name in MEASURES}
    return rows.assign(group=group.map(lambda number: names[number]), **shifted)


@pytest.mark.parametrize("shifts", [{"a": 0, "b": 0}, {"a": 0, "b": 9e3, "c": -7e4}])
def test_how_far_groups_lie_apart_is_no_correlation_of_items(shifts: dict[str, float]) -> None:
    rows = table(model_rows(FIRST), model_rows(SECOND, kind="random"))
    grouped = in_groups(rows, shifts)
    row = upstream_row(grouped)
    # The same by statsmodels: the slope's t in a regression with the groups' means taken out.
    of = grouped[grouped["upstream_kind"] == "pretrained"]
    dummies = pd.get_dummies(of["group"]).to_numpy(dtype=float)
    columns = np.column_stack([np.array(FIRST), dummies])
    fitted = sm.OLS(np.array(SECOND), columns).fit()
    t, df = fitted.tvalues[0], fitted.df_resid
    assert row["pearson"] == pytest.approx(t / np.sqrt(t**2 + df))
    assert row["pearson_p"] == pytest.approx(fitted.pvalues[0])
    assert (row["items"], row["groups"]) == (20, len(shifts))
    scattered = item_correlation(grouped, "occupation", *MEASURES).squeeze(axis=0)
    assert scattered["groups"].eq(len(shifts)).all()


@pytest.mark.parametrize("unit", [1, -1, 1e9])
@pytest.mark.parametrize("other", [0.3, 0.1 + 0.2], ids=["exactly", "but for rounding"])
def test_a_group_that_differs_from_another_alone_is_constant_inside_both(
    other: float, unit: float
) -> None:
    same = model_rows([unit * value for value in [0.3, 0.3, other, other] * 5])
    row = upstream_row(in_groups(table(same, model_rows(SECOND, kind="random")), {"a": 0, "b": 5}))
    assert np.isnan(row["pearson"])
    assert row["reason"] == "the unmodified model's values are constant"


def test_each_further_group_takes_an_item_more() -> None:
    rows = table(model_rows([1.0, 2.0, 4.0]), model_rows([2.0, 3.0, 1.0], kind="random"))
    assert upstream_row(rows)["reason"] == ""
    found = upstream_row(in_groups(rows, {"a": 0, "b": 0}))
    assert found["reason"] == "fewer than 4 items are defined in both"


# Before and after


def test_one_point_an_item_gives_the_pearson_correlation_of_r() -> None:
    rows = model_rows(FIRST, SECOND, templates=("is", "become"))
    away = np.where(rows["template"] == "is", 10.0, -10.0)
    rows["pronoun_ranking"] += away  # gone in the mean over templates
    result = item_correlation(rows, "occupation", "pronoun_ranking", "log_tpr_ratio")

    assert list(result.columns) == [
        "upstream_kind",
        "upstream_strength",
        "dataset_kind",
        "dataset",
        "models",
        "pearson",
        "pearson_p",
        "items",
        "groups",
        "undefined_items",
        "reason",
    ]
    (row,) = result.to_dict("records")
    assert (row["pearson"], row["pearson_p"]) == pytest.approx(
        (R["pearson"], R["pearson_p"]), rel=1e-8
    )
    assert (row["items"], row["models"], row["reason"]) == (20, 1, "")


def test_each_intervention_has_its_own_correlation_and_gaps() -> None:
    random = table(
        model_rows([1, 2, 3, 9], [4, np.nan, 1, 0], kind="random", trial=1),
        model_rows([3, 2, 3, 9], [2, np.nan, 1, 0], kind="random", trial=2),
    )
    result = item_correlation(
        table(model_rows([1, 2, 3, 9], [5, 5, 5, 5]), random),
        "occupation",
        "pronoun_ranking",
        "log_tpr_ratio",
    )

    unmodified, averaged = result.to_dict("records")
    assert np.isnan([unmodified["pearson"], unmodified["pearson_p"]]).all()
    assert unmodified["reason"] == "log_tpr_ratio's values are constant"
    assert averaged["pearson"] == pytest.approx(stats.pearsonr([2, 3, 9], [3, 1, 0]).statistic)
    assert (averaged["models"], averaged["items"], averaged["undefined_items"]) == (2, 3, 1)


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda t: t.drop(columns="dataset"), "no column 'dataset'", id="no data set"),
        pytest.param(
            lambda t: t.drop(columns="dataset_kind"),
            "no column 'dataset_kind'",
            id="no kind of data set",
        ),
        pytest.param(
            lambda t: t.drop(columns="log_tpr_ratio"), "no column 'log_tpr_ratio'", id="no measure"
        ),
        pytest.param(
            lambda t: t.assign(occupation=None), "'occupation' has empty cells", id="no item"
        ),
        pytest.param(
            lambda t: t.assign(occupation=t["occupation"].mask(t.index == 3)),
            "'occupation' has empty cells",
            id="an item without a name",
        ),
        pytest.param(
            lambda t: t.assign(log_tpr_ratio="low"), "'log_tpr_ratio' holds text", id="text"
        ),
        pytest.param(
            lambda t: t.assign(log_tpr_ratio=t["log_tpr_ratio"].mask(t.index == 3, -np.inf)),
            "holds an infinity",
            id="infinity",
        ),
        pytest.param(lambda t: pd.concat([t, t]), "row labels repeat", id="labels that repeat"),
    ],
)
def test_bad_input_is_told_in_one_line_that_names_the_column(
    change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    bad = change(table(model_rows(FIRST), model_rows(SECOND, kind="random")))

    for call in (
        correlate,
        lambda rows: item_correlation(rows, "occupation", *MEASURES),
    ):
        with pytest.raises(StudyError) as caught:
            call(bad)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "models",
    [
        pytest.param([model_rows(FIRST, kind="random")], id="other upstream"),
        pytest.param([model_rows(FIRST, dataset="over50")], id="other data set"),
    ],
)
def test_there_must_be_an_unmodified_model(models: list[pd.DataFrame]) -> None:
    with pytest.raises(StudyError, match="no row is of the unmodified model"):
        correlate(table(*models))
