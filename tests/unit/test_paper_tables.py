"""The paper's printed tables: a transcription holds together only if its numbers do.

A printed number stands for all that round to it. Every check asks whether some unrounded numbers
satisfy it, so no tolerance is chosen: it follows from the printed digits.
"""

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bias_transfer.analysis.means import unmodified
from bias_transfer.analysis.tables import Column
from bias_transfer.paper import tables as paper
from bias_transfer.paper.figures import FIGURES, figure_number
from bias_transfer.paper.names import table_names
from bias_transfer.paper.printed import (
    beside,
    of_table,
    of_table2,
    printed_columns,
    printed_correlations,
    printed_estimates,
)
from bias_transfer.paper.tables import TABLES, paper_tables
from bias_transfer.report.sheet import STAR_LEVELS
from tests.unit import paper_grid
from tests.unit.paper_grid import BIOS, WIKI

COLUMNS = printed_columns().to_dict("records")
ESTIMATES = printed_estimates().to_dict("records")
# Models in a column, from its heads and rows; templates where they are the fixed effects.
EFFECTS = {
    3: [1, 13, 10, 21, 10, 43],
    4: [1, 21, 10, 19, 40],
    5: [1, 1, 5, 5, 5],
    6: [1, 1, 1, 7, 7, 7],
    7: [1, 1, 1],
    8: [1, 21, 10, 20, 61],
}

every_column = pytest.mark.parametrize(
    "column", COLUMNS, ids=lambda column: f"{column['table']}-{column['number']}"
)


def rounded(printed):
    """Return the least and the greatest number that is printed so."""
    half = 0.5 * 10.0 ** Decimal(printed).as_tuple().exponent
    return float(printed) - half, float(printed) + half


def r_squared(column):
    """Return the range of R² that both the printed R² and the printed F leave."""
    k, df = int(column["f_slopes"]), int(column["residual_df"])
    # F = (R²/k) / ((1 - R²)/df), solved for R²; it rises with F.
    by_f = [k * f / (k * f + df) for f in rounded(column["f_statistic"])]
    low, high = rounded(column["r_squared"])
    return max(low, by_f[0]), min(high, by_f[1])


def possible_stars(low, high):
    """Return the numbers of stars of the p values in a range."""
    return range(sum(high < level for level in STAR_LEVELS), sum(low < s for s in STAR_LEVELS) + 1)


# The identities


def test_thirty_columns_are_transcribed():
    assert len(COLUMNS) == 30
    numbers = printed_columns().groupby("table")["number"].agg(list).to_dict()
    assert numbers == {
        t.number: list(range(1, len(t.columns) + 1)) for of_task in TABLES.values() for t in of_task
    }


@every_column
def test_f_follows_from_r_squared(column):
    low, high = r_squared(column)
    assert low <= high


@every_column
def test_adjusted_r_squared_follows_from_r_squared(column):
    n, df = int(column["observations"]), int(column["residual_df"])
    low, high = (1 - (1 - each) * (n - 1) / df for each in r_squared(column))
    least, greatest = rounded(column["adjusted_r_squared"])
    # Rising in R², so the two ranges must meet.
    assert low <= greatest
    assert high >= least


@every_column
def test_degrees_of_freedom_are_what_effects_and_slopes_leave(column):
    effects = EFFECTS[column["table"]][column["number"] - 1]
    spent = int(column["observations"]) - int(column["residual_df"])
    assert spent == effects + int(column["f_slopes"])
    assert column["f_df"] == column["residual_df"]


@every_column
def test_the_terms_are_the_slopes_that_no_template_dummy_takes(column):
    terms = {
        row["term"]
        for row in ESTIMATES
        if (row["table"], row["number"]) == (column["table"], column["number"])
    }
    dummies = int(column["f_slopes"]) - len(terms - {"constant"})
    table = column["table"]
    with_dummies = table in (3, 4) or (table, column["number"]) in {
        *((5, 1), (5, 2)),
        *((6, 1), (6, 2), (6, 3)),
    }
    assert dummies == ({3: 4, 4: 6, 5: 4, 6: 6}[table] if with_dummies else 0)
    # Plain least squares have a constant, and only they have a printed residual error.
    assert ("constant" in terms) == (EFFECTS[table][column["number"] - 1] == 1)
    assert ("constant" in terms) == (column["residual_standard_error"] != "")


