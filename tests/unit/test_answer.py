"""The answer in a page of text: it leads with a sentence a task; every number stands in a table."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.evidence import evidence, tables
from bias_transfer.analysis.means import item_means
from bias_transfer.analysis.remaining import remaining
from bias_transfer.report.answer import answer, markdown
from tests.unit import paper_grid
from tests.unit.paper_grid import LOG_FPR_RATIO, TPR_GAP, WIKI
from tests.unit.transfer_data import DIAL, ITEMS, TASK, observed, performance

OWN = TASK.model_copy(update={"name": "own", "title": "Own"})


def weighed(rows, task=TASK, failed=()):
    return list(evidence(rows, performance(rows, failed), task, 0.2, 10, 1))


def page_of(rows, tasks=(TASK,), failed=(), warnings=()):
    """Return the page of tasks that share their observations."""
    said = answer(
        "All text is made up.",
        warnings,
        tasks,
        {task.name: rows for task in tasks},
        {task.name: performance(rows, failed) for task in tasks},
        {task.name: weighed(rows, task, failed) for task in tasks},
        {task.name: remaining(rows, performance(rows, failed), task, 10) for task in tasks},
    )
    return markdown(said)


def lead(page, title="BIOS"):
    (line,) = (each for each in page.splitlines() if each.startswith(f"**{title}.**"))
    return line


def section(page, title="BIOS"):
    return page.split(f"## {title}\n")[1].split("\n## ")[0]


FULL = (("full", "Full fine-tuning"),)
ONE = "dataset == 'original' and upstream == 'pretrained'"
TRANSFERS = observed(within=0.5, noise=0.05)
UNDECIDED = observed(within=0.5, noise=2.0, between=0.0, data=0.0, random_seed=1)
UNRELIABLE = observed(within=0.5, noise=2.0, between=0.0, data=0.0, random_seed=3)


@pytest.fixture(scope="module")
def page():
    return page_of(TRANSFERS, (TASK, OWN))


def signed(value):
    return f"{value:+.2f}".replace("-", "−")


# Its lead


def test_it_leads_with_a_sentence_a_task_and_only_then_has_sections(page):
    parts = [
        "All text is made up.",
        "**BIOS.**",
        "**Own.**",
        "The numbers are",
        "## BIOS",
        "## Own",
    ]
    assert sorted(parts, key=page.index) == parts


def test_what_was_warned_of_is_told_before_the_sections(page):
    assert "Warned of" not in page
    said = page_of(TRANSFERS, (TASK, OWN), warnings=("bios: no row of one", "own: copies"))
    told = "Warned of while the study was made:\n\n- bios: no row of one\n- own: copies\n"
    assert said == page.replace("\n\n## BIOS", f"\n\n{told}\n## BIOS", 1)


def test_the_sentence_is_of_the_first_adaptation_and_the_others_follow_in_the_section(page):
    assert lead(page).startswith("**BIOS.** Full fine-tuning: the pre-trained model's bias ")
    assert "- Head only: the pre-trained model's bias transfers (" in section(page)


def test_the_sentences_numbers_are_those_of_the_table_of_verdicts(page):
    verdicts = tables({TASK.name: weighed(TRANSFERS)})["verdicts"]
    rows = verdicts[verdicts["adaptation"] == "full"]
    for source in ("model", "data"):
        (row,) = rows[rows["source"] == source].to_dict("records")
        numbers = [signed(row[name]) for name in ("standardised", "low", "high")]
        assert "({}, 95 % interval {} to {})".format(*numbers) in lead(page)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (TRANSFERS, "the pre-trained model's bias transfers ("),
        (observed(within=-0.5, noise=0.05), "the pre-trained model's bias is inverted ("),
        (observed(noise=0.01), "the pre-trained model's bias does not transfer ("),
        (
            observed(within=0.04, noise=0.005),
            "the pre-trained model's bias transfers, but less than matters (",
        ),
        (UNDECIDED, "whether the pre-trained model's bias transfers is undecided ("),
        (observed().query(ONE), "the pre-trained model's bias goes with downstream bias ("),
        (
            observed(between=-0.5).query(ONE),
            "the pre-trained model's bias goes against downstream bias (",
        ),
        (
            observed(between=0.0, noise=0.002).query(ONE),
            "the pre-trained model's bias does not go with downstream bias (",
        ),
        (
            observed(items=ITEMS[:5]),
            "whether the pre-trained model's bias transfers is not estimated (the unmodified model "
            "has every number for 5 items, and 6 are needed)",
        ),
    ],
)
def test_every_verdict_has_its_words(rows, said):
    assert said in lead(page_of(rows))


def test_what_is_undecided_comes_with_what_would_have_been_found():
    (row,) = (each for each in weighed(UNDECIDED)[0].verdicts if each.source == "model")
    said = f"this study would have found {row.smallest_detectable:.2f} with a power of 80 %"
    assert said in lead(page_of(UNDECIDED))


def test_an_unreliable_measure_is_named():
    said = "the reliability of downstream bias is 0.36, and 0.5 is needed"
    assert said in lead(page_of(UNRELIABLE))


def test_a_verdict_that_does_not_stand_over_fine_tuning_seeds_says_so():
    # From the same items, one seed's models pass on what another's turn round.
    first, second = (observed(within=each, noise=0.05) for each in (0.9, -0.2))
    rows = pd.concat([first[first["seed"] == 1], second[second["seed"] == 2]])
    own = weighed(rows)[0].slopes
    (row,) = own[(own["source"] == "model") & (own["effects"] == "within")].to_dict("records")
    assert row["bootstrap_low"] < 0 < row["low"]
    assert "the pre-trained model's bias transfers (" in lead(page_of(rows))
    low, high = (signed(row[name]) for name in ("bootstrap_low", "bootstrap_high"))
    assert (
        "- Full fine-tuning: resampled over the 2 fine-tuning seeds beside the items, the model's "
        f"bias has a 95 % interval {low} to {high}, which leaves undecided whether it transfers.\n"
    ) in section(page_of(rows))
    # Where every seed says the same, and where there is one only, nothing is added.
    for others in (TRANSFERS, rows[rows["seed"] == 1]):
        assert "fine-tuning seeds beside the items" not in page_of(others)


def mixed(full, head):
    """Return observations in which the model's bias moves one way under each fine-tuning."""
    return pd.concat(
        [
            observed(within=full, noise=0.01).query("adaptation == 'full'"),
            observed(within=head, noise=0.01).query("adaptation == 'head'"),
        ]
    )


