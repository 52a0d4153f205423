"""One row a model × item: what enters inference, and what is left out of it."""

import numpy as np
import pytest

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, VARIANCE, cells
from bias_transfer.analysis.changes import changes
from tests.unit.transfer_data import DIAL, ITEMS, TASK, observed, performance

TABLE = observed()
RANDOM = "not pre-trained (no bias to pass on)"
NOT_LEARNT = "that did not learn the task (how it fails is no bias)"
UNMODIFIED = [f"pretrained/original/full/seed{seed}" for seed in (1, 2)]


def made(table=TABLE, failed=(), adaptation="full", fewest=10):
    return cells(table, performance(table, failed), TASK, adaptation, fewest)


def test_a_model_and_an_item_have_one_row_whatever_the_templates():
    table = made().table
    assert len(table) == 5 * 2 * len(ITEMS)
    assert not table.duplicated(["model", "item"]).any()


def test_upstream_bias_is_the_mean_over_templates():
    of = made()
    np.testing.assert_allclose(of.table[UPSTREAM], of.templates.mean(axis=1))


def test_only_the_asked_adaptation_is_in():
    assert all("/head/" in model for model in made(adaptation="head").table["model"])


def test_a_checkpoint_that_knows_nothing_has_no_bias_to_pass_on():
    of = made()
    assert not of.table["variant"].str.startswith("random").any()
    assert of.left_out == {RANDOM: 2}


def test_a_method_that_moves_more_than_bias_is_no_instrument():
    crude = DIAL.model_copy(update={"instrument": False})
    others = tuple(each for each in TASK.interventions if each != DIAL)
    task = TASK.model_copy(update={"interventions": (*others, crude)})
    crude_reason = "altered by Counterfactual (which may change more than the bias that it moves)"
    of = cells(TABLE, performance(TABLE), task, "full", 10)
    assert set(of.table["variant"]) == {"pretrained/original", "pretrained/balance-a1-b0"}
    assert of.left_out == {RANDOM: 2, crude_reason: 6}


def test_a_model_of_altered_data_whose_covariates_are_of_other_data_tells_nothing_of_them():
    altered = "altered data that its covariates do not describe (analysis.covariates_from)"
    own, original = (
        made(TABLE.assign(covariates_dataset=each)) for each in (TABLE["dataset"], "original")
    )
    assert own.left_out == {RANDOM: 2}
    assert set(original.table["dataset"]) == {"original"}
    assert original.left_out == {RANDOM: 2, f"of {altered}": 2}


def test_a_model_of_altered_data_may_learn_less_but_not_nothing():
    balanced = "pretrained/balance-a1-b0/full/seed1"
    known = performance(TABLE)
    known.loc[known["model"] == balanced, "accuracy"] = 0.2
    assert cells(TABLE, known, TASK, "full", 10).left_out == {RANDOM: 2}
    assert made(failed=[balanced]).left_out == {RANDOM: 2, NOT_LEARNT: 1}


def test_a_seed_that_failed_does_not_lower_what_the_others_must_gain():
    known = performance(TABLE, failed=UNMODIFIED[:1])
    weak = "counterfactual-s1/original/full/seed1"
    # Half of what both seeds of the unmodified model gain, and less than half of the one that did.
    known.loc[known["model"] == weak, "accuracy"] = 0.35
    assert cells(TABLE, known, TASK, "full", 10).left_out == {RANDOM: 2, NOT_LEARNT: 2}


@pytest.mark.parametrize(
    "failed, moved",
    [
        (["counterfactual-s1/original/full/seed1"], {"model"}),
        (["pretrained/balance-a1-b0/full/seed1"], {"data"}),
        (["pretrained/original/full/seed1"], set()),
        (
            ["counterfactual-s1/original/full/seed1", "pretrained/balance-a1-b0/full/seed1"],
            {"model", "data"},
        ),
    ],
)
def test_which_source_was_moved_in_models_that_failed_is_known(failed, moved):
    assert made(failed=failed).failed == moved


