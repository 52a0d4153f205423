"""From observations to verdicts: what a study whose truth is known says."""

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.cells import OUTCOME, UPSTREAM, cells
from bias_transfer.analysis.changes import CHANGE_COLUMNS
from bias_transfer.analysis.clustered import clustered
from bias_transfer.analysis.evidence import (
    EXPLAINED_COLUMNS,
    RELIABILITY_COLUMNS,
    evidence,
    explained_table,
    reliability_table,
    tables,
    why_unknown,
)
from bias_transfer.analysis.slopes import SLOPE_COLUMNS
from bias_transfer.analysis.verdict import VERDICT_COLUMNS
from tests.unit.transfer_data import ITEMS, TASK, observed, performance


def weighed(rows, failed=()):
    return list(evidence(rows, performance(rows, failed), TASK, 0.2, 10, 1))


def said(rows, adaptation=0):
    return {each.source: each for each in weighed(rows)[adaptation].verdicts}


@pytest.fixture(scope="module")
def found():
    return weighed(observed(within=0.5, noise=0.1))


# The tables


def test_every_table_has_its_columns_and_rows_for_every_task_and_adaptation(found):
    columns = {
        "slopes": SLOPE_COLUMNS,
        "reliability": RELIABILITY_COLUMNS,
        "explained": EXPLAINED_COLUMNS,
        "changes": CHANGE_COLUMNS,
        "verdicts": VERDICT_COLUMNS,
    }
    # Either source by either question; five repetitions; either source; four altered variants.
    rows = {"slopes": 4, "reliability": 5, "explained": 2, "changes": 4 * len(ITEMS), "verdicts": 2}
    made = tables({"bios": found, "other": found})
    assert {name: tuple(table) for name, table in made.items()} == columns
    for name, table in made.items():
        counts = table.groupby(["task", "adaptation"], sort=False).size()
        assert counts.to_dict() == {
            (task, adaptation): rows[name]
            for task in ("bios", "other")
            for adaptation in ("full", "head")
        }


def test_adaptations_come_in_the_order_of_the_description():
    rows = observed(adaptations=("head", "full"))
    assert [each.adaptation for each in weighed(rows)] == ["full", "head"]


def test_adaptations_are_kept_apart():
    rows = pd.concat(
        [
            observed(within=0.5, noise=0.01, adaptations=("full",)),
            observed(within=0.0, noise=0.01, adaptations=("head",)),
        ],
        ignore_index=True,
    )
    words = [said(rows, place)["model"].word for place in (0, 1)]
    assert words == ["transfers", "does not transfer"]


def test_an_adaptation_without_a_model_is_not_estimated():
    found = weighed(observed(adaptations=("full",)))[1]
    assert [each.word for each in found.verdicts] == ["not estimated"] * 2
    assert found.reliability["value"].isna().all()
    assert found.explained["share"].isna().all()


# Reliability


def value(rows, measure, over):
    (row,) = (
        weighed(rows)[0]
        .reliability.query("measure == @measure and over == @over")
        .to_dict("records")
    )
    return row


ONE = "dataset == 'original' and upstream == 'pretrained'"


def test_reliability_over_seeds_by_hand():
    rows = observed(items=ITEMS[:6])
    levels = dict(zip(ITEMS[:6], ((0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)), strict=True))
    rows["log_tpr_ratio"] = [
        float(levels[item][seed - 1])
        for item, seed in zip(rows["occupation"], rows["seed"], strict=True)
    ]
    # Means 0.5, 0.5, 2.5, 2.5, 4.5, 4.5: of items 2 × 3.2; what is left is ±0.5, squared 12 × 0.25,
    # with 5 degrees of freedom.
    row = value(rows, "downstream", "seeds")
    assert row["value"] == pytest.approx(1 - (3 / 5) / 6.4)
    assert (row["items"], row["replicates"]) == (6, 2)