def test_a_verdict_that_rests_on_few_items_says_so():
    said = "few occupations decide the slope on the model's bias, as "
    unmoved = observed(noise=0.01)
    assert said not in page_of(unmoved)
    most = ~unmoved["occupation"].isin(ITEMS[:2])
    scaled = unmoved["pronoun_ranking"].where(~most, 0.05 * unmoved["pronoun_ranking"])
    few = unmoved.assign(pronoun_ranking=scaled)
    of_full = weighed(few)[0].slopes.set_index(["source", "effects"])["effective_clusters"]
    assert f"- Full fine-tuning: {said}{of_full['model', 'within']:.1f} of" in page_of(few)


def test_another_way_of_fine_tuning_that_shows_something_else_is_named_at_once():
    assert lead(page_of(mixed(0.0, 0.5))).endswith(
        "). Not so with head only: there the pre-trained model's bias transfers."
    )
    # What is found alike, and what is undecided there, is no contradiction.
    assert "Not so" not in lead(page_of(TRANSFERS))
    little = page_of(mixed(0.0, 0.04))
    assert "transfers, but less than matters" in section(little)
    assert "Not so" not in lead(little)
    undecided = pd.concat(
        [TRANSFERS.query("adaptation == 'full'"), UNDECIDED.query("adaptation == 'head'")]
    )
    assert "undecided" in section(page_of(undecided))
    assert "Not so" not in lead(page_of(undecided))


