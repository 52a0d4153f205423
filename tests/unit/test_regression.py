"""What a regression column is, checked against R, statsmodels and linearmodels."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.panel import PanelOLS
from scipy import stats

from bias_transfer.analysis.regression import (
    HC3_KINDS,
    Regression,
    Specification,
    design_columns,
    regress,
    variance_inflation_factors,
)
from bias_transfer.errors import StudyError

BIOS_TEMPLATES = ("is", "works_as", "applied_for", "good_day", "become")
WIKI_TEMPLATES = ("people", "person", "sibling", "friend", "parent", "partner", "spouse")
BIOS = Specification(
    name="bios",
    outcome="log_tpr_ratio",
    regressors=("pronoun_ranking", "prevalence_she"),
    item="occupation",
    templates=BIOS_TEMPLATES,
)
WIKI = Specification(
    name="wiki",
    outcome="fpr",
    regressors=("negative_sentiment", "toxic_share", "prevalence"),
    item="identity_term",
    templates=WIKI_TEMPLATES,
)
GRUNFELD = Specification("grunfeld", "invest", ("value", "capital"), item="year")

# Made with R 4.2.2, plm 2.6.2, sandwich 3.0.2, lmtest:
#   library(plm); library(lmtest); library(sandwich)
#   data(Grunfeld, package = "plm")
#   unbalanced <- Grunfeld[-c(1:7, 30:33, 111), ]
#   for (d in list(Grunfeld, unbalanced)) {
#     m <- plm(inv ~ value + capital, data = d, index = c("firm", "year"), model = "within")
#     l <- lm(inv ~ value + capital + factor(firm), data = d)
#     coef(m); summary(m)$r.squared; df.residual(m); bptest(l)
#     for (method in c("white1", "arellano"))
#       coeftest(m, vcov = vcovHC(m, method = method, type = "HC3"))  # within, arellano
#     coeftest(l, vcov = vcovHC(l, type = "HC3"))                     # lsdv
#   }
#   sqrt(diag(vcovCL(l, cluster = ~ year, type = "HC1")))             # unbalanced, by item
R_BALANCED = {
    "coefficient": (0.110123804120718, 0.310065341300139),
    "standard_error_within": (0.0214079281323982, 0.0517346753685372),
    "p_value_within": (6.72526539052965e-07, 1.02902106300410e-08),
    "standard_error_arellano": (0.0163123499321956, 0.0622482321233292),
    "p_value_arellano": (1.77367429307964e-10, 1.42687639271221e-06),
    "standard_error_lsdv": (0.0227163586789361, 0.0552187123174876),
    "p_value_lsdv": (2.60731788878794e-06, 6.97009110731507e-08),
}
R_UNBALANCED = {
    "coefficient": (0.132775960386105, 0.258626116386461),
    "standard_error_within": (0.0209391140293024, 0.0531312728186440),
    "p_value_within": (1.86201798964957e-09, 2.49923231051616e-06),
    "standard_error_arellano": (0.0351033053029374, 0.0514413972989419),
    "p_value_arellano": (2.12605494563084e-04, 1.21564736173950e-06),
    "standard_error_lsdv": (0.0228165719282584, 0.0587002919929311),
    "p_value_lsdv": (2.73759593640389e-08, 1.82647811777122e-05),
}
R_UNBALANCED_CLUSTERED = (0.0124810088120333, 0.0314339098192336)
# The unbalanced panel with effects of years: plm(..., effect = "time"),
# vcovHC(..., cluster = "time") and lm(inv ~ value + capital + factor(year)).
R_YEARS = {
    "coefficient": (0.1290804157317937, 0.1914217223236749),
    "standard_error_within": (0.00752377623027947, 0.0636725736635308),
    "p_value_within": (1.31933633301295e-38, 3.05505341716650e-03),
    "standard_error_arellano": (0.00732784292455087, 0.0628665418132169),
    "p_value_arellano": (7.73601445612667e-40, 2.70765038572826e-03),
    "standard_error_lsdv": (0.00844709055265707, 0.0724701135747424),
    "p_value_lsdv": (1.77074053349292e-33, 9.04553986118202e-03),
}
# The same with lm(inv ~ value + capital, data = Grunfeld, subset = firm == 1), constant last.
R_ONE_FIRM = {
    "coefficient": (0.119280832544478, 0.371444807272081, -149.782453322196886),
    "standard_error_lsdv": (0.0283902678734608, 0.0579167715992702, 113.0785128789763121),
    "p_value_lsdv": (5.99718863401126e-04, 6.42256428837450e-06, 2.02839645717479e-01),
}


@pytest.fixture(scope="module")
def grunfeld() -> pd.DataFrame:
    """Investment of the ten firms that R's copy holds; statsmodels' has an eleventh."""
    data = sm.datasets.grunfeld.load_pandas().data
    data = data[data["firm"] != "American Steel"].reset_index(drop=True)
    return data.rename(columns={"firm": "model"})


@pytest.fixture(scope="module")
def unbalanced(grunfeld: pd.DataFrame) -> pd.DataFrame:
    """Leave out R's rows 1 to 7, 30 to 33 and 111."""
    return grunfeld.drop(index=[*range(7), *range(29, 33), 110])