@every_column
def test_the_stars_of_f_are_those_of_its_p_value(column):
    low, high = rounded(column["f_statistic"])
    k, df = int(column["f_slopes"]), int(column["f_df"])
    assert len(column["f_stars"]) in possible_stars(stats.f.sf(high, k, df), stats.f.sf(low, k, df))


# Stars of the estimates


def p_range(row, df):
    """Return the range of p that the printed coefficient and standard error leave."""
    low, high = rounded(row["coefficient"])
    least, greatest = rounded(row["standard_error"])
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    farthest = max(abs(low), abs(high)) / least if least > 0 else np.inf
    return 2 * stats.t.sf(farthest, df), 2 * stats.t.sf(nearest / greatest, df)


@pytest.mark.parametrize(
    "row", ESTIMATES, ids=lambda row: f"{row['table']}-{row['number']}-{row['term']}"
)
def test_the_stars_of_an_estimate_are_those_of_its_p_value(row):
    (column,) = (c for c in COLUMNS if (c["table"], c["number"]) == (row["table"], row["number"]))
    assert len(row["stars"]) in possible_stars(*p_range(row, int(column["residual_df"])))


def test_the_rounding_leaves_only_four_estimates_a_choice_of_stars():
    degrees = {(c["table"], c["number"]): int(c["residual_df"]) for c in COLUMNS}
    undecided = [
        (row["table"], row["number"], row["term"])
        for row in ESTIMATES
        if len(possible_stars(*p_range(row, degrees[row["table"], row["number"]]))) > 1
    ]
    columns = [(3, 3), (3, 6), (5, 1), (5, 3)]
    assert undecided == [(*column, "pronoun_ranking") for column in columns]


def test_footnote_7_tests_the_specifications_with_upstream_bias_alone():
    # BIOS: BP = 5.033, p = 0.41; WIKI: BP = 27.039, p < 0.001. The degrees of freedom are slopes.
    slopes = printed_columns().set_index(["table", "number"])["f_slopes"].astype(int)
    p_values = {k: stats.chi2.sf([5.0325, 5.0335], k).round(2) for k in range(1, 10)}
    assert [k for k, both in p_values.items() if 0.41 in both] == [slopes[5, 1]]
    assert stats.chi2.sf(27.039, slopes[6, 1]) < 0.001
    # So not Table 4(1), with all regressors.
    assert stats.chi2.sf(27.039, slopes[4, 1]) > 0.001


# Repeats


@pytest.mark.parametrize(
    ("one", "other"), [((5, 2), (3, 1)), ((8, 1), (7, 2))], ids=["5-2 is 3-1", "8-1 is 7-2"]
)
def test_columns_that_are_printed_twice_agree(one, other):
    columns, estimates = printed_columns(), printed_estimates()
    pairs = [
        [
            frame[(frame["table"] == key[0]) & (frame["number"] == key[1])]
            .drop(columns=["table", "number"])
            .reset_index(drop=True)
            for key in (one, other)
        ]
        for frame in (columns, estimates)
    ]
    for first, second in pairs:
        pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("panel", "dummies"), [((5, 3), (5, 1)), ((5, 4), (5, 2)), ((6, 4), (6, 1)), ((6, 5), (4, 1))]
)
def test_template_effects_have_the_slopes_of_template_dummies(panel, dummies):
    slopes = printed_estimates().query("term != 'constant'").set_index(["table", "number"])
    left, right = (slopes.loc[[key]].reset_index(drop=True) for key in (panel, dummies))
    pd.testing.assert_frame_equal(left, right)


# The transcription


def test_every_printed_number_is_a_number_and_stars_are_stars():
    number = re.compile(r"-?\d+(\.\d+)?")
    frames = (printed_columns(), printed_estimates())
    for frame in frames:
        stars = [name for name in frame if name.endswith("stars")]
        values = frame.drop(columns=[*stars, "table", "number", "term"], errors="ignore")
        optional = ["residual_standard_error"]
        assert values.drop(columns=optional, errors="ignore").map(number.fullmatch).all(axis=None)
        assert frame[stars].isin(["", "*", "**", "***"]).all(axis=None)