def test_reliability_over_test_rows_is_what_sampling_leaves():
    rows = observed(noise=0.3)
    first = rows.query(ONE).query("seed == 1 and adaptation == 'full' and template == 'is'")
    row = value(rows, "downstream", "test rows")
    assert row["value"] == pytest.approx(1 - 0.09 / first["log_tpr_ratio"].var())
    assert (row["items"], row["replicates"]) == (12, 1)


def test_which_seed_an_item_is_of_does_not_matter_to_the_reliability_over_templates():
    rows = observed(noise=0.1)
    rows["pronoun_ranking"] += 0.3 * (rows["template"] == "is") * rows["prevalence_she"]
    lost = (rows["seed"] == 1) & rows["occupation"].isin(ITEMS[:2])
    with_gaps = rows.assign(log_tpr_ratio=rows["log_tpr_ratio"].mask(lost))
    over = "templates, between items"
    whole, gaps = (value(each, "upstream", over)["value"] for each in (rows, with_gaps))
    assert gaps == pytest.approx(whole, abs=1e-12)


def test_reliability_over_templates_by_hand():
    rows = observed(items=ITEMS[:6])
    first, second = [0, 1, 2, 3, 4, 5], [1, 0, 3, 2, 5, 4]
    places = rows["occupation"].map({item: place for place, item in enumerate(ITEMS[:6])})
    rows["pronoun_ranking"] = [
        float((first if template == "is" else second)[place])
        for template, place in zip(rows["template"], places, strict=True)
    ]
    # Variances 3.5 each, of their sum 12.8; their covariance is 2.9.
    row = value(rows, "upstream", "templates, between items")
    assert row["value"] == pytest.approx(2 * (1 - 7 / 12.8))
    assert (row["items"], row["replicates"]) == (6, 2)
    r = 2.9 / 3.5
    halves = value(rows, "upstream", "templates, split halves")
    assert halves["value"] == pytest.approx(2 * r / (1 + r))
    # No intervention changes anything.
    assert np.isnan(value(rows, "upstream", "templates, within items")["value"])


def reliabilities(rows):
    of = cells(rows, performance(rows), TASK, "full", 10)
    return reliability_table(of).set_index("over")["value"]


def test_an_item_without_some_template_is_left_out_of_the_split_halves():
    rows = observed(noise=0.1)
    rows["pronoun_ranking"] += 0.3 * (rows["template"] == "is") * rows["prevalence_she"]
    first = rows["occupation"] == ITEMS[0]
    lost = first & (rows["template"] == "is")
    with_gap = rows.assign(pronoun_ranking=rows["pronoun_ranking"].mask(lost))
    gap, without = (
        reliabilities(each)["templates, split halves"] for each in (with_gap, rows[~first])
    )
    assert gap == pytest.approx(without)