def complete_table(
    specification: Specification, items: int, models: int, seed: int = 0
) -> pd.DataFrame:
    """Every model x item x template, the outcome repeated over templates as in a real study."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [
            [f"model{m}" for m in range(models)],
            [f"item{i}" for i in range(items)],
            specification.templates,
        ],
        names=["model", specification.item, "template"],
    )
    table = index.to_frame(index=False)
    first, *others = specification.regressors
    table[first] = rng.normal(size=len(table))
    cell = np.arange(len(table)) // len(specification.templates)
    for name in others:
        table[name] = rng.uniform(size=models * items)[cell]
    table[specification.outcome] = (
        0.3 * table[others[0]]
        + rng.normal(size=models * items)[cell] * (1 + table[others[0]])
        + rng.normal(size=models)[cell // items]
    )
    return table


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Make a panel with gaps: some models keep fewer rows than others."""
    table = complete_table(BIOS, items=9, models=4, seed=1)
    rng = np.random.default_rng(2)
    table.loc[rng.choice(len(table), 25, replace=False), "log_tpr_ratio"] = np.nan
    table.loc[rng.choice(len(table), 5, replace=False), "pronoun_ranking"] = np.nan
    return table


def dummy_design(table: pd.DataFrame, specification: Specification) -> pd.DataFrame:
    """Regressors, template dummies, then a dummy a model, written out column by column."""
    columns = {name: table[name] for name in specification.regressors}
    for name in specification.templates[1:]:
        columns[f"template[{name}]"] = table["template"] == name
    for name in table["model"].unique():
        columns[f"model {name}"] = table["model"] == name
    return pd.DataFrame(columns).astype(float)


def slopes(fit: Regression) -> np.ndarray:
    return fit.coefficients["coefficient"].to_numpy()


# Against R


@pytest.mark.parametrize(
    ("fixture", "expected", "df", "r_squared", "breusch_pagan"),
    [
        pytest.param(
            "grunfeld",
            R_BALANCED,
            188,
            0.766757583748140,
            (85.8361762331037, 1.08589784560060e-13),
            id="balanced",
        ),
        pytest.param(
            "unbalanced",
            R_UNBALANCED,
            176,
            0.745915635979266,
            (82.5183322908160, 4.79897325014054e-13),
            id="unbalanced",
        ),
    ],
)
def test_a_panel_gives_the_numbers_of_r(
    request: pytest.FixtureRequest,
    fixture: str,
    expected: dict[str, tuple[float, ...]],
    df: int,
    r_squared: float,
    breusch_pagan: tuple[float, float],
) -> None:
    fit = regress(request.getfixturevalue(fixture), GRUNFELD)

    assert (fit.models, fit.effects, fit.residual_df) == (10, 10, df)
    assert fit.r_squared == pytest.approx(r_squared, rel=1e-12)
    assert (fit.breusch_pagan_statistic, fit.breusch_pagan_p_value) == pytest.approx(
        breusch_pagan, rel=1e-8
    )
    for column, values in expected.items():
        np.testing.assert_allclose(fit.coefficients[column], values, rtol=1e-9, err_msg=column)


def test_a_balanced_panel_has_the_f_and_adjusted_r_squared_of_r(grunfeld: pd.DataFrame) -> None:
    fit = regress(grunfeld, GRUNFELD)

    assert fit.f_statistic == pytest.approx(309.0141751683, rel=1e-11)
    assert fit.adjusted_r_squared == pytest.approx(0.753110421095106, rel=1e-12)
    assert fit.residual_standard_error == pytest.approx(52.7679659526301, rel=1e-12)


def test_one_model_gives_the_numbers_of_r(grunfeld: pd.DataFrame) -> None:
    fit = regress(grunfeld[grunfeld["model"] == "General Motors"], GRUNFELD)

    assert list(fit.coefficients["term"]) == ["value", "capital", "constant"]
    for column, values in R_ONE_FIRM.items():
        np.testing.assert_allclose(fit.coefficients[column], values, rtol=1e-9, err_msg=column)
    assert (fit.models, fit.residual_df) == (1, 17)
    assert fit.r_squared == pytest.approx(0.921354020997014, rel=1e-12)
    assert fit.adjusted_r_squared == pytest.approx(0.912101552879016, rel=1e-12)
    assert fit.residual_standard_error == pytest.approx(91.7816710560462, rel=1e-12)
    assert fit.f_statistic == pytest.approx(99.5792700117235, rel=1e-12)
    assert fit.breusch_pagan_statistic == pytest.approx(2.027247470586, rel=1e-11)
    assert fit.breusch_pagan_p_value == pytest.approx(0.362901534878, rel=1e-11)