def test_no_estimate_is_transcribed_twice():
    assert not printed_estimates().duplicated(["table", "number", "term"]).any()
    assert len(printed_estimates()) == 80


def test_the_constant_and_the_length_of_the_shifted_labels():
    rows = printed_estimates().set_index(["table", "number", "term"])["coefficient"]
    assert rows[4, 1, "constant"] == "-0.373"
    assert (4, 1, "toxic_length") not in rows.index
    assert rows[7, 3, "toxic_length"] == "0.00001"
    assert [rows[7, n, "constant"] for n in (1, 2, 3)] == ["0.096", "0.008", "0.004"]


def test_no_p_value_of_table_2_contradicts_its_stars():
    sizes = {"bios": 28, "wiki": 50}
    for row in printed_correlations().to_dict("records"):
        for side in ("upstream", "downstream"):
            printed = row[f"{side}_pearson"]
            if not printed:
                continue
            n = sizes[row["task"]]
            low, high = (abs(each) for each in rounded(printed))
            t = [r * np.sqrt((n - 2) / (1 - r**2)) for r in sorted((low, high))]
            p_values = 2 * stats.t.sf(t, n - 2)
            found = len(row[f"{side}_pearson_stars"])
            assert found in possible_stars(p_values[1], p_values[0]), row["intervention"]


def test_table_2_has_its_twelve_rows_and_empty_cells_where_only_the_data_changed():
    rows = printed_correlations()
    assert rows["task"].tolist() == ["bios"] * 5 + ["wiki"] * 7
    only_data = rows["upstream_kind"] == "pretrained"
    assert (rows.loc[only_data, "upstream_pearson"] == "").all()
    assert (rows.loc[~only_data, "upstream_pearson"] != "").all()
    assert not rows.duplicated(["task", "upstream_kind", "dataset_kind"]).any()


# Beside ours


def test_the_papers_numbers_stand_beside_ours():
    ours = pd.DataFrame(
        {"table": 4, "number": [1, 1, 2], "term": ["constant", "template[person]", "prevalence"]}
    )
    rows = beside(ours).to_dict("records")
    assert rows[0]["paper_coefficient"] == -0.373
    assert rows[0]["paper_standard_error"] == 0.077
    assert rows[0]["paper_stars"] == "***"
    assert np.isnan(rows[1]["paper_coefficient"])
    assert [row["paper_observations"] for row in rows] == [315, 315, 6615]
    assert rows[2]["paper_residual_df"] == 6585
    assert rows[2]["paper_r_squared"] == 0.225
    assert rows[2]["paper_adjusted_r_squared"] == 0.221
    assert rows[2]["paper_f_statistic"] == 211.998


def test_ours_stay_as_they_are_and_the_transcription_too():
    ours = pd.DataFrame({"table": [3], "number": [1], "term": ["constant"], "coefficient": [0.5]})
    found = beside(ours)
    pd.testing.assert_frame_equal(found[ours.columns.tolist()], ours)
    assert printed_estimates()["coefficient"].map(type).eq(str).all()


def test_the_papers_numbers_are_found_by_column_and_term():
    printed = of_table(4)
    assert printed[1, "constant"]["coefficient"] == "-0.373"
    assert printed[2, ""]["observations"] == "6615"
    assert (2, "constant") not in printed
    assert of_table2()["wiki", "random", "scrub-all"]["downstream_kendall"] == "0.10"


# The overlay


NOTE = "Generated text."


@pytest.fixture(scope="module")
def observations():
    return {"bios": paper_grid.bios(), "wiki": paper_grid.wiki()}


def overlay(observations, *tasks):
    return paper_tables(tasks, observations, "lsdv", NOTE)


@pytest.fixture(scope="module")
def of_both(observations):
    return overlay(observations, BIOS, WIKI)