def test_both_sources_of_which_another_way_shows_something_else_share_a_sentence():
    rows = pd.concat(
        [
            observed(noise=0.01).query("adaptation == 'full'"),
            observed(within=0.5, data=-1.0, noise=0.01).query("adaptation == 'head'"),
        ]
    )
    assert lead(page_of(rows)).endswith(
        "). Not so with head only: there the pre-trained model's bias transfers and the "
        "fine-tuning data's bias is inverted."
    )


def test_a_way_of_fine_tuning_is_called_alike_wherever_it_is_named():
    ways = (("full", "Full fine-tuning"), ("head", "BitFit"))
    rows = mixed(0.0, 0.5).query("seed == 1")
    said = page_of(rows, [TASK.model_copy(update={"adaptations": ways})])
    assert "Not so with BitFit: " in said
    assert "full fine-tuning 5 of 5, BitFit 5 of 5" in said


def test_what_goes_together_under_another_way_contradicts_no_intervention():
    unmoved = TRANSFERS.query("adaptation == 'head'").query(ONE)
    rows = pd.concat([observed(noise=0.01).query("adaptation == 'full'"), unmoved])
    assert "the pre-trained model's bias does not transfer (" in lead(page_of(rows))
    assert "- Head only: the pre-trained model's bias goes with downstream bias (" in section(
        page_of(rows)
    )
    assert "Not so" not in lead(page_of(rows))


def test_a_group_of_which_no_item_is_in_a_slope_is_named_beside_the_verdict():
    rows = TRANSFERS.assign(group=np.where(TRANSFERS["occupation"].isin(ITEMS[:3]), "they", "she"))
    few = rows["group"] == "they"
    counted = rows.assign(smaller_group_rows=np.where(few, 9, 10))
    said = "Nothing is said of they, of which no item is in a slope."
    assert lead(page_of(counted)).endswith(said)
    assert "Nothing is said" not in lead(page_of(rows))


def test_a_section_first_says_what_its_biases_are(page):
    lines = section(page).strip().splitlines()
    assert lines[0] == (
        f"Downstream bias: log TPR ratio. The model's bias: {TASK.before.axis}. "
        f"The data's bias: {TASK.covariates[0].axis}."
    )
    even = TASK.before.model_copy(update={"neutral_text": "0 nats: neither word"})
    told = section(page_of(TRANSFERS, [TASK.model_copy(update={"measures": (even,)})]))
    assert f"The model's bias: {TASK.before.axis}; 0 nats: neither word." in told


# What it rests on


def test_each_task_tells_what_its_tables_say(page):
    of = weighed(TRANSFERS)[0]
    said = section(page)
    for row in of.reliability.query("over != 'templates, split halves'").to_dict("records"):
        assert f"{row['value']:.2f}" in said
    for row in of.explained.to_dict("records"):
        names = ("share", "low", "high", "by_chance")
        share, low, high, chance = (f"{100 * row[name]:.0f} %" for name in names)
        assert f"{share} (95 % interval {low} to {high}; by chance {chance})" in said
    for row in of.slopes.query("effects == 'between'").to_dict("records"):
        numbers = tuple(signed(row[name]) for name in ("standardised", "low", "high"))
        assert "{}, 95 % interval {} to {}".format(*numbers) in said
    assert "between occupations, the slope of log TPR ratio on pronoun ranking is" in said


def test_a_line_says_which_way_of_fine_tuning_it_is_of_where_there_are_several(page):
    lines = [each for each in section(page).splitlines() if each.startswith("- ")]
    # What an intervention leaves is told of all of them in one line.
    (of_all,) = [each for each in lines if each.startswith("- Of the changes to the checkpoint, ")]
    assert " after full fine-tuning " in of_all and "; head only " in of_all
    lines.remove(of_all)
    assert {line.partition(":")[0] for line in lines} == {"- Full fine-tuning", "- Head only"}
    one = TASK.model_copy(update={"adaptations": (("full", "Full fine-tuning"),)})
    said = section(page_of(TRANSFERS.query("adaptation == 'full'"), [one]))
    assert "- Reliability (1: the same again" in said
    assert "- Of all models, cells" in said