def test_effects_of_another_column_than_the_model_give_the_numbers_of_r(
    unbalanced: pd.DataFrame,
) -> None:
    by_year = dataclasses.replace(GRUNFELD, item="model", effects="year")
    fit = regress(unbalanced, by_year)

    assert (fit.effects, fit.models, fit.items, fit.residual_df) == (20, 10, 10, 166)
    assert fit.r_squared == pytest.approx(0.8077473676526791, rel=1e-12)
    assert fit.f_statistic == pytest.approx(348.72360756056, rel=1e-12)
    assert fit.breusch_pagan_statistic == pytest.approx(60.427537408725, rel=1e-11)
    for column, values in R_YEARS.items():
        np.testing.assert_allclose(fit.coefficients[column], values, rtol=1e-8, err_msg=column)


@pytest.mark.parametrize("rows", ["grunfeld", "unbalanced"])
def test_what_the_column_of_the_effects_is_called_changes_no_number(
    request: pytest.FixtureRequest, rows: str
) -> None:
    # One model, fitted as a panel of templates: R's firms are its templates.
    table = request.getfixturevalue(rows)
    as_templates = table.rename(columns={"model": "template"}).assign(model="unmodified")
    by_template = dataclasses.replace(GRUNFELD, effects="template")
    fit, other = regress(table, GRUNFELD), regress(as_templates, by_template)

    expected = {"grunfeld": R_BALANCED, "unbalanced": R_UNBALANCED}[rows]
    for column, values in expected.items():
        np.testing.assert_allclose(other.coefficients[column], values, rtol=1e-9, err_msg=column)
    pd.testing.assert_frame_equal(other.coefficients, fit.coefficients)
    for field in dataclasses.fields(Regression):
        if field.name not in ("specification", "models", "coefficients"):
            assert getattr(other, field.name) == getattr(fit, field.name), field.name
    assert (fit.models, other.models) == (10, 1)


def test_effects_and_dummies_of_the_templates_have_the_same_slopes() -> None:
    table = complete_table(BIOS, items=9, models=1)
    dummies = regress(table, BIOS)
    effects = regress(table, dataclasses.replace(BIOS, templates=(), effects="template"))

    np.testing.assert_allclose(slopes(effects), slopes(dummies)[:2], rtol=1e-9)
    np.testing.assert_allclose(
        effects.coefficients["standard_error_lsdv"],
        dummies.coefficients["standard_error_lsdv"][:2],
        rtol=1e-9,
    )
    assert effects.residual_df == dummies.residual_df
    assert (effects.effects, dummies.effects) == (5, 1)


def test_item_clusters_give_the_standard_errors_of_r(unbalanced: pd.DataFrame) -> None:
    fit = regress(unbalanced, GRUNFELD)

    found = fit.coefficients["standard_error_item_clustered"]
    np.testing.assert_allclose(found, R_UNBALANCED_CLUSTERED, rtol=1e-8)
    # t's p with 20 years - 1 degrees of freedom.
    ratio = np.array(R_UNBALANCED["coefficient"]) / np.array(R_UNBALANCED_CLUSTERED)
    expected = 2 * stats.t.sf(ratio, fit.items - 1)
    assert fit.items == 20
    np.testing.assert_allclose(fit.coefficients["p_value_item_clustered"], expected, rtol=1e-8)


CLUSTERED = [
    "standard_error_item_clustered",
    "p_value_item_clustered",
    "low_item_clustered",
    "high_item_clustered",
]


# Against Python packages


def test_a_panel_is_linearmodels_panel_ols(panel: pd.DataFrame) -> None:
    fit = regress(panel, BIOS)

    rows = panel.dropna(subset=["log_tpr_ratio", "pronoun_ranking"])
    # Template and item together tell the rows of a model apart; PanelOLS takes only one number.
    rows = rows.assign(row=rows.groupby("model").cumcount()).set_index(["model", "row"])
    design = dummy_design(rows.reset_index("model"), BIOS).filter(regex="^(?!model )")
    design.index = rows.index
    expected = PanelOLS(rows["log_tpr_ratio"], design, entity_effects=True).fit()
    np.testing.assert_allclose(slopes(fit), expected.params, rtol=1e-8)
    assert list(fit.coefficients["term"]) == list(expected.params.index)
    assert fit.observations == expected.nobs
    assert fit.residual_df == expected.df_resid
    assert fit.r_squared == pytest.approx(expected.rsquared_within, rel=1e-8)
    assert fit.f_statistic == pytest.approx(expected.f_statistic.stat, rel=1e-8)
    assert fit.f_p_value == pytest.approx(expected.f_statistic.pval, rel=1e-8)