@pytest.fixture(scope="module")
def of_bios(observations):
    return overlay(observations, BIOS)


def test_a_study_has_the_tables_of_those_of_its_tasks_that_are_the_papers(observations):
    assert table_names(["bios", "wiki", "own"]) == tuple(f"table{n}" for n in range(2, 9))
    assert table_names(["own"]) == ()
    assert table_names(["wiki"]) == ("table2", "table4", "table6", "table7", "table8")
    own = WIKI.model_copy(update={"name": "own"})
    found = overlay(observations, own, BIOS)
    assert tuple(found.tables) == tuple(found.sheets) == table_names(["bios"])
    assert set(found.tables["table2"]["task"]) == {"bios"}


def test_models_of_a_method_that_is_not_the_papers_are_in_none_of_its_tables(observations, of_bios):
    rows = observations["bios"]
    dial = rows[rows["upstream_kind"] == "uniform"]
    dial = dial.assign(
        upstream_kind="counterfactual", model="counterfactual-" + dial["model"].astype(str)
    )
    more = observations | {"bios": pd.concat([rows, dial], ignore_index=True)}
    found = overlay(more, BIOS)
    for name, table in of_bios.tables.items():
        pd.testing.assert_frame_equal(found.tables[name], table)


def test_a_column_of_methods_that_a_study_lacks_is_not_the_unmodified_model_s(observations):
    rows = observations["bios"]
    without = rows[~rows["upstream_kind"].isin(["sentdebias", "uniform", "gaussian"])]
    table = overlay({"bios": without}, BIOS).tables["table3"]
    for name in ("Mitigated", "Noise added"):
        of_none = table[table["column"] == name]
        assert of_none["coefficient"].isna().all()
        assert (of_none["reason"] == "no such model in this study").all()
    assert table.loc[table["column"] == "Pre-trained", "coefficient"].notna().all()


def test_every_column_has_its_diagnostics_in_the_order_of_the_tables(of_both):
    tested = of_both.diagnostics
    counts = tested.groupby("table", sort=False)["number"].nunique().to_dict()
    assert list(counts.items()) == [(3, 6), (4, 5), (5, 5), (6, 6), (7, 3), (8, 5)]


def test_a_table_has_our_numbers_and_the_papers(of_both):
    table = of_both.tables["table4"]
    row = table.query("number == 5 and term == 'prevalence'").iloc[0]
    assert (row["paper_coefficient"], row["paper_standard_error"]) == (-1.231, 0.612)
    assert row["paper_observations"] == row["observations"] == 12516
    assert "covariate_sd" not in table


def test_an_added_column_with_a_covariate_of_its_own_stands_there_without_printed_numbers(
    monkeypatch, observations, of_bios
):
    rows = observations["bios"]
    readability = rows.groupby("occupation").ngroup() % 5
    added = Column("Readability", unmodified, ("pronoun_ranking", "readability"))
    first, *others = TABLES["bios"]
    longer = paper._table(3, first.title, first.quantities, *first.columns, added)
    monkeypatch.setitem(TABLES, "bios", (longer, *others))

    found = overlay({"bios": rows.assign(readability=readability)}, BIOS)
    own = found.tables["table3"].query("column == 'Readability'")
    assert own["coefficient"].notna().all()
    assert own.filter(like="paper_").isna().all(axis=None)
    sheet = found.sheets["table3"]
    assert sheet.columns == 7
    cells = {row.label.text: row.cells for block in sheet.blocks for row in block}
    assert cells["readability"][6].text
    assert sheet.heads[3][6].text == "Readability"
    # The printed ones stay where they were.
    kept = found.tables["table3"].query("column != 'Readability'")
    pd.testing.assert_frame_equal(
        kept.reset_index(drop=True), of_bios.tables["table3"], check_dtype=False
    )


# Figures


def test_each_figure_of_the_paper_is_one_question_of_its_tasks():
    assert [figure.number for figure in FIGURES] == list(range(2, 12))
    assert figure_number("bios", "contents") == 6
    assert figure_number("wiki", "contents") == 8
    assert figure_number("wiki", "dose_response") is None
    assert figure_number("own", "contents") is None