def test_how_far_groups_lie_apart_makes_no_measure_reliable():
    rows = observed(noise=0.1)
    rows["pronoun_ranking"] += 0.3 * (rows["template"] == "is") * rows["prevalence_she"]
    women = rows["occupation"].isin(ITEMS[::2])
    rows = rows.assign(
        group=np.where(women, "women", "others"),
        label=rows["occupation"].map({item: str(place // 2) for place, item in enumerate(ITEMS)}),
    )
    apart = rows.assign(
        pronoun_ranking=rows["pronoun_ranking"] + 5.0 * women,
        log_tpr_ratio=rows["log_tpr_ratio"] - 9.0 * women,
    )
    found = reliabilities(rows)
    assert found.notna().all() and found.lt(1).all()
    pd.testing.assert_series_equal(reliabilities(apart), found, rtol=1e-9)


@pytest.mark.parametrize(
    ("over", "items", "replicates", "why"),
    [
        ("seeds", 5, 1, "5 items, and 6 are needed"),
        ("seeds", 6, 1, "measured once"),
        (
            *("seeds", 6, 2),
            "too few items with every repetition, or no differences between them",
        ),
        ("test rows", 6, 1, "counts of too few items, or no differences between items"),
        (
            *("templates, within items", 6, 2),
            "nothing changed, or too few items with every template",
        ),
    ],
)
def test_why_a_reliability_is_unknown_is_told(over, items, replicates, why):
    assert why_unknown(over, items, replicates) == why


def test_of_fewer_than_six_items_no_reliability_is_told():
    # Several models of each are no more items.
    reliability = weighed(observed(items=ITEMS[:5], within=0.5, noise=0.1))[0].reliability
    assert reliability["value"].isna().all()


def test_one_seed_says_nothing_of_seeds_and_its_counts_serve():
    rows = observed(noise=0.9, between=0.0, data=0.0, seeds=(1,), random_seed=4)
    assert np.isnan(value(rows, "downstream", "seeds")["value"])
    of_rows = value(rows, "downstream", "test rows")["value"]
    assert of_rows < 0.5
    assert said(rows)["model"].reason.startswith(
        f"the reliability of downstream bias is {of_rows:.2f}"
    )


# The shares


def test_the_shares_sum_to_r_squared(found):
    control = found[0].cells.of_unmodified
    whole = clustered(
        control[OUTCOME].to_numpy(),
        control[[UPSTREAM, "prevalence_she"]].to_numpy(),
        (),
        np.arange(len(control)),
    ).r_squared
    shares = found[0].explained
    assert shares["share"].sum() == pytest.approx(whole)
    assert (shares["low"] < shares["share"]).all()
    assert (shares["share"] < shares["high"]).all()
    assert (shares["reason"] == "").all()


def test_of_a_source_that_is_the_same_for_all_items_no_share_is_told():
    shares = weighed(observed(noise=0.1).assign(prevalence_she=0.1))[0].explained
    model, data = shares.set_index("source").loc[["model", "data"]].to_dict("records")
    assert np.isnan([data[name] for name in ("share", "low", "high", "by_chance")]).all()
    assert data["reason"] == "it is the same for all items of the unmodified model"
    assert (model["reason"], 0 < model["share"] < 1) == ("", True)


def test_of_an_outcome_that_never_varies_no_share_is_told():
    shares = weighed(observed().assign(log_tpr_ratio=0.1))[0].explained
    assert shares["share"].isna().all()
    assert set(shares["reason"]) == {"downstream bias is the same for all items"}


@pytest.mark.parametrize(
    ("more", "why"), [(2, ""), (3, "6 items are too few for 5 columns")], ids=["enough", "too few"]
)
def test_of_more_columns_than_items_can_tell_no_share_is_told(more, why):
    rng, rows = np.random.default_rng(0), observed(noise=0.1, items=ITEMS[:6])
    share, names = TASK.covariates[0], [f"covariate_{number}" for number in range(more)]
    for name in names:
        rows[name] = rows["occupation"].map(dict(zip(ITEMS, rng.normal(size=12), strict=True)))
    others = tuple(share.model_copy(update={"column": name}) for name in names)
    task = TASK.model_copy(update={"covariates": (share, *others)})
    of = cells(rows, performance(rows), task, "full", 10)
    shares = explained_table(of, 1)
    # A constant, upstream bias, the share and those more; of six items one must be left over.
    assert set(shares["reason"]) == {why}
    assert shares["share"].isna().all() == (why != "")


# The verdicts


def test_what_interventions_move_transfers():
    found = said(observed(within=0.5, noise=0.05))["model"]
    assert (found.word, found.effects) == ("transfers", "within")


def test_what_moves_nothing_does_not_transfer_though_it_goes_together():
    rows = observed(within=0.0, between=0.5, noise=0.01)
    found = said(rows)["model"]
    assert (found.word, found.effects) == ("does not transfer", "within")
    between = weighed(rows)[0].slopes.query("source == 'model' and effects == 'between'")
    assert between["low"].item() > 0


def test_noise_leaves_it_undecided_with_what_would_have_been_found():
    found = said(observed(within=0.5, noise=2.0, between=0.0, data=0.0, random_seed=1))["model"]
    assert (found.word, found.reason) == ("undecided", "")
    assert found.smallest_detectable > 0.2


def test_an_unreliable_measure_leaves_it_undecided_and_is_the_reason():
    rows = observed(within=0.5, noise=0.02)
    # Templates that see opposite changes, and agree in nothing but a little.
    rows["pronoun_ranking"] *= np.where(rows["template"] == "is", 1.0, -0.5)
    found = said(rows)["model"]
    assert found.word == "undecided"
    assert found.reason.startswith("the reliability of upstream bias is -")
    assert said(rows)["data"].word == "transfers"


def test_where_no_intervention_moves_it_the_items_speak():
    found = said(observed(between=0.5, noise=0.05).query(ONE))["model"]
    assert (found.word, found.effects) == ("goes with downstream bias", "between")


def test_models_that_did_not_learn_the_task_do_not_count():
    failed = ["counterfactual-s1/original/full/seed1"]
    assert (
        weighed(observed(), failed)[0].cells.left_out[
            "that did not learn the task (how it fails is no bias)"
        ]
        == 1
    )


def test_where_the_models_that_moved_it_failed_the_items_do_not_speak_for_them():
    clear = observed(within=0.0, between=0.8, noise=0.02)
    dial = clear.loc[clear["upstream_kind"] == "counterfactual", "model"].unique()
    (model, data) = weighed(clear, dial)[0].verdicts
    assert (model.word, model.effects) == ("not estimated", "within")
    assert model.reason == "the models in which it was moved did not learn the task"
    assert data.word == "transfers"


def test_an_altered_model_that_answers_with_one_class_is_no_evidence_of_the_data():
    # It levels what the data hold of the items, and its bias too: as if the one moved the other.
    rows = observed(between=0.5, data=0.0, noise=0.02)
    balanced = "pretrained/balance-a1-b0/full/seed"
    one_class = rows["model"].str.startswith(balanced)
    rows["log_tpr_ratio"] = rows["log_tpr_ratio"].mask(one_class, 0.0)
    failed = [f"{balanced}{seed}" for seed in (1, 2)]
    assert weighed(rows, failed)[0].verdicts[1].word == "not estimated"


def test_where_the_unmodified_model_learnt_nothing_there_is_no_verdict_however_clear_the_slope():
    clear = observed(within=0.5, noise=0.02)
    failed = [f"pretrained/original/full/seed{seed}" for seed in (1, 2)]
    full, head = weighed(clear, failed)
    why = "the unmodified model did not learn the task, and how it fails is no bias"
    assert {(each.word, each.reason) for each in full.verdicts} == {("not estimated", why)}
    assert set(full.slopes["reason"]) == set(full.explained["reason"]) == {why}
    assert full.slopes["standardised"].isna().all()
    assert full.explained["share"].isna().all()
    assert {each.word for each in head.verdicts} == {"transfers"}


@pytest.mark.parametrize(
    "rows",
    [
        observed(adaptations=("full",)),
        observed().query("upstream != 'pretrained'"),
        observed().query(ONE),
        observed(seeds=(1,)).query(ONE).query("template == 'is'").drop(columns="template"),
        observed().assign(log_tpr_ratio=np.nan),
    ],
    ids=["an adaptation", "the unmodified model", "interventions", "templates", "outcomes"],
)
def test_whatever_is_absent_the_tables_are_there(rows):
    made = tables({"bios": weighed(rows)})
    assert len(made["verdicts"]) == 4
    assert made["slopes"]["reason"].notna().all()
    without = made["slopes"]["reason"] == ""
    assert made["slopes"].loc[without, "low"].notna().all()