def test_a_panel_is_least_squares_with_a_dummy_a_model(panel: pd.DataFrame) -> None:
    fit = regress(panel, BIOS)

    rows = panel.dropna(subset=["log_tpr_ratio", "pronoun_ranking"])
    expected = sm.OLS(rows["log_tpr_ratio"], dummy_design(rows, BIOS)).fit()
    hc3 = expected.get_robustcov_results("HC3", use_t=True)
    clusters, _ = pd.factorize(rows["occupation"])
    clustered = expected.get_robustcov_results("cluster", groups=clusters, use_t=True)
    table = fit.coefficients
    np.testing.assert_allclose(table["coefficient"], expected.params.iloc[:6], rtol=1e-8)
    np.testing.assert_allclose(table["standard_error_lsdv"], hc3.bse[:6], rtol=1e-8)
    np.testing.assert_allclose(table["p_value_lsdv"], hc3.pvalues[:6], rtol=1e-8)
    np.testing.assert_allclose(table["p_value_item_clustered"], clustered.pvalues[:6], rtol=1e-8)
    np.testing.assert_allclose(table["standard_error_item_clustered"], clustered.bse[:6], rtol=1e-8)
    ends = table[["low_item_clustered", "high_item_clustered"]]
    np.testing.assert_allclose(ends, clustered.conf_int()[:6], rtol=1e-8)
    assert fit.residual_df == expected.df_resid
    assert fit.residual_standard_error == pytest.approx(np.sqrt(expected.scale), rel=1e-8)


def test_items_of_one_label_are_clustered_together(panel: pd.DataFrame) -> None:
    labels = (pd.factorize(panel["occupation"])[0] % 6).astype(str)
    table = panel.assign(label=labels)
    found = regress(table, dataclasses.replace(BIOS, cluster="label"))

    rows = table.dropna(subset=["log_tpr_ratio", "pronoun_ranking"])
    expected = sm.OLS(rows["log_tpr_ratio"], dummy_design(rows, BIOS)).fit()
    clusters, _ = pd.factorize(rows["label"])
    clustered = expected.get_robustcov_results("cluster", groups=clusters, use_t=True)
    assert found.items == 9
    column = found.coefficients["p_value_item_clustered"]
    np.testing.assert_allclose(column, clustered.pvalues[:6], rtol=1e-8)


def test_one_model_is_least_squares_with_a_constant(panel: pd.DataFrame) -> None:
    rows = panel[panel["model"] == "model2"]
    fit = regress(rows, BIOS)

    rows = rows.dropna()
    design = dummy_design(rows, BIOS).rename(columns={"model model2": "constant"})
    expected = sm.OLS(rows["log_tpr_ratio"], design, hasconst=True).fit()
    hc3 = expected.get_robustcov_results("HC3", use_t=True)
    clusters, _ = pd.factorize(rows["occupation"])
    clustered = expected.get_robustcov_results("cluster", groups=clusters, use_t=True)
    table = fit.coefficients
    assert list(table["term"]) == list(design.columns)
    np.testing.assert_allclose(table["coefficient"], expected.params, rtol=1e-8)
    for kind in ("lsdv", "within"):
        np.testing.assert_allclose(table[f"standard_error_{kind}"], hc3.bse, rtol=1e-8)
        np.testing.assert_allclose(table[f"p_value_{kind}"], hc3.pvalues, rtol=1e-8)
    np.testing.assert_allclose(table["p_value_item_clustered"], clustered.pvalues, rtol=1e-8)
    assert fit.r_squared == pytest.approx(expected.rsquared, rel=1e-8)
    assert fit.adjusted_r_squared == pytest.approx(expected.rsquared_adj, rel=1e-8)
    assert fit.f_statistic == pytest.approx(expected.fvalue, rel=1e-8)
    assert fit.f_p_value == pytest.approx(expected.f_pvalue, rel=1e-8)


def test_clustering_by_model_is_undefined_for_one_model(panel: pd.DataFrame) -> None:
    fit = regress(panel[panel["model"] == "model0"], BIOS)
    table = fit.coefficients

    assert table[["standard_error_arellano", "p_value_arellano"]].isna().all(axis=None)
    assert fit.no_errors == {"arellano": "arellano sums over fixed effects, and there is only one"}