def test_the_reliabilities_that_the_verdict_asks_for_are_marked(page):
    lines = [each for each in section(page).splitlines() if "eliability (1" in each]
    assert [each.count("(a verdict needs 0.5)") for each in lines] == [2]
    asked = [each for each in lines[0].split("; ") if "a verdict needs" in each]
    assert asked[0].startswith("of the changes in upstream bias that interventions made")
    assert asked[1].startswith("of downstream bias over fine-tuning seeds")


def test_where_seeds_were_not_repeated_it_says_of_how_many_models():
    altered = TRANSFERS["upstream"].ne("pretrained") | TRANSFERS["dataset"].ne("original")
    said = section(page_of(TRANSFERS[~altered | (TRANSFERS["seed"] == 1)]))
    assert (
        "- Variants in the slopes whose training was not repeated with each fine-tuning seed, so "
        "that no interval holds what another seed would change: full fine-tuning 4 of 5, head only "
        "4 of 5.\n"
    ) in said
    assert "resampled over" not in said
    assert "was not repeated" not in section(page_of(TRANSFERS))
    once = section(page_of(TRANSFERS[TRANSFERS["seed"] == 1]))
    assert "what another seed would change: full fine-tuning 5 of 5, head only 5 of 5." in once
    one = TASK.model_copy(update={"adaptations": (("full", "Full fine-tuning"),)})
    alone = section(page_of(TRANSFERS[TRANSFERS["seed"] == 1], [one]))
    assert "what another seed would change: 5 of 5.\n" in alone


def test_the_reliability_of_changes_says_whose_changes(page):
    said = section(page)
    assert "of the changes in upstream bias that interventions made, over templates 1.00" in said
    assert "its changes" not in said


def test_a_reliability_that_is_not_known_comes_with_the_reason():
    few = section(page_of(observed(items=ITEMS[:4])))
    assert "not known of upstream bias over templates (4 items, and 6 are needed)" in few
    once = section(page_of(observed(seeds=(1,))))
    assert "not known of downstream bias over fine-tuning seeds (measured once)" in once


def test_an_end_that_lies_outside_the_band_is_not_rounded_into_it():
    task = TASK.model_copy(update={"adaptations": (("full", "Full fine-tuning"),)})
    rows = TRANSFERS.query("adaptation == 'full'")
    (of,) = weighed(rows, task)
    low, high = -0.2013, 0.139
    first = replace(of.verdicts[0], word="undecided", standardised=-0.03, low=low, high=high)
    changed = replace(of, verdicts=(first, of.verdicts[1]))
    said = markdown(
        answer(
            *("", (), [task], {"bios": rows}, {"bios": performance(rows)}, {"bios": [changed]}),
            {"bios": remaining(rows, performance(rows), task, 10)},
        )
    )
    assert "(−0.03, 95 % interval −0.201 to +0.139;" in said


def test_the_classifiers_quality_is_told(page):
    for title in ("Full fine-tuning", "Head only"):
        assert (
            f"- {title}: 12 models; accuracy 0.800 (unmodified model), 0.800 (the others), "
            "on 100 test rows (majority class "
        ) in section(page)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("model == 'pretrained/original/full/seed1'", "1 model; accuracy 0.800 (unmodified model)"),
        (
            "seed == 1 and upstream in ['pretrained', 'counterfactual-s1'] and "
            "dataset == 'original'",
            "2 models; accuracy 0.800 (unmodified model), 0.800 (the other), on 100",
        ),
        (
            "seed == 1 and upstream == 'counterfactual-s1'",
            "1 model; accuracy 0.800 (altered model), on 100",
        ),
        ("upstream == 'counterfactual-s1'", "2 models; accuracy 0.800 (altered models), on 100"),
    ],
)
def test_so_many_models_as_there_are_have_a_quality(chosen, said):
    rows = TRANSFERS.query("adaptation == 'full'").query(chosen)
    assert f"- {said}" in section(page_of(rows, [TASK.model_copy(update={"adaptations": FULL})]))