@pytest.mark.parametrize("accuracy, learnt", [(0.44, False), (0.46, True)])
def test_a_model_of_the_data_as_they_are_must_gain_half_of_what_the_unmodified_one_does(
    accuracy, learnt
):
    # That one is right in 0.8 of the rows, where the majority class is in 0.1.
    known, weak = performance(TABLE), "counterfactual-s1/original/full/seed1"
    known.loc[known["model"] == weak, "accuracy"] = accuracy
    assert (NOT_LEARNT not in cells(TABLE, known, TASK, "full", 10).left_out) is learnt


def grouped():
    """Return observations in which each of six labels is compared in two groups."""
    number = TABLE["occupation"].str.split().str[1].astype(int)
    groups = np.where(number % 2 == 0, "women", "others")
    return TABLE.assign(label=((number - 1) // 2).astype(str), group=groups)


def test_of_several_groups_a_model_has_a_level_for_each():
    of = made(grouped())
    assert of.table["level"].nunique() == 2 * of.table["model"].nunique()
    assert made().table["level"].nunique() == made().table["model"].nunique()


def test_items_of_one_label_are_one_cluster():
    table = TABLE.assign(label=TABLE["occupation"].str[-1])
    assert made().table["cluster"].tolist() == made().table["item"].tolist()
    assert made(table).table["cluster"].tolist() == made(table).table["item"].str[-1].tolist()


def test_a_measure_that_repeats_over_templates_has_none():
    measure = TASK.before.model_copy(update={"per_template": False})
    task = TASK.model_copy(update={"measures": (measure,)})
    of = cells(TABLE, performance(TABLE), task, "full", 10)
    assert of.templates.shape == (len(of.table), 0)


def test_a_model_that_did_not_learn_the_task_says_nothing():
    failed = "counterfactual-s1/original/full/seed1"
    of = made(failed=[failed])
    assert failed not in set(of.table["model"])
    assert of.left_out == {RANDOM: 2, NOT_LEARNT: 1}


@pytest.mark.parametrize(
    "majority, hits, learnt",
    [(0.5, 60, False), (0.5, 61, True), (0.47, 57, False), (0.47, 58, True)],
)
def test_a_task_is_learnt_where_more_is_hit_than_luck_may_bring(majority, hits, learnt):
    # Of 100 rows with a majority of one half, R: 1 - pbinom(59, 100, .5) is 0.0284, 1 - pbinom(60,
    # 100, .5) is 0.0176; of 0.47, sums of its probabilities by hand: from 57 on 0.0286, from 58 on
    # 0.0177. The level is 0.025; and 100 * 0.58 is not 58, but for rounding.
    known = performance(TABLE).assign(accuracy=hits / 100, majority_accuracy=majority)
    assert cells(TABLE, known, TASK, "full", 10).learnt is learnt


@pytest.mark.parametrize("majority", [0.1, 1.0])
def test_no_classifier_is_better_than_the_majority_class_at_its_accuracy(majority):
    known = performance(TABLE).assign(accuracy=majority, majority_accuracy=majority)
    assert not cells(TABLE, known, TASK, "full", 10).learnt


def test_one_seed_of_the_unmodified_model_that_learnt_is_enough():
    of = made(failed=UNMODIFIED[:1])
    assert of.learnt
    assert UNMODIFIED[0] not in set(of.table["model"])


def test_where_the_unmodified_model_learnt_nothing_no_other_is_compared_with_it():
    failed = [*UNMODIFIED, "counterfactual-s1/original/full/seed1"]
    of = made(failed=failed)
    assert not of.learnt
    assert of.left_out == {RANDOM: 2}


def test_each_way_of_fine_tuning_is_asked_by_itself():
    assert made(failed=UNMODIFIED, adaptation="head").learnt


def test_a_model_that_is_above_half_the_gain_and_yet_no_better_than_luck_did_not_learn():
    known = performance(TABLE).assign(accuracy=0.61, majority_accuracy=0.5)
    lucky = "counterfactual-s1/original/full/seed1"
    known.loc[known["model"] == lucky, "accuracy"] = 0.59
    of = cells(TABLE, known, TASK, "full", 10)
    assert lucky not in set(of.table["model"])
    assert of.left_out[NOT_LEARNT] == 1


def test_a_cell_without_a_number_is_left_out_and_counted():
    table = TABLE.copy()
    gone = (table["occupation"] == ITEMS[0]) & (table["model"] == "pretrained/original/full/seed1")
    table.loc[gone, "log_tpr_ratio"] = np.nan
    of = made(table)
    assert (of.undefined, of.without_outcome) == (1, 1)
    assert len(of.table) == 5 * 2 * len(ITEMS) - 1
    assert len(of.templates) == len(of.table)


def test_whether_it_is_downstream_bias_that_a_cell_lacks_is_known():
    model = "counterfactual-s1/original/full/seed1"
    gone = (TABLE["occupation"] == ITEMS[0]) & (TABLE["model"] == model)
    of = made(TABLE.assign(prevalence_she=TABLE["prevalence_she"].mask(gone)))
    assert (of.undefined, of.without_outcome) == (1, 0)


@pytest.mark.parametrize("fewest, kept", [(1, ITEMS), (9, ITEMS), (10, ITEMS[1:])])
def test_an_item_of_too_few_test_rows_is_left_out_and_named(fewest, kept):
    table = TABLE.assign(smaller_group_rows=np.where(TABLE["occupation"] == ITEMS[0], 9, 10))
    of = made(table, fewest=fewest)
    assert tuple(of.table["item"].unique()) == kept
    assert of.scarce == tuple(item for item in ITEMS if item not in kept)
    assert of.undefined == 0


def test_an_item_of_few_test_rows_is_scarce_whatever_else_it_lacks():
    few = TABLE["occupation"] == ITEMS[0]
    table = TABLE.assign(smaller_group_rows=np.where(few, 9, 10))
    table.loc[few, "prevalence_she"] = np.nan
    of = made(table)
    assert (of.undefined, of.scarce) == (0, ITEMS[:1])


def test_an_item_whose_number_does_not_exist_is_undefined_and_not_scarce():
    gone = TABLE["occupation"] == ITEMS[0]
    table = TABLE.assign(smaller_group_rows=np.where(gone, 0, 10))
    table.loc[gone, "log_tpr_ratio"] = np.nan
    of = made(table)
    assert (of.undefined, of.scarce) == (5 * 2, ())


def test_the_unmodified_model_is_the_mean_of_its_seeds():
    of = made()
    rows = of.table[of.table["variant"] == "pretrained/original"]
    expected = rows.groupby("item")[OUTCOME].mean()
    np.testing.assert_allclose(of.of_unmodified[OUTCOME].sort_index(), expected.sort_index())


@pytest.mark.parametrize("within", [0.0, 0.7])
def test_changes_follow_the_dial_by_the_slope_within_items(within):
    found = changes(made(observed(within=within, noise=0.0)))
    dial = found[found["variant"] == "counterfactual-s1/original"]
    slope = np.polyfit(dial["upstream_change"], dial["outcome_change"], 1)[0]
    assert slope == pytest.approx(within, abs=1e-9)


@pytest.mark.parametrize("seeds", [(1,), (1, 2, 3)])
def test_a_change_is_of_means_over_seeds_however_many(seeds):
    of = made(observed(seeds=seeds))
    found = changes(of)
    dial = found[found["variant"] == "counterfactual-s1/original"].set_index("item")
    # At its end the dial turns bias round.
    own = of.of_unmodified[UPSTREAM]
    expected = -2 * (own - own.mean())
    np.testing.assert_allclose(dial.loc[own.index, "upstream_change"], expected)
    assert set(dial["models"]) == {len(seeds)}


def test_changes_are_without_what_all_items_share():
    found = changes(made())
    sums = found.groupby("variant")[["upstream_change", "data_change", "outcome_change"]].sum()
    np.testing.assert_allclose(sums, 0, atol=1e-9)


def test_the_error_of_a_change_is_that_of_both_means():
    # A variance of noise² on either side, whatever the seeds: these share the test rows.
    found = changes(made(observed(noise=0.01)))
    np.testing.assert_allclose(found["outcome_error"], 0.01 * 2**0.5)


def test_the_unmodified_model_is_no_change():
    assert "pretrained/original" not in set(changes(made())["variant"])


def test_the_sampling_variance_is_missing_where_the_outcome_has_none():
    plain = TASK.outcome.model_copy(update={"variance": ""})
    task = TASK.model_copy(update={"outcome": plain})
    of = cells(TABLE, performance(TABLE), task, "full", 10)
    assert of.table[VARIANCE].isna().all()