@pytest.mark.parametrize("lone", [[], ["lone"]], ids=["", "and a model's only row"])
@pytest.mark.parametrize("items", [1, 5])
def test_clustering_by_item_is_undefined_for_few_items(
    panel: pd.DataFrame, items: int, lone: list[str]
) -> None:
    more = [panel.dropna().iloc[[0]].assign(model=name) for name in lone]
    panel = pd.concat([panel, *more], ignore_index=True)
    few = panel["occupation"].map(
        {name: f"item{number % items}" for number, name in enumerate(panel["occupation"].unique())}
    )
    fit = regress(panel.assign(occupation=few), BIOS)
    table = fit.coefficients

    assert fit.no_clustered_errors == (
        f"errors are clustered by item: there are {items}, and 6 are needed"
    )
    assert table[CLUSTERED].isna().all(axis=None)
    assert table["p_value_lsdv"].notna().all()


def test_the_columns_of_the_table_are_fixed(panel: pd.DataFrame) -> None:
    fit = regress(panel, BIOS)

    assert list(fit.coefficients.columns) == [
        "term",
        "coefficient",
        "standard_error_lsdv",
        "standard_error_within",
        "standard_error_arellano",
        "p_value_lsdv",
        "p_value_within",
        "p_value_arellano",
        *CLUSTERED,
    ]
    assert fit.specification is BIOS


def test_variance_inflation_is_that_of_regressing_each_column_on_the_rest(
    panel: pd.DataFrame,
) -> None:
    design = design_columns(panel, BIOS)
    factors = variance_inflation_factors(design)

    for column in design:
        others = sm.add_constant(design.drop(columns=column))
        r_squared = sm.OLS(design[column], others).fit().rsquared
        assert factors[column] == pytest.approx(1 / (1 - r_squared), rel=1e-8)


def test_variance_inflation_gives_the_numbers_of_r(grunfeld: pd.DataFrame) -> None:
    # 1 / (1 - summary(lm(value ~ capital, subset(Grunfeld, firm == 1)))$r.squared)
    design = design_columns(grunfeld[grunfeld["model"] == "General Motors"], GRUNFELD)

    np.testing.assert_allclose(variance_inflation_factors(design), 1.23100642528864, rtol=1e-12)


# The paper's sizes


@pytest.mark.parametrize(
    ("specification", "items", "models", "rows", "df"),
    [
        pytest.param(BIOS, 28, 1, 140, 133, id="bios, pre-trained"),
        pytest.param(BIOS, 28, 13, 1820, 1801, id="bios, mitigated"),
        pytest.param(BIOS, 28, 10, 1400, 1384, id="bios, random or balanced"),
        pytest.param(BIOS, 28, 21, 2940, 2913, id="bios, noise"),
        pytest.param(BIOS, 28, 43, 6020, 5971, id="bios, all"),
        pytest.param(WIKI, 45, 1, 315, 305, id="wiki, pre-trained"),
        pytest.param(WIKI, 45, 21, 6615, 6585, id="wiki, noise"),
        pytest.param(WIKI, 45, 10, 3150, 3131, id="wiki, random"),
    ],
)
def test_a_complete_table_has_the_papers_degrees_of_freedom(
    specification: Specification, items: int, models: int, rows: int, df: int
) -> None:
    fit = regress(complete_table(specification, items, models), specification)

    assert (fit.observations, fit.residual_df, fit.undefined) == (rows, df, 0)
    assert (fit.models, fit.items) == (models, items)


@pytest.mark.parametrize(
    ("models", "rows", "df"),
    [pytest.param(19, 5901, 5873, id="scrubbed"), pytest.param(40, 12516, 12467, id="all")],
)
def test_undefined_rows_are_left_out_and_counted(models: int, rows: int, df: int) -> None:
    table = complete_table(WIKI, 45, models)
    table.loc[table.index[:84], "fpr"] = np.nan  # 12 terms without a non-toxic test comment

    fit = regress(table, WIKI)

    assert (fit.observations, fit.residual_df, fit.undefined) == (rows, df, 84)


def test_undefined_rows_count_once_and_their_place_does_not_matter(panel: pd.DataFrame) -> None:
    fit = regress(panel, BIOS)
    defined = panel.dropna(subset=["log_tpr_ratio", "pronoun_ranking"])

    assert fit.undefined == len(panel) - len(defined)
    without = regress(defined.sample(frac=1, random_state=0), BIOS)
    np.testing.assert_allclose(slopes(without), slopes(fit), rtol=1e-9)
    assert without.undefined == 0


@pytest.mark.parametrize("models", [1, 4])
def test_the_printed_summary_numbers_follow_from_one_another(
    panel: pd.DataFrame, models: int
) -> None:
    fit = regress(panel[panel["model"].isin([f"model{m}" for m in range(models)])], BIOS)

    r2, n, df = fit.r_squared, fit.observations, fit.residual_df
    assert fit.adjusted_r_squared == pytest.approx(1 - (1 - r2) * (n - 1) / df)
    assert fit.f_statistic == pytest.approx((r2 / 6) / ((1 - r2) / df))
    assert df == n - models - 6