def test_seeds_that_learnt_differently_are_not_averaged():
    said = section(page_of(TRANSFERS, failed=["pretrained/original/full/seed1"]))
    assert "accuracy 0.100 to 0.800 (unmodified model), " in said


def test_models_left_out_are_counted_by_reason():
    failed = ["counterfactual-s1/original/full/seed1"]
    said = section(page_of(TRANSFERS, failed=failed))
    assert "1 that did not learn the task (how it fails is no bias)" in said
    assert "2 not pre-trained (no bias to pass on)" in said


def test_a_way_of_fine_tuning_that_taught_the_unmodified_model_nothing_has_no_number():
    failed = [f"pretrained/original/full/seed{seed}" for seed in (1, 2)]
    said = page_of(TRANSFERS, failed=failed)
    why = "the unmodified model did not learn the task, and how it fails is no bias"
    assert lead(said) == (
        "**BIOS.** Full fine-tuning: whether the pre-trained model's bias transfers is not "
        f"estimated ({why}); whether the fine-tuning data's bias transfers is not estimated "
        f"({why})."
    )
    assert "- Head only: the pre-trained model's bias transfers (" in section(said)


def test_a_method_whose_models_are_left_out_is_named_with_the_reason():
    crude = DIAL.model_copy(update={"instrument": False, "title": "Sent-Debias"})
    others = tuple(each for each in TASK.interventions if each != DIAL)
    task = TASK.model_copy(update={"interventions": (*others, crude)})
    said = section(page_of(TRANSFERS, [task]))
    assert "6 altered by Sent-Debias (which may change more than the bias that it moves)" in said
    assert "instrument" not in said


def test_cells_without_a_number_are_counted_for_each_way_of_fine_tuning():
    gone = (TRANSFERS["adaptation"] == "head") & (TRANSFERS["occupation"] == ITEMS[0])
    rows = TRANSFERS.assign(log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(gone))
    said = section(page_of(rows))
    # Five variants, less the random checkpoint that is no part of it, of two seeds.
    assert (
        "- Head only: the slopes leave out 10 cells (a model and an item) without log TPR "
        "ratio; 11 of 12 occupations remain.\n"
    ) in said
    assert "- Full fine-tuning: the slopes leave out" not in said


def test_what_a_cell_that_is_left_out_lacks_is_said():
    model = TRANSFERS["model"] == "pretrained/original/head/seed1"
    lost, unknown = (model & (TRANSFERS["occupation"] == item) for item in ITEMS[:2])
    one = TRANSFERS.assign(log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(lost))
    assert (
        "- Head only: the slopes leave out 1 cell (a model and an item) without log TPR ratio; "
        "12 of 12 occupations remain.\n"
    ) in section(page_of(one))
    both = one.assign(prevalence_she=one["prevalence_she"].mask(unknown))
    assert (
        "- Head only: the slopes leave out 2 cells (a model and an item), 1 without log TPR ratio, "
        "1 without the model's bias or a number of what the data hold of the item; "
    ) in section(page_of(both))
    few = TRANSFERS["occupation"] != ITEMS[0]
    alone = TRANSFERS.assign(log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(few))
    assert "; 1 of 12 occupations remains.\n" in section(page_of(alone))


