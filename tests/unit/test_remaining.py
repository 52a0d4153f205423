"""What an intervention leaves of the unmodified model's bias, beside numbers found otherwise."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from bias_transfer.analysis.remaining import BEFORE, REMAINING_COLUMNS, remaining
from bias_transfer.report.html import html
from bias_transfer.report.remaining import least_left, remaining_sheet
from tests.unit.transfer_data import TASK, observed, performance

FULL = TASK.model_copy(update={"adaptations": (("full", "Full fine-tuning"),)})
NUMBERS = ["remaining", "low", "high"]


def models(values, *, seeds=(1,), kind="counterfactual", strength=0.5, **more):
    """Return observations of one intervention: the outcome by item, one list a fine-tuning seed."""
    upstream = kind if np.isnan(strength) else f"{kind}-s{strength:g}"
    return pd.DataFrame(
        {
            "model": f"{upstream}/original/full/seed{seed}",
            "upstream": upstream,
            "dataset": "original",
            "adaptation": "full",
            "seed": seed,
            "upstream_kind": kind,
            "upstream_strength": strength,
            "dataset_kind": "original",
            "occupation": f"occupation {place}",
            "pronoun_ranking": float(place**2),
            "log_tpr_ratio": value,
        }
        | {name: each[place] for name, each in more.items()}
        for seed, of_seed in zip(seeds, values, strict=True)
        for place, value in enumerate(of_seed)
    )


def control(*values, seeds=None, **more):
    given = seeds or tuple(range(1, 1 + len(values)))
    return models(values, seeds=given, kind="pretrained", strength=np.nan, **more)


def after(*parts, task=FULL, failed=(), fewest=1):
    """Return the row of the only intervention after fine-tuning."""
    rows = pd.concat(parts, ignore_index=True)
    found = remaining(rows, performance(rows, failed), task, fewest)
    (row,) = found[found["adaptation"] == "full"].to_dict("records")
    return row


TEN = np.arange(10)
OWN = np.array([0.3, -1.2, 0.8, 2.0, -0.4, 0.1, 1.1, -2.2])


@pytest.mark.parametrize(("factor", "level"), [(1, 0), (0.5, 3), (-1, -2), (0.25, 100)])
def test_it_is_by_how_much_each_items_distance_from_the_mean_is_multiplied(factor, level):
    found = after(control(OWN), models([factor * OWN + level]))
    assert [found[name] for name in NUMBERS] == pytest.approx([factor] * 3)
    assert (found["models"], found["unmodified_models"], found["items"]) == (1, 1, 8)


def test_of_one_seed_it_is_the_slope_of_the_one_on_the_other_with_jackknifed_errors():
    altered = np.array([0.2, -0.5, 0.9, 0.4, -0.3, 0.4, 0.2, -1.0])
    found = after(control(OWN), models([altered]))
    # statsmodels: the jackknife's variance about the estimate is (n − 1) / n of HC3's.
    fit = sm.OLS(altered, sm.add_constant(OWN)).fit(cov_type="HC3")
    margin = stats.t.ppf(0.975, 7) * fit.bse[1] * np.sqrt(7 / 8)
    assert [found[name] for name in NUMBERS] == pytest.approx(
        [fit.params[1], fit.params[1] - margin, fit.params[1] + margin]
    )


def test_of_several_seeds_it_is_of_what_they_have_in_common():
    first = np.array([3.0, -1, 1, -3, 2, -2])
    second = np.array([1.0, -1, 3, -3, 2, -2])
    altered = np.array([2.0, 0, 2, -4, 1, -1])
    found = after(control(first, second), models([altered]))
    # ⟨first, second⟩ = 3 + 1 + 3 + 9 + 4 + 4 = 24. The altered model has the first one's seed, and
    # what both owe to it is no bias that remains: ⟨altered, second⟩ = 2 + 6 + 12 + 2 + 2 = 24.
    assert found["remaining"] == pytest.approx(24 / 24)
    # With a third seed it is compared with both: ⟨altered, first⟩ = 6 + 2 + 12 + 2 + 2 = 24 too.
    found = after(control(first, second), models([altered * 2], seeds=(3,)))
    assert found["remaining"] == pytest.approx(48 / 24)


def test_chance_of_seeds_makes_it_no_smaller():
    rng = np.random.default_rng(1)
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(40):
        bias = rng.normal(size=30)
        first, second, altered = (bias * by + rng.normal(0, 0.5, 30) for by in (1, 1, 0.6))
        found[2].append(after(control(first, second), models([altered]))["remaining"])
        found[1].append(after(control(first), models([altered]))["remaining"])
    errors = {seeds: np.std(each) / np.sqrt(40) for seeds, each in found.items()}
    assert np.mean(found[2]) == pytest.approx(0.6, abs=3 * errors[2])
    # Of one seed the bias is divided by its own variance, of which 1 / 1.25 is no chance.
    assert np.mean(found[1]) == pytest.approx(0.6 / 1.25, abs=3 * errors[1])


def test_models_of_an_intervention_are_averaged_and_items_that_one_lacks_are_counted():
    lacking = np.where(np.arange(8) == 3, np.nan, OWN)
    found = after(control(OWN), models([OWN, 0.5 * lacking], seeds=(1, 2)))
    assert found["remaining"] == pytest.approx(0.75)
    assert (found["models"], found["items"], found["undefined_items"]) == (2, 7, 1)


def test_of_several_groups_the_means_of_the_groups_are_no_bias_of_items():
    group = ["women", "nonbinary"] * 6
    label = [f"trade {place // 2}" for place in range(12)]
    shift = np.tile([0.0, 5.0], 6)
    bias = np.array([0.3, -1, 0.5, 2, -0.4, 0.7, 1.1, -2, -0.6, 0.2, 0.9, -0.3])
    more = {"group": group, "label": label}
    found = after(control(bias, **more), models([0.4 * bias - 3 * shift], **more))
    assert [found[name] for name in NUMBERS] == pytest.approx([0.4] * 3)


def test_errors_go_together_in_items_of_one_label():
    label = [f"trade {place // 2}" for place in range(12)]
    one = np.repeat([0.3, -1.2, 0.8, 2.0, -0.4, -1.5], 2)
    moved = 0.5 * one + np.repeat([0.2, -0.3, 0.1, 0.2, -0.1, -0.1], 2)
    group = ["women"] * 12
    alone = after(control(one), models([moved]))
    found = after(control(one, label=label, group=group), models([moved], label=label, group=group))
    assert found["remaining"] == pytest.approx(alone["remaining"])
    # Each value stands twice: as labels, six of them; the ends are those of six single items.
    single = after(control(one[::2]), models([moved[::2]]))
    assert [found[name] for name in NUMBERS] == pytest.approx([single[name] for name in NUMBERS])


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((control(OWN[:5]), models([OWN[:5]])), "fewer than 6 items are defined in all models"),
        ((control(OWN * 0 + 2), models([OWN])), "the unmodified model's values do not vary"),
        (
            (control(OWN, -OWN), models([OWN])),
            "the mean of the unmodified model's seeds does not vary",
        ),
        ((models([OWN]),), "there is no unmodified model that learnt the task"),
        (
            # 2 r / (1 + r), of the correlation r = 0.2 of two seeds with equal variances.
            (control(np.repeat([1, -1], 5), [1, 1, 1, -1, -1, -1, -1, -1, 1, 1]), models([TEN])),
            "the reliability of the unmodified model's bias over seeds is 0.33, and 0.5 is needed",
        ),
    ],
)
def test_where_it_cannot_be_told_it_says_why(parts, reason):
    found = after(*parts)
    assert np.isnan([found[name] for name in NUMBERS]).all()
    assert found["reason"] == reason


def test_of_values_that_do_not_vary_nothing_remains_and_how_sure_that_is_cannot_be_told():
    found = after(control(OWN), models([OWN * 0]))
    assert found["remaining"] == 0
    assert np.isnan([found["low"], found["high"]]).all()
    assert found["reason"] == "all items have the same value, which has no error to tell"


def test_models_that_did_not_learn_and_items_of_few_test_rows_are_left_out():
    tested = [20] * 7 + [3]
    wild = np.where(np.arange(8) == 7, 50.0, 0.5 * OWN)
    name = "smaller_group_rows"
    given = (control(OWN, **{name: tested}), models([wild], **{name: tested}))
    found = after(*given, fewest=10)
    assert (found["remaining"], found["items"]) == (pytest.approx(0.5), 7)
    rows = pd.concat([*given, models([9 * OWN], seeds=(2,), **{name: tested})])
    failed = [f"counterfactual-s0.5/original/full/seed{seed}" for seed in (1, 2)]
    found = after(rows, failed=failed[1:], fewest=10)
    assert (found["remaining"], found["models"]) == (pytest.approx(0.5), 1)
    found = after(rows, failed=failed, fewest=10)
    assert (found["models"], found["reason"]) == (
        0,
        "there is no model of the intervention that learnt the task",
    )


def test_of_an_unmodified_model_that_did_not_learn_the_task_nothing_is_compared():
    found = after(control(OWN), models([OWN]), failed=["pretrained/original/full/seed1"])
    assert found["reason"] == "there is no unmodified model that learnt the task"
    assert (found["unmodified_models"], np.isnan(found["remaining"])) == (0, True)


def test_without_an_intervention_nothing_is_compared():
    rows = control(OWN)
    found = remaining(rows, performance(rows), FULL, 1)
    assert found.empty and list(found) == list(REMAINING_COLUMNS)
    assert list(least_left(found, FULL)) == []
    (block,) = remaining_sheet(found, FULL, "", {}).blocks
    assert len(block) == 1


@pytest.fixture(scope="module")
def of_the_dial():
    """Return what remains where downstream bias is half of the model's own, and the data's."""
    rows = observed(between=0.5, within=0.5, data=0.0, noise=0.001)
    return remaining(rows, performance(rows), TASK, 10)


def test_a_checkpoint_is_told_of_once_and_altered_data_only_after_fine_tuning(of_the_dial):
    assert list(of_the_dial) == list(REMAINING_COLUMNS)
    before = of_the_dial[of_the_dial["adaptation"] == BEFORE]
    assert before["upstream_kind"].tolist() == [*["counterfactual"] * 3, "random"]
    # The dial at s multiplies the model's bias by 1 − 2 s, and with it downstream bias.
    dial = of_the_dial[of_the_dial["upstream_kind"] == "counterfactual"]
    for _, rows in dial.groupby("adaptation"):
        assert rows["remaining"].tolist() == pytest.approx([1, 0, -1], abs=0.01)
    assert (of_the_dial["dataset_kind"] == "balance").sum() == 2
    assert not (before["dataset_kind"] == "balance").any()


def test_the_answer_names_what_leaves_the_least_and_what_of_downstream_bias_that_leaves(
    of_the_dial,
):
    (said,) = least_left(of_the_dial, TASK)
    assert said.startswith(
        "of the changes to the checkpoint, counterfactual (s = 0.5) leaves the least of its bias. "
        "Before fine-tuning 0.00 of pronoun ranking remains (1: as the items of the unmodified "
        "model differ; 0: nothing of that), of log TPR ratio after full fine-tuning 0.00 (95 % "
        "interval 0.00 to 0.00); head only 0.00 (95 % "
    )
    # Downstream bias of the made-up random model is as its own upstream bias, which never turned.
    assert said.endswith(
        " For comparison, a checkpoint that holds nothing of the pre-training, after full "
        "fine-tuning: 1.00 (95 % interval 1.00 to 1.00)."
    )
    # A checkpoint that holds nothing of the pre-training is no change to it.
    random = of_the_dial[of_the_dial["upstream_kind"] == "random"]
    assert list(least_left(random, TASK)) == []


def test_the_table_has_a_column_before_and_one_for_each_way_of_fine_tuning(of_the_dial):
    sheet = remaining_sheet(
        of_the_dial, TASK, "Generated text.", {("bios", "balance-a1-b0"): "α = 1"}
    )
    assert sheet.columns == 3
    assert [head.text for head in sheet.heads[1]] == ["", "Full fine-tuning", "Head only"]
    (block,) = sheet.blocks
    rows = {row.label.text: [cell.text for cell in row.cells] for row in block if row.label.text}
    assert rows["Counterfactual (s = 0.5)"][0] == "0.00"
    assert rows["Counterfactual (s = 1)"] == ["−1.00", "−1.00", "−1.00"]
    # Altered data have no bias before fine-tuning.
    balanced = next(cells for label, cells in rows.items() if label.endswith("(α = 1)"))
    assert balanced[0] == ""
    assert any("holds nothing of the pre-training" in note for note in sheet.notes)
    assert not any("one fine-tuning seed" in note for note in sheet.notes)
    assert "What remains of the unmodified model" in html(sheet)