# Choices


def test_the_first_template_is_the_reference_level(panel: pd.DataFrame) -> None:
    turned = dataclasses.replace(BIOS, templates=(*BIOS_TEMPLATES[1:], "is"))
    fit, other = (
        regress(panel, s).coefficients.set_index("term")["coefficient"] for s in (BIOS, turned)
    )

    assert "template[is]" not in fit.index
    assert "template[works_as]" not in other.index
    assert other["template[is]"] == pytest.approx(-fit["template[works_as]"])
    assert other["pronoun_ranking"] == pytest.approx(fit["pronoun_ranking"])


def test_without_templates_there_are_no_dummies(panel: pd.DataFrame) -> None:
    plain = dataclasses.replace(BIOS, templates=())
    fit = regress(panel.drop(columns="template"), plain)

    assert list(fit.coefficients["term"]) == ["pronoun_ranking", "prevalence_she"]


def test_the_rows_and_the_input_stay_as_they_are(panel: pd.DataFrame) -> None:
    before = panel.copy()
    design = design_columns(panel, BIOS)

    pd.testing.assert_frame_equal(panel, before)
    assert design.index.isin(panel.index).all()
    assert list(design.columns) == list(regress(panel, BIOS).coefficients["term"])


def test_a_constant_outcome_has_slopes_of_zero_and_nothing_to_explain(
    panel: pd.DataFrame,
) -> None:
    rate = panel["model"].map({f"model{m}": 0.1 * m for m in range(4)})
    fit = regress(panel.assign(log_tpr_ratio=rate), BIOS)

    np.testing.assert_array_equal(slopes(fit), 0)
    assert np.isnan(fit.r_squared)
    assert_without_errors(fit, "the outcome never varies within a model")


def test_a_constant_outcome_of_one_model_has_slopes_of_zero_about_that_constant(
    panel: pd.DataFrame,
) -> None:
    rows = panel[panel["model"] == "model0"].assign(log_tpr_ratio=0.1)
    fit = regress(rows, BIOS)

    np.testing.assert_array_equal(slopes(fit)[:-1], 0)
    assert slopes(fit)[-1] == pytest.approx(0.1)
    assert np.isnan(fit.r_squared)
    assert_without_errors(fit, "the outcome never varies")


# Nothing to judge by


EXACT = "the fit is exact, so that nothing is left to judge it by"


def assert_without_errors(fit: Regression, reason: str) -> None:
    """Check that what residuals of rounding alone would decide is undefined, and says why."""
    assert fit.no_errors == dict.fromkeys(HC3_KINDS, reason)
    assert fit.coefficients.filter(regex="p_value|standard_error").isna().all(axis=None)
    assert np.isnan([fit.f_statistic, fit.f_p_value]).all()
    assert np.isnan([fit.breusch_pagan_statistic, fit.breusch_pagan_p_value]).all()
    assert fit.residual_standard_error == 0


def two_items(digits: int = 17) -> pd.DataFrame:
    """Return two occupations in ten templates: any item-level covariate fits them exactly."""
    table = pd.DataFrame(
        [(item, f"t{i}") for item in ("dj", "poet") for i in range(10)],
        columns=["occupation", "template"],
    ).assign(model="m")
    first = table["occupation"] == "dj"
    share, ratio = np.where(first, 0.1 / 3, 0.7), np.where(first, -np.log(3.1), np.log(1.7))
    return table.assign(
        prevalence_she=[float(f"{x:.{digits}g}") for x in share],
        log_tpr_ratio=[float(f"{x:.{digits}g}") for x in ratio],
    )


@pytest.mark.parametrize("digits", [17, 10])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_two_items_and_an_item_level_covariate_leave_nothing_to_judge_by(
    digits: int, scale: float
) -> None:
    # The errors would be 1e-13, and p 5e-14 or 0.8, depending on the solver.
    rows = two_items(digits)
    rows["log_tpr_ratio"] *= scale
    fit = regress(rows, dataclasses.replace(BIOS, regressors=("prevalence_she",), templates=()))

    assert fit.r_squared == 1
    assert fit.coefficients["coefficient"].notna().all()
    assert_without_errors(fit, EXACT)


def test_an_outcome_made_of_its_covariates_is_exact_in_a_panel_too(panel: pd.DataFrame) -> None:
    made = 1e3 + 2 * panel["pronoun_ranking"] - panel["prevalence_she"]
    fit = regress(panel.assign(log_tpr_ratio=made), BIOS)

    np.testing.assert_allclose(slopes(fit)[:2], [2, -1], rtol=1e-9)
    assert_without_errors(fit, EXACT)