def test_cells_that_a_logarithm_leaves_out_are_said_to_be_no_random_ones():
    gone = (TRANSFERS["adaptation"] == "head") & (TRANSFERS["occupation"] == ITEMS[0])
    rows = TRANSFERS.assign(log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(gone))
    line = (
        f"- Cells without {TASK.outcome.title} are no random ones: where a rate is zero, they are "
        "among the most biased, and without them a slope may come out too small."
    )
    assert line in section(page_of(rows)).splitlines()
    # Of a rate itself, none is lost for being zero.
    plain = TASK.outcome.model_copy(update={"logarithm": False})
    task = TASK.model_copy(update={"outcome": plain})
    for each in (page_of(TRANSFERS), page_of(rows, [task])):
        assert "a rate is zero" not in each
    unlearnt = [f"pretrained/original/head/seed{seed}" for seed in (1, 2)]
    assert "a rate is zero" not in page_of(rows, failed=unlearnt)
    # Nor is a rate of no test row zero.
    rated = TASK.outcome.model_copy(update={"test_rows": "rows"})
    task = TASK.model_copy(update={"outcome": rated})
    assert "a rate is zero" in page_of(rows.assign(rows=20), [task])
    assert "a rate is zero" not in page_of(rows.assign(rows=np.where(gone, 0, 20)), [task])


def test_the_share_of_a_source_that_says_nothing_of_any_item_is_not_estimated():
    line = page_of(TRANSFERS.assign(pronoun_ranking=0.1))
    assert (
        "of the variance of downstream bias over items, the model's share is not estimated (it is "
        "the same for all items of the unmodified model) and the data's bias goes with "
    ) in line


def test_what_a_measure_that_is_not_reliable_says_besides_is_no_finding():
    said = "What is too unreliable for a verdict is no finding below either, whatever its interval."
    assert said in section(page_of(UNRELIABLE))
    assert said not in page_of(TRANSFERS)


def test_items_left_out_for_their_few_test_rows_are_named():
    few = TRANSFERS["occupation"].isin(ITEMS[:2])
    rows = TRANSFERS.assign(smaller_group_rows=np.where(few, 9, 10))
    assert (
        f"- 2 of {len(ITEMS)} occupations are in no slope, since their {TASK.outcome.title} is of "
        "fewer than 10 test rows: occupation 1, occupation 2.\n"
    ) in section(page_of(rows))
    assert "in no slope" not in section(page_of(TRANSFERS))
    one = rows.assign(smaller_group_rows=np.where(TRANSFERS["occupation"] == ITEMS[0], 9, 10))
    assert (
        f"- 1 of {len(ITEMS)} occupations is in no slope, since its {TASK.outcome.title} is of "
        "fewer than 10 test rows: occupation 1.\n"
    ) in section(page_of(one))


def test_an_item_of_few_test_rows_is_at_neither_end():
    few = TRANSFERS["occupation"] == ITEMS[0]
    rows = TRANSFERS.assign(log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(few, -9))
    counted = rows.assign(smaller_group_rows=np.where(few, 9, 10))
    assert f"lowest {TASK.outcome.drawn}: {ITEMS[0]} 0.00 (" in section(page_of(rows))
    assert f"lowest {TASK.outcome.drawn}: {ITEMS[0]} " not in section(page_of(counted))


# The items at both ends


def ends(values, **changes):
    """Return what is said of the items at both ends, whose ratios are these."""
    names = [f"occupation {number}" for number in range(1, len(values) + 1)]
    rows = observed(items=names, adaptations=("full",))
    rows["log_tpr_ratio"] = np.log(rows["occupation"].map(dict(zip(names, values, strict=True))))
    one = {"adaptations": FULL}
    (line,) = (
        each
        for each in section(page_of(rows, [TASK.model_copy(update=one | changes)])).splitlines()
        if "TPR ratio (she / he)" in each
    )
    return re.sub(r" \([\d.]+ to [\d.]+\)", "", line.removeprefix("- ")).replace("occupation ", "")


