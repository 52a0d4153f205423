"""The columns of the regression tables: which models each is fitted on, and how it is laid out."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.lexicon import IDENTITY_TERMS, OCCUPATIONS
from bias_transfer.metrics.intrinsic import negative_sentiment, pronoun_ranking
from bias_transfer.stats.tables import (
    COLUMNS,
    TEMPLATES,
    coefficient_rows,
    fit_columns,
    specification,
)
from tests.unit.figure_data import bios_table, upstream_grid


def paper_models(task):
    """One row a model of the paper's grid."""
    rows = [("pretrained", "original")]
    rows += [(kind, "original") for kind in ("random", "uniform", "gaussian") for _ in range(10)]
    if task == "bios":
        rows += [("sentdebias", "original")] * 12
        rows += [("pretrained", "balance")] * 10
    else:
        rows += [("pretrained", "scrub-toxic")] * 10 + [("pretrained", "scrub-all")] * 9
        rows += [("random", "scrub-all")] * 10
    return pd.DataFrame(rows, columns=["upstream_kind", "dataset_kind"])


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            "bios",
            {
                "Pre-trained": 140,
                "Mitigated": 1820,
                "Random": 1400,
                "Noise added": 2940,
                "Balanced": 1400,
                "All pre-trained": 6020,
            },
        ),
        (
            "wiki",
            {
                "Pre-trained": 350,
                "Noise added": 7350,
                "Random": 3500,
                "Scrubbed": 6650,
                "All pre-trained": 14000,
            },
        ),
    ],
)
def test_the_papers_grid_gives_the_papers_numbers_of_rows(task, expected):
    # WIKI prints 315 rows a model, 45 terms; with all 50 there are 350.
    models = paper_models(task)
    items = OCCUPATIONS if task == "bios" else IDENTITY_TERMS
    cells = len(items) * len(TEMPLATES[task])
    assert {
        column.name: int(column.selects(models).sum()) * cells for column in COLUMNS[task]
    } == expected


def test_the_templates_are_those_of_the_measures():
    assert TEMPLATES["bios"] == tuple(pronoun_ranking.TEMPLATES)
    assert TEMPLATES["wiki"] == tuple(negative_sentiment.TEMPLATES)


def test_what_explains_what():
    bios, wiki = specification("bios", "A", "log_tpr_ratio"), specification("wiki", "B", "fpr")
    assert (bios.name, bios.outcome, bios.item) == ("A", "log_tpr_ratio", "occupation")
    assert bios.regressors == ("pronoun_ranking", "prevalence_she")
    assert (wiki.name, wiki.outcome, wiki.item) == ("B", "fpr", "identity_term")
    assert wiki.regressors[0] == "negative_sentiment"
    assert {"toxic_share", "prevalence"} <= set(wiki.regressors)


@pytest.fixture(scope="module")
def fitted():
    return dict(fit_columns("bios", bios_table(upstream_grid()), "log_tpr_ratio"))


def test_every_column_is_there_in_order_and_one_without_models_says_so(fitted):
    assert list(fitted) == [column.name for column in COLUMNS["bios"]]
    assert fitted["Balanced"] == "no such model in this study"


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
    assert found.coefficients["coefficient"].to_numpy() == pytest.approx(expected)
    assert found.observations == len(rows)
    assert found.undefined == 140 - len(rows)


def test_a_column_that_cannot_be_fitted_gives_the_reason():
    rows = bios_table(upstream_grid()).assign(log_tpr_ratio=np.nan)
    reasons = dict(fit_columns("bios", rows, "log_tpr_ratio"))
    assert all(isinstance(reason, str) and reason for reason in reasons.values())


@pytest.mark.parametrize("hc3", ["lsdv", "within", "arellano"])
def test_the_chosen_standard_errors_stand_beside_all_three(fitted, hc3):
    table = pd.DataFrame(coefficient_rows("bios", "Noise added", fitted["Noise added"], hc3))
    assert (table["column"] == "Noise added").all()
    assert table["standard_error"].tolist() == table[f"standard_error_{hc3}"].tolist()
    assert table["p_value"].tolist() == table[f"p_value_{hc3}"].tolist()
    assert table["p_value_item_clustered"].notna().all()
    assert (table["hc3"] == hc3).all()
    # 3 trials of each noise and the unmodified model.
    assert (table["models"] == 7).all()
    assert (table["observations"] + table["undefined"] == 7 * 140).all()
    assert (table["undefined_reason"] == "").all()


def test_a_column_without_a_fit_is_one_row_with_its_reason():
    assert coefficient_rows("wiki", "Scrubbed", "no such model", "lsdv") == [
        {"task": "wiki", "column": "Scrubbed", "undefined_reason": "no such model"}
    ]