def test_a_close_fit_is_not_an_exact_one(panel: pd.DataFrame) -> None:
    noise = np.random.default_rng(0).normal(scale=1e-6, size=len(panel))
    made = 2 * panel["pronoun_ranking"] - panel["prevalence_she"] + noise
    fit = regress(panel.assign(log_tpr_ratio=made), BIOS)

    assert not fit.no_errors
    assert fit.coefficients["p_value_lsdv"].notna().all()


def test_as_many_coefficients_as_items_leave_the_clusters_empty() -> None:
    # The outcome differs between templates, but the residuals of each item sum to zero.
    items = [f"item{number}" for number in range(6)]
    rows = pd.DataFrame(
        [(item, f"t{i}") for item in items for i in range(10)], columns=["occupation", "template"]
    ).assign(model="m", log_tpr_ratio=np.tile(np.linspace(0, 1, 10), 6))
    for item in items[1:]:
        rows[item] = (rows["occupation"] == item).astype(float)
    fit = regress(rows, dataclasses.replace(BIOS, regressors=tuple(items[1:]), templates=()))

    assert fit.coefficients["p_value_lsdv"].notna().all()
    assert fit.coefficients[CLUSTERED].isna().all(axis=None)
    assert fit.no_clustered_errors == "the residuals of every item cancel out"


def test_a_row_that_decides_a_coefficient_alone_is_the_reason_for_no_error(
    panel: pd.DataFrame,
) -> None:
    rows = panel.dropna().assign(prevalence_she=0.0)
    rows.loc[rows.index[3], "prevalence_she"] = 1.0
    fit = regress(rows, BIOS)

    assert fit.no_errors["lsdv"] == "a row of leverage one decides a coefficient alone"
    assert fit.coefficients["p_value_lsdv"].isna().any()


def test_a_models_only_row_moves_no_slope_and_no_standard_error(panel: pd.DataFrame) -> None:
    lone = panel.dropna().iloc[[0]].assign(model="lone")
    with_lone = pd.concat([panel, lone], ignore_index=True)
    columns = [f"standard_error_{kind}" for kind in ("lsdv", "within", "arellano")]

    fit, other = regress(panel, BIOS), regress(with_lone, BIOS)

    assert other.residual_df == fit.residual_df
    np.testing.assert_allclose(slopes(other), slopes(fit), rtol=1e-9)
    np.testing.assert_allclose(other.coefficients[columns], fit.coefficients[columns], rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_no_standard_error_is_a_matter_of_the_regressors_unit(
    panel: pd.DataFrame, unit: float
) -> None:
    plain = dataclasses.replace(BIOS, templates=())
    scaled = panel.assign(**{name: unit * panel[name] for name in BIOS.regressors})
    fit, other = regress(panel, plain).coefficients, regress(scaled, plain).coefficients
    columns = ["coefficient", *(name for name in fit if name.startswith("standard_error"))]
    np.testing.assert_allclose(unit * other[columns], fit[columns], rtol=1e-7)


def test_where_all_residuals_are_of_one_size_equal_variances_are_not_tested() -> None:
    # A half above and below the line by turns, which goes with neither the constant nor the share.
    share = np.tile([-1.0, -1, 1, 1], 2)
    rows = pd.DataFrame({"prevalence_she": share, "log_tpr_ratio": share + np.tile([0.5, -0.5], 4)})
    rows = rows.assign(model="m", occupation=[f"item{number}" for number in range(8)])
    fit = regress(rows, dataclasses.replace(BIOS, regressors=("prevalence_she",), templates=()))

    assert fit.residual_standard_error == pytest.approx((8 * 0.25 / 6) ** 0.5)
    assert np.isnan([fit.breusch_pagan_statistic, fit.breusch_pagan_p_value]).all()


# Properties


@settings(max_examples=25, deadline=None)
@given(shifts=st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4))
def test_a_constant_for_each_model_changes_no_coefficient(
    panel: pd.DataFrame, shifts: list[float]
) -> None:
    shift = panel["model"].map({f"model{m}": value for m, value in enumerate(shifts)})
    shifted = panel.assign(log_tpr_ratio=panel["log_tpr_ratio"] + shift)

    np.testing.assert_allclose(
        slopes(regress(shifted, BIOS)), slopes(regress(panel, BIOS)), atol=1e-8
    )


@settings(max_examples=25, deadline=None)
@given(exponent=st.floats(-6, 6), sign=st.sampled_from([-1, 1]), models=st.sampled_from([1, 4]))
def test_scaling_a_regressor_scales_its_coefficient_inversely(
    panel: pd.DataFrame, exponent: float, sign: int, models: int
) -> None:
    rows = panel[panel["model"].isin([f"model{m}" for m in range(models)])]
    scale = sign * 10**exponent
    scaled = rows.assign(pronoun_ranking=rows["pronoun_ranking"] * scale)
    fit, other = (regress(table, BIOS).coefficients for table in (rows, scaled))

    factor = np.where(fit["term"] == "pronoun_ranking", scale, 1.0)
    np.testing.assert_allclose(other["coefficient"] * factor, fit["coefficient"], rtol=1e-6)
    np.testing.assert_allclose(
        other["standard_error_lsdv"] * np.abs(factor), fit["standard_error_lsdv"], rtol=1e-6
    )