def test_the_items_at_both_ends_are_named_by_their_titles():
    said = ends([0.1, *np.linspace(0.5, 1, 11)], item_titles={ITEMS[0]: "yoga teacher"})
    assert said.startswith("Lowest TPR ratio (she / he): yoga teacher 0.10")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1, 2, 3, 4, 5, 6), "Lowest {}: 1 1.00, 2 2.00, 3 3.00; highest: 6 6.00, 5 5.00, 4 4.00"),
        # Of few items each is named once.
        ((3, 1, 2, 4), "{}, from the lowest: 2 1.00, 3 2.00, 1 3.00, 4 4.00"),
        # Of many equal ones none is picked.
        (
            (1, 1, 1, 1, 2, 3, 4),
            "Lowest {}: 1.00 for 4 of 7 occupations; highest: 7 4.00, 6 3.00, 5 2.00",
        ),
        ((1, 2, 2, 2, 3, 4), "Lowest {}: 1 1.00; highest: 6 4.00, 5 3.00"),
        ((2, 2, 2, 2, 2, 2, 2), "{} is 2.00 for all 7 occupations."),
        ((2,), "{} is 2.00 for 1."),
    ],
)
def test_no_item_is_named_twice_and_none_of_many_equal_ones(values, said):
    source = (
        ""
        if said.endswith(".")
        else (" (95 % intervals from the counts of test rows, by a normal approximation).")
    )
    assert ends(values) == said.format("TPR ratio (she / he)") + source


def test_an_item_at_an_end_has_its_interval_from_the_counts():
    names = [f"occupation {number}" for number in range(1, 13)]
    rows = observed(items=names, adaptations=("full",), noise=0.1)
    rows["log_tpr_ratio_variance"] = 0.04
    means = item_means(rows, TASK).query("measure == 'log_tpr_ratio' and twin_of == ''")
    control = means[(means["upstream_kind"] == "pretrained") & (means["dataset"] == "original")]
    lowest = control.sort_values("value").iloc[0]
    value, low, high = np.exp(lowest["value"] + 1.96 * 0.2 * np.array([0, -1, 1]))
    said = f": {lowest['item']} {value:.2f} ({low:.2f} to {high:.2f}), "
    assert said in section(page_of(rows, [TASK.model_copy(update={"adaptations": FULL})]))
    rows = rows.assign(log_tpr_ratio_variance=np.nan)
    without = section(page_of(rows, [TASK.model_copy(update={"adaptations": FULL})]))
    assert f": {lowest['item']} {value:.2f}, " in without
    assert "intervals from the counts" not in without


def test_of_a_share_of_test_rows_the_interval_is_wilsons():
    told = TASK.outcome.model_copy(update={"proportion": True, "test_rows": "tested", "least": 0})
    rows = observed(adaptations=("full",)).assign(log_tpr_ratio_variance=0.01, tested=10)
    lowest = rows["occupation"] == ITEMS[0]
    rows["log_tpr_ratio"] = np.where(lowest, 0.0, rows["log_tpr_ratio"].rank(pct=True))
    share = told.model_copy(update={"logarithm": False})
    said = section(page_of(rows, [TASK.model_copy(update={"adaptations": FULL, "outcome": share})]))
    # Of none of 10 rows the upper end is z² / (n + z²), not 0.
    assert f"{ITEMS[0]} 0.00 (0.00 to 0.28), " in said
    assert " (95 % intervals from the counts of test rows, Wilson's).\n" in said


def test_an_item_whose_ratio_has_no_logarithm_is_named_beside_the_ends():
    rows = observed(adaptations=("full",))
    never, lost = (rows["occupation"] == item for item in ITEMS[:2])
    once = lost & (rows["seed"] == 1)
    rows["log_tpr_ratio"] = rows["log_tpr_ratio"].mask(never | once)
    rows["undefined"] = np.where(never, "no row of group female recognised", "")
    said = section(page_of(rows))
    # The other is defined with one seed, and stands among those that have a place.
    assert (
        "at neither end, since the unmodified model has no such number: occupation 1 (no row of "
        "group female recognised).\n"
    ) in said
    assert "at neither end" not in section(page_of(TRANSFERS))


