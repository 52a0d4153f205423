"""The numbers that figures draw: one an item under each intervention, worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.correlation import bias_distribution_correlations
from bias_transfer.analysis.means import ITEM_MEAN_COLUMNS, item_means
from tests.unit.paper_grid import BIOS

NAN = np.nan


def row(upstream, dataset, item, template, before, after):
    """One observation; kinds are what stands before the first dash."""
    return {
        "model": f"{upstream}/{dataset}/full/seed1",
        "upstream": upstream,
        "upstream_kind": upstream.split("-")[0],
        "upstream_strength": NAN,
        "dataset_kind": dataset.split("-")[0],
        "dataset": dataset,
        "occupation": item,
        "template": template,
        "pronoun_ranking": before,
        "log_tpr_ratio": after,
    }


def means_of(*rows):
    return item_means(pd.DataFrame(rows), BIOS)


def test_a_model_that_lacks_templates_counts_as_much_as_another():
    table = means_of(
        row("random-t1", "original", "poet", "is", 0.0, NAN),
        row("random-t1", "original", "poet", "become", NAN, NAN),
        row("random-t2", "original", "poet", "is", 1.0, NAN),
        row("random-t2", "original", "poet", "become", 1.0, NAN),
    )
    found = table.set_index("measure").loc["pronoun_ranking"]
    # The mean of 0 and 1; that of the three values is 0.667.
    assert found["value"] == 0.5
    assert (found["observations"], found["undefined"], found["models"]) == (4, 1, 2)


def test_a_value_that_repeats_over_templates_is_counted_once():
    table = means_of(
        *(row("random-t1", "original", "poet", t, 0.0, 0.3) for t in ("is", "become")),
        *(row("random-t2", "original", "poet", t, 0.0, NAN) for t in ("is", "become")),
    )
    found = table.set_index("measure").loc["log_tpr_ratio"]
    assert found["value"] == 0.3
    assert (found["observations"], found["undefined"]) == (2, 1)


def test_an_item_without_any_value_stays_with_its_counts():
    (found,) = means_of(row("pretrained", "original", "poet", "is", 1.0, NAN)).query(
        "measure == 'log_tpr_ratio'"
    )["value"]
    assert np.isnan(found)


def test_an_infinity_is_no_value():
    table = means_of(
        row("random-t1", "original", "poet", "is", 0.0, 0.3),
        row("random-t2", "original", "poet", "is", 0.0, -np.inf),
    )
    found = table.set_index("measure").loc["log_tpr_ratio"]
    assert (found["value"], found["observations"], found["undefined"]) == (0.3, 2, 1)


def test_items_stay_in_the_order_of_the_observations():
    variance = {"log_variance": 0.04}
    outcome = BIOS.outcome.model_copy(update={"variance": "log_variance"})
    task = BIOS.model_copy(update={"outcome": outcome, "outcomes": (outcome,)})
    rows = [
        row("pretrained", "original", item, template, 1.0, 0.1) | variance
        for item in ("poet", "baker", "nurse")
        for template in ("is", "become")
    ]
    table = item_means(pd.DataFrame(rows), task)
    for _, items in table.groupby("measure")["item"]:
        assert items.tolist() == ["poet", "baker", "nurse"]


def test_the_twin_of_altered_data_is_the_same_checkpoints_on_the_original():
    table = means_of(
        row("pretrained", "original", "poet", "is", 1.0, 0.1),
        row("random-t1", "original", "poet", "is", 2.0, 0.2),
        row("random-t2", "original", "poet", "is", 4.0, 0.8),
        row("random-t1", "balance-a1-b0", "poet", "is", 2.0, 0.4),
        row("pretrained", "balance-a0-b1", "poet", "is", 1.0, 0.5),
    ).query("measure == 'log_tpr_ratio'")
    assert table[
        ["upstream_kind", "dataset", "twin_of", "models", "value"]
    ].to_numpy().tolist() == [
        ["pretrained", "original", "", 1, 0.1],
        ["random", "original", "", 2, 0.5],
        ["random", "balance-a1-b0", "", 1, 0.4],
        ["pretrained", "balance-a0-b1", "", 1, 0.5],
        # The second random checkpoint never met altered data.
        ["random", "original", "balance-a1-b0", 1, 0.2],
        ["pretrained", "original", "balance-a0-b1", 1, 0.1],
    ]


def test_the_columns_are_fixed_and_a_measure_that_the_table_lacks_is_passed_over():
    table = means_of(row("pretrained", "original", "poet", "is", 1.0, 0.1))
    assert table.columns.tolist() == list(ITEM_MEAN_COLUMNS)
    assert set(table["measure"]) == {"pronoun_ranking", "log_tpr_ratio"}
    assert set(table["task"]) == {"bios"}


def test_the_standard_error_of_upstream_bias_is_that_of_the_templates_means():
    table = means_of(
        # Means over models 0.5, 1.5 and 4.
        row("random-t1", "original", "poet", "is", 0.0, NAN),
        row("random-t1", "original", "poet", "become", 1.0, NAN),
        row("random-t1", "original", "poet", "works_as", 4.0, NAN),
        row("random-t2", "original", "poet", "is", 1.0, NAN),
        row("random-t2", "original", "poet", "become", 2.0, NAN),
        row("random-t2", "original", "poet", "works_as", NAN, NAN),
        row("random-t1", "original", "baker", "is", 1.0, NAN),
    ).query("measure == 'pronoun_ranking'")
    errors = table.set_index("item")["standard_error"]
    # Variance of 0.5, 1.5 and 4: (1.5² + 0.5² + 2²) / 2 = 3.25.
    assert errors["poet"] == pytest.approx((3.25 / 3) ** 0.5)
    assert np.isnan(errors["baker"])
    # Student's t with two degrees of freedom, from a printed table; about the models' mean.
    ends = table.set_index("item")[["low", "high"]]
    half = 4.3027 * (3.25 / 3) ** 0.5
    middle = (5 / 3 + 1.5) / 2
    assert ends.loc["poet"].tolist() == pytest.approx([middle - half, middle + half], rel=1e-4)
    assert ends.loc["baker"].isna().all()


def test_the_standard_error_of_downstream_bias_is_that_of_the_counts():
    rows = [
        row("random-t1", "original", "poet", "is", 0.0, 0.1) | {"log_variance": 0.04},
        row("random-t2", "original", "poet", "is", 0.0, 0.3) | {"log_variance": 0.02},
        # Without a value it adds nothing to the mean, nor does its variance.
        row("random-t3", "original", "poet", "is", 0.0, NAN) | {"log_variance": 9.0},
        row("random-t1", "original", "baker", "is", 0.0, 0.1) | {"log_variance": NAN},
    ]
    outcome = BIOS.outcome.model_copy(update={"variance": "log_variance"})
    task = BIOS.model_copy(update={"outcome": outcome, "outcomes": (outcome,)})
    table = item_means(pd.DataFrame(rows), task).query("measure == 'log_tpr_ratio'")
    errors = table.set_index("item")["standard_error"]
    # Both models are tested on the same rows, and so what these may err is no less in their mean.
    assert errors["poet"] == pytest.approx(0.03**0.5)
    assert np.isnan(errors["baker"])
    ends = table.set_index("item")[["low", "high"]]
    half = 1.95996 * 0.03**0.5
    assert ends.loc["poet"].tolist() == pytest.approx([0.2 - half, 0.2 + half], rel=1e-5)


def test_a_share_of_few_test_rows_has_wilsons_interval():
    rows = [
        row("random-t1", "original", item, "is", 0.0, NAN)
        | {"fpr": fpr, "fpr_variance": 0.01, "test_nontoxic": tested}
        for item, fpr, tested in (("none", 0.0, 10), ("all", 1.0, 10), ("some", 15 / 148, 148))
    ]
    rows.append(row("random-t1", "original", "untested", "is", 0.0, NAN) | {"test_nontoxic": 0})
    outcome = BIOS.outcome.model_copy(
        update={
            "column": "fpr",
            "logarithm": False,
            "variance": "fpr_variance",
            "proportion": True,
            "test_rows": "test_nontoxic",
        }
    )
    table = item_means(pd.DataFrame(rows), BIOS.model_copy(update={"outcomes": (outcome,)}))
    ends = table.query("measure == 'fpr'").set_index("item")[["low", "high"]]
    # Of 0 of n the upper end is z² / (n + z²): 3.8415 / 13.8415.
    assert ends.loc["none"].tolist() == pytest.approx([0, 0.27753], abs=1e-5)
    assert ends.loc["all"].tolist() == pytest.approx([0.72247, 1], abs=1e-5)
    # Newcombe (1998), Statistics in Medicine 17, Table I, method 3: 15 of 148.
    assert ends.loc["some"].tolist() == pytest.approx([0.0624, 0.1605], abs=5e-5)
    assert ends.loc["untested"].isna().all()


def test_without_a_known_variance_there_is_no_standard_error():
    table = means_of(row("pretrained", "original", "poet", "is", 1.0, 0.1))
    assert table.set_index("measure").loc["log_tpr_ratio", ["standard_error"]].isna().all()


@pytest.mark.parametrize("measure", ["pronoun_ranking", "log_tpr_ratio"])
def test_a_correlation_is_that_of_the_means(measure):
    rng = np.random.default_rng(1)
    rows = [
        row(upstream, "original", item, template, rng.normal(), after)
        for upstream in ("pretrained", "random-t1", "random-t2")
        for item in "abcdef"
        for after in [rng.normal()]
        for template in ("is", "become")
    ]
    rows[-1]["pronoun_ranking"] = NAN
    table = pd.DataFrame(rows)
    means = item_means(table, BIOS).query("measure == @measure")
    wide = means.pivot(index="item", columns="upstream_kind", values="value")
    found = bias_distribution_correlations(
        table, "occupation", ["pronoun_ranking"], ["log_tpr_ratio"]
    ).query("measure == @measure and upstream_kind == 'random'")
    assert found["pearson"].item() == pytest.approx(wide["random"].corr(wide["pretrained"]))
