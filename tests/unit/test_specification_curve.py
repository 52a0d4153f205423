"""Every other choice of measure, template, outcome and question, and its slope."""

import numpy as np
import pytest

from bias_transfer.analysis.cells import cells
from bias_transfer.analysis.slopes import slopes
from bias_transfer.analysis.specification_curve import (
    MEAN,
    SPECIFICATION_COLUMNS,
    specification_curve,
)
from tests.unit.paper_grid import TPR_GAP, downstream
from tests.unit.transfer_data import TASK, observed, performance

OTHER = downstream("other", "other measure", "Other measure")
BOTH = TASK.model_copy(
    update={"measures": (TASK.before, OTHER), "outcomes": (TASK.outcome, TPR_GAP)}
)
SAME = ["standardised", "low", "high", "items"]


@pytest.fixture(scope="module")
def rows():
    table = observed(within=0.3, noise=0.2)
    of_item = table.groupby(["model", "occupation"])
    return table.assign(
        other=of_item["pronoun_ranking"].transform("mean") ** 3,
        tpr_gap=np.tanh(table["log_tpr_ratio"]),
    )


@pytest.fixture(scope="module")
def curve(rows):
    return specification_curve(rows, performance(rows), BOTH, "full", 10)


def test_there_is_a_row_a_source_and_choice(curve):
    assert tuple(curve) == SPECIFICATION_COLUMNS
    # Two templates and their mean; the other measure has none. Two outcomes, questions, sources.
    assert len(curve) == (3 + 1) * 2 * 2 * 2
    assert not curve.duplicated(["source", "measure", "template", "outcome", "effects"]).any()
    assert set(curve.loc[curve["measure"] == "other", "template"]) == {MEAN}
    assert (curve["reason"] == "").all()


def test_the_studys_own_choice_is_marked_and_gives_its_own_slopes(curve, rows):
    own = curve[curve["default"]].set_index(["effects", "source"])
    assert set(zip(own["measure"], own["template"], own["outcome"], strict=True)) == {
        ("pronoun_ranking", MEAN, "log_tpr_ratio")
    }
    found = slopes(cells(rows, performance(rows), BOTH, "full", 10), seed=1)
    expected = found.set_index(["effects", "source"])
    np.testing.assert_allclose(own[SAME].astype(float), expected[SAME].astype(float))


def test_a_template_is_estimated_alone(curve, rows):
    one = rows[rows["template"] == "is"]
    found = slopes(cells(one, performance(one), BOTH, "full", 10), seed=1)
    chosen = curve.query("template == 'is' and measure == 'pronoun_ranking'")
    chosen = chosen[chosen["outcome"] == "log_tpr_ratio"]
    np.testing.assert_allclose(chosen[SAME].astype(float), found[SAME].astype(float))


def test_only_the_asked_adaptation_counts(curve, rows):
    without = rows[rows["adaptation"] == "full"]
    other = specification_curve(without, performance(without), BOTH, "full", 10)
    np.testing.assert_array_equal(curve["standardised"], other["standardised"])


def test_a_choice_without_a_slope_says_why(rows):
    curve = specification_curve(rows.assign(tpr_gap=np.nan), performance(rows), BOTH, "full", 10)
    lost = curve[curve["outcome"] == "tpr_gap"]
    assert lost["standardised"].isna().all()
    assert (lost["reason"] != "").all()
    assert (curve.loc[curve["outcome"] != "tpr_gap", "reason"] == "").all()


def test_another_prior_is_a_choice_where_it_says_anything_else(rows):
    both = ("pronoun_ranking_token", "pronoun_ranking_word")
    measure = TASK.before.model_copy(update={"alternatives": both})
    task = TASK.model_copy(update={"measures": (measure,)})
    priors = rows.assign(
        pronoun_ranking_token=rows["pronoun_ranking"],
        pronoun_ranking_word=rows["pronoun_ranking"] ** 3,
    )
    curve = specification_curve(priors, performance(priors), task, "full", 10)
    assert curve["measure"].unique().tolist() == ["pronoun_ranking", "pronoun_ranking_word"]
    assert set(curve.loc[curve["default"], "measure"]) == {"pronoun_ranking"}
