"""What the paper prints in Tables 2 to 8, to stand beside what a study finds.

Transcribed from Steed, Panda, Kobren and Wick, "Upstream Mitigation Is Not All You Need" (ACL
2022), appendices B and C, into `table2.csv`, `estimates.csv` and `columns.csv` of `printed/`:
digits as printed, terms by this package's names, columns numbered in the order of the printed
numbers.

Which column a number belongs to. A printed row holds fewer numbers than the table has columns where
a column lacks the term, and the text does not say which. A column's slopes decide: the first degree
of freedom of its F, less one a template dummy (4 for BIOS, 6 for WIKI).

- Tables 3 and 4 have 2 and 3 slopes in every column, so only the constant is missing, from all but
  the single-model column.
- Table 3's heads "Noise added" and "Random" are swapped: 1,400 rows and 16 degrees of freedom spent
  are the 10 random models, 2,940 rows are 21 models. The numbers stay where they are.
- Table 4(1) prints its constant on the row "Avg. length of toxic mentions": 315 - 305 = 10 are nine
  slopes, those of the other three terms and six dummies, and a constant.
- Table 5: 1, 2, 1, 2, 3 slopes. Prevalence of she has columns 2, 4, 5; they/them column 5.
- Table 6: 1, 2, 4, 1, 3, 3 slopes. Toxic share has columns 2, 3, 5, 6; prevalence 3, 5, 6; length
  3.
- Table 7: 1, 2, 3 slopes, every label from the third row on one row too high up: the row "Avg.
  length" holds the constants and the row "Prevalence of identity term" the length. It has the size
  of Table 6(3)'s length (0.00001), where every printed effect of prevalence exceeds 0.6.
- Table 8: 2, 3, 2, 3, 3 slopes. Prevalence of the term has columns 2, 4, 5.

Three columns are repeats: 5(2) of 3(1), 8(1) of 7(2), and the slopes of 6(5) of 4(1).
"""

from functools import cache
from importlib.resources import files

import pandas as pd

_KEYS = ["table", "number", "term"]
_OF_A_TERM = ("coefficient", "standard_error", "stars")
_OF_A_COLUMN = (
    "observations",
    "residual_df",
    "r_squared",
    "adjusted_r_squared",
    "f_statistic",
)


@cache
def _printed(name: str) -> pd.DataFrame:
    path = files("bias_transfer.paper") / "printed" / f"{name}.csv"
    with path.open(encoding="utf-8") as stream:
        rows = pd.read_csv(stream, dtype=str, keep_default_na=False)
    return rows.astype({key: int for key in ("table", "number") if key in rows})


def printed_correlations() -> pd.DataFrame:
    """Return Table 2, one row an intervention: text as printed, empty where it prints none.

    `upstream_kind` and `dataset_kind` say which of our interventions a row is.
    """
    return _printed("table2").copy()


def printed_estimates() -> pd.DataFrame:
    """Return the estimates of Tables 3 to 8, one row a column and term: text as printed."""
    return _printed("estimates").copy()


def printed_columns() -> pd.DataFrame:
    """Return what stands below each column of Tables 3 to 8: text as printed."""
    return _printed("columns").copy()


def of_table(number: int) -> dict[tuple[int, str], dict[str, str]]:
    """Return what stands in one of Tables 3 to 8, by column and term; "" for below the column."""
    below = printed_columns().assign(term="")
    return {
        (int(row["number"]), row["term"]): row
        for frame in (below, printed_estimates())
        for row in _texts(frame[frame["table"] == number])
    }


def of_table2() -> dict[tuple[str, str, str], dict[str, str]]:
    """Return what stands in Table 2, by task and kinds of checkpoint and of data set."""
    return {
        (row["task"], row["upstream_kind"], row["dataset_kind"]): row
        for row in _texts(printed_correlations())
    }


def _texts(rows: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {str(name): text for name, text in row.items()}
        for row in rows.astype(str).to_dict("records")
    ]


def beside(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of coefficients with the paper's numbers, empty where it has none.

    Parameters
    ----------
    rows
        One row a `table`, `number` (of the column) and `term`.

    Returns
    -------
    pandas.DataFrame
        The same rows, and `paper_coefficient`, `paper_standard_error` and `paper_stars` of the
        term, `paper_observations`, `paper_residual_df`, `paper_r_squared`,
        `paper_adjusted_r_squared` and `paper_f_statistic` of the column.
    """
    terms = printed_estimates()[[*_KEYS, *_OF_A_TERM]]
    columns = printed_columns()[[*_KEYS[:2], *_OF_A_COLUMN]]
    for printed, names in ((terms, _OF_A_TERM), (columns, _OF_A_COLUMN)):
        for name in set(names) - {"stars"}:
            printed[name] = pd.to_numeric(printed[name])
    return rows.merge(
        terms.rename(columns={name: f"paper_{name}" for name in _OF_A_TERM}),
        on=_KEYS,
        how="left",
        validate="many_to_one",
    ).merge(
        columns.rename(columns={name: f"paper_{name}" for name in _OF_A_COLUMN}),
        on=_KEYS[:2],
        how="left",
        validate="many_to_one",
    )