def test_a_seed_that_did_not_learn_is_at_neither_end():
    failed = "pretrained/original/full/seed1"
    rows = TRANSFERS.assign(
        log_tpr_ratio=TRANSFERS["log_tpr_ratio"].mask(TRANSFERS["model"] == failed, 9)
    )
    assert "lowest TPR ratio (she / he): " in section(page_of(rows, failed=[failed]))
    highest = section(page_of(rows, failed=[failed])).split("; highest: ")[1].split(".")[0]
    assert (
        highest
        == section(page_of(TRANSFERS[TRANSFERS["model"] != failed]))
        .split("; highest: ")[1]
        .split(".")[0]
    )
    both = [f"pretrained/original/full/seed{seed}" for seed in (1, 2)]
    assert "lowest" not in section(page_of(rows, failed=both))


@pytest.mark.parametrize(
    ("rows", "undefined"),
    [
        (TRANSFERS.assign(log_tpr_ratio=np.nan), True),
        (TRANSFERS.assign(smaller_group_rows=9), False),
        (TRANSFERS.assign(pronoun_ranking=np.nan), False),
        (TRANSFERS.query("upstream != 'pretrained'"), False),
    ],
    ids=["none", "few test rows", "no upstream bias", "no unmodified model"],
)
def test_downstream_bias_is_called_undefined_only_where_it_is(rows, undefined):
    said = "log TPR ratio is not defined for any item of the unmodified model"
    assert (said in section(page_of(rows))) == undefined


def test_the_ends_do_not_need_upstream_bias():
    said = section(page_of(TRANSFERS.assign(pronoun_ranking=np.nan)))
    assert "lowest TPR ratio (she / he): " in said


def test_it_speaks_of_no_stars_and_no_significance(page):
    assert "significan" not in page.lower()


# What is undefined


def undefined_line(task, rows):
    (line,) = (
        each for each in page_of(rows, [task]).splitlines() if "of all models, " in each.lower()
    )
    return line


def gone():
    rows = observed(noise=0.1)
    there = rows["occupation"] == ITEMS[0]
    return rows.assign(
        log_tpr_ratio=rows["log_tpr_ratio"].mask(there),
        undefined=np.where(there, "no such row", ""),
    )


def test_an_undefined_cell_counts_once_whatever_the_templates():
    line = undefined_line(TASK, gone())
    assert line == (
        "- Full fine-tuning: of all models, cells (a model and an item) without log TPR ratio: 12 "
        "of 144 (12 times no such row)."
    )


def test_what_the_chosen_outcome_leaves_undefined_is_counted_and_not_another():
    rows = gone()
    gap = TASK.model_copy(update={"outcome": TPR_GAP})
    # The logarithm does not exist for one item, and says why; its gap does.
    rows["tpr_gap"] = rows["pronoun_ranking"].groupby(rows["occupation"]).transform("mean")
    assert undefined_line(gap, rows).endswith("without TPR gap: 0 of 144.")


def test_a_rate_of_zero_is_undefined_where_the_outcome_is_a_logarithm():
    rows = paper_grid.wiki().assign(adaptation="full", seed=1)
    rows["log_fpr_ratio"] = np.log(rows["fpr"].abs() + 0.1).mask(rows["identity_term"] == "term 1")
    models = rows["model"].nunique()
    line = undefined_line(WIKI.model_copy(update={"outcome": LOG_FPR_RATIO}), rows)
    assert f"{models} times no such rate, or a rate of zero under the ratio" in line
    assert f"without log FPR ratio: {models} of 3,550 (" in line


# What cannot be told


@pytest.mark.parametrize(
    "rows",
    [
        TRANSFERS,
        gone(),
        observed(items=ITEMS[:2]),
        observed(seeds=(1,)).query(ONE),
        observed().query("upstream != 'pretrained'"),
        observed().assign(log_tpr_ratio=0.5),
        observed().assign(log_tpr_ratio=np.nan),
        observed().assign(prevalence_she=np.nan),
        observed().assign(prevalence_she=0.5),
        observed().assign(pronoun_ranking=np.nan),
        observed().query("adaptation == 'full'"),
        observed(seeds=(1,)).query("template == 'is'"),
    ],
)
def test_no_number_is_ever_nan(rows):
    assert not re.search(r"\bnan\b", page_of(rows))