# Bad input


@pytest.mark.parametrize(
    ("change", "specification", "message"),
    [
        pytest.param(
            lambda t: t.drop(columns="prevalence_she"),
            BIOS,
            "no column 'prevalence_she'",
            id="no regressor",
        ),
        pytest.param(lambda t: t.drop(columns="model"), BIOS, "no column 'model'", id="no model"),
        pytest.param(
            lambda t: t,
            dataclasses.replace(BIOS, effects="trial"),
            "no column 'trial'",
            id="no effects",
        ),
        pytest.param(
            lambda t: t.drop(columns="template"), BIOS, "no column 'template'", id="no template"
        ),
        pytest.param(
            lambda t: t.assign(occupation=None), BIOS, "'occupation' has empty", id="no item"
        ),
        pytest.param(
            lambda t: t.assign(prevalence_she="half"),
            BIOS,
            "'prevalence_she' holds text",
            id="text",
        ),
        pytest.param(
            lambda t: t.assign(log_tpr_ratio=-np.inf), BIOS, "holds an infinity", id="infinity"
        ),
        pytest.param(
            lambda t: t.assign(log_tpr_ratio=np.nan),
            BIOS,
            "none of the 180 rows",
            id="no rows left",
        ),
        pytest.param(lambda t: t.iloc[:0], BIOS, "none of the 0 rows", id="no rows"),
        pytest.param(
            lambda t: pd.concat([t, t]), BIOS, "row labels repeat", id="labels that repeat"
        ),
        pytest.param(
            lambda t: t.assign(template="was"), BIOS, "template 'was'", id="unknown template"
        ),
        pytest.param(
            lambda t: t[t["template"] != "become"],
            BIOS,
            "'template[become]' does not vary",
            id="template without rows",
        ),
        pytest.param(
            lambda t: t[t["template"] != "is"],
            BIOS,
            "'template[become]' is collinear",
            id="reference without rows",
        ),
        pytest.param(
            lambda t: t.assign(prevalence_she=t["model"].str[-1].astype(int) + 0.1),
            BIOS,
            "'prevalence_she' does not vary within any fixed effect and has no slope: "
            "as it must be of data balanced in it; else leave it out",
            id="constant within every model",
        ),
        pytest.param(
            lambda t: t[t["model"] == "model0"].assign(pronoun_ranking=0.1),
            BIOS,
            "'pronoun_ranking' does not vary within any fixed effect and has no slope: "
            "as it must be of data balanced in it; else leave it out",
            id="constant in one model",
        ),
        pytest.param(
            lambda t: t.assign(
                prevalence_she=3 * t["pronoun_ranking"] + t["model"].str[-1].astype(int)
            ),
            BIOS,
            "'prevalence_she' is collinear",
            id="collinear once demeaned",
        ),
        pytest.param(
            lambda t: t.dropna().iloc[:7], BIOS, "7 defined rows are too few", id="df of zero"
        ),
        pytest.param(
            lambda t: t,
            dataclasses.replace(BIOS, regressors=(), templates=()),
            "nothing to regress on",
            id="no regressors",
        ),
        pytest.param(
            lambda t: t,
            dataclasses.replace(BIOS, regressors=("prevalence_she", "prevalence_she")),
            "'prevalence_she' is named twice",
            id="a regressor twice",
        ),
    ],
)
def test_bad_input_is_told_in_one_line_that_names_the_column(
    panel: pd.DataFrame,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    specification: Specification,
    message: str,
) -> None:
    with pytest.raises(StudyError) as caught:
        regress(change(panel), specification)

    assert str(caught.value).startswith("regression 'bios': ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        pytest.param(
            pd.DataFrame({"a": [1.0, 2, 4], "b": 0.1}), "'b' does not vary", id="constant"
        ),
        pytest.param(
            pd.DataFrame({"a": [1.0, 2, 4], "b": [3.0, 5, 9]}), "'b' is collinear", id="collinear"
        ),
        pytest.param(
            pd.DataFrame({"a": [1.0, 2], "b": [1.0, 3], "c": [0.0, 1]}),
            "'b' is collinear",
            id="more columns than rows",
        ),
        pytest.param(pd.DataFrame({"a": np.zeros(0)}), "no rows", id="no rows"),
    ],
)
def test_variance_inflation_refuses_what_has_none(design: pd.DataFrame, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        variance_inflation_factors(design)
