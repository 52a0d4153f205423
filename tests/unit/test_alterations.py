"""Re-balanced labels and scrubbed comments: counts worked out by hand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from bias_transfer.alterations import alterations, balance, rows_of, scrub
from bias_transfer.errors import StudyError
from bias_transfer.seeding import generator
from tests.unit.definitions import BIOS, TRADES, WIKI


def rebalanced(rows, oversample, undersample, rng, task=BIOS):
    entry = balance.Balance(oversample=oversample, undersample=undersample)
    return balance.apply(rows, entry, task, rng)


def scrubbed(rows, mentions, fraction, rng):
    entry = scrub.Scrub(mentions=mentions, fraction=fraction)
    return scrub.apply(rows, entry, WIKI, rng)


def lives(counts):
    """Return rows with the given number of each (occupation, group)."""
    rows = [key for key, count in counts.items() for _ in range(count)]
    table = pd.DataFrame(rows, columns=["label", "group"])
    return table.assign(id=[f"r{i}" for i in range(len(table))])


def counted(table):
    return dict(Counter(zip(table["label"], table["group"], strict=True)))


NURSES = {("nurse", "female"): 10, ("nurse", "male"): 2}
RAPPERS = {("rapper", "female"): 1, ("rapper", "male"): 6}


@pytest.mark.parametrize(
    ("over", "under", "nurses", "rappers"),
    [
        # The gap is 8 among nurses and 5 among rappers.
        (1, 0, (10, 10), (6, 6)),
        (0, 1, (2, 2), (1, 1)),
        (0.5, 0, (10, 6), (4, 6)),  # 2.5 is rounded up
        (0, 0.5, (6, 2), (1, 3)),
        # Half the gap by repeating; half of what is left (4, and 2 of 5) by dropping.
        (0.5, 0.5, (8, 6), (4, 5)),
        (1, 1, (10, 10), (6, 6)),
        (0.25, 1, (4, 4), (2, 2)),
    ],
)
def test_shares_of_the_gap_that_are_closed(over, under, nurses, rappers):
    table = rebalanced(lives(NURSES | RAPPERS), over, under, generator(1))
    assert counted(table) == {
        ("nurse", "female"): nurses[0],
        ("nurse", "male"): nurses[1],
        ("rapper", "female"): rappers[0],
        ("rapper", "male"): rappers[1],
    }


def test_a_half_is_rounded_up_whatever_the_nearest_binary_number():
    # By hand: 31.5, 9.5, 3.5, 50.5, 31.5 and 14.5; in binary the first and the last two are less.
    shares = ((0.7, 45), (0.1, 95), (0.35, 10), (0.5, 101), (0.35, 90), (0.29, 50))
    assert [rows_of(*of) for of in shares] == [32, 10, 4, 51, 32, 15]
    assert [rows_of(share, 45) for share in (0, 1)] == [0, 45]


def test_a_balance_that_changes_nothing_is_refused():
    with pytest.raises(ValidationError, match="are always there as 'original'; remove it"):
        balance.Balance(oversample=0, undersample=0)


def test_an_occupation_of_one_pronoun_cannot_be_over_sampled():
    rows = lives({("dj", "male"): 4, ("poet", "female"): 3, ("poet", "male"): 1})
    assert counted(rebalanced(rows, 1, 0, generator(1))) == {
        ("dj", "male"): 4,
        ("poet", "female"): 3,
        ("poet", "male"): 3,
    }


def test_an_occupation_without_a_gap_is_left_as_it_is():
    rows = lives({("poet", "female"): 3, ("poet", "male"): 3})
    pd.testing.assert_frame_equal(rebalanced(rows, 1, 1, generator(1)), rows)


def test_under_sampling_repeats_nothing_and_over_sampling_drops_nothing():
    rows = lives(NURSES)
    assert not rebalanced(rows, 0, 1, generator(1))["id"].duplicated().any()
    assert set(rebalanced(rows, 1, 0, generator(1))["id"]) == set(rows["id"])


def test_labels_are_drawn_for_by_name_so_that_every_run_takes_the_same_rows():
    # The first by name has the first draws, whatever stands before it and however sets are hashed.
    counts = {(label, "female"): 9 for label in "zyxwvutsrqponmlkjihgfedcba"}
    counts |= {(label, "male"): 3 for label, _ in counts}
    rows = lives(counts)
    alone = rebalanced(rows[rows["label"] == "a"], 0.5, 0.5, generator(1))
    together = rebalanced(rows, 0.5, 0.5, generator(1))
    assert together.loc[together["label"] == "a", "id"].tolist() == alone["id"].tolist()


def test_the_random_numbers_tell_which_rows():
    rows = lives({("nurse", "female"): 100, ("nurse", "male"): 20})
    first, again, other = (
        rebalanced(rows, 0, 0.5, generator(seed))["id"].tolist() for seed in (1, 1, 2)
    )
    assert first == again != other


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["female", "male"])),
        st.integers(1, 20),
        min_size=1,
    ),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 99),
)
def test_rebalancing_never_invents_a_row_nor_widens_a_gap(counts, over, under, seed):
    assume(over or under)
    rows = lives(counts)
    before = rows.copy()
    try:
        table = rebalanced(rows, over, under, np.random.default_rng(seed))
    except StudyError:
        # A label of one group, of which under-sampling would leave nothing.
        assert rows.groupby("label")["group"].nunique().min() == 1
        return
    pd.testing.assert_frame_equal(rows, before)
    # Every row is one of the old rows, whole.
    assert set(map(tuple, table.to_numpy())) <= set(map(tuple, rows.to_numpy()))
    now = counted(table)
    for label in ("a", "b"):
        old = [counts.get((label, group), 0) for group in ("female", "male")]
        new = [now.get((label, group), 0) for group in ("female", "male")]
        assert abs(new[0] - new[1]) <= abs(old[0] - old[1])
        assert (new[0] - new[1]) * (old[0] - old[1]) >= 0


@pytest.mark.parametrize("under", [1, 0.95])
def test_under_sampling_a_label_of_one_group_away_is_refused(under):
    rows = lives({("dj", "male"): 4, ("poet", "female"): 3, ("poet", "male"): 1})
    with pytest.raises(StudyError) as caught:
        rebalanced(rows, 0, under, generator(1))
    assert str(caught.value) == (
        f"balance-a0-b{under:g}: undersample {under:g} would drop every training row of 'dj', "
        "which has none of group female; lower undersample or leave the label out"
    )
    assert counted(rebalanced(rows, 0, 0.5, generator(1)))["dj", "male"] == 2


@pytest.mark.parametrize(
    ("over", "under", "left"),
    [
        (1, 0, (12, 12, 12)),
        (0, 1, (2, 2, 2)),
        # Half of each gap to the largest, 6 and 10; then half of each gap to the smallest.
        (0.5, 0, (12, 9, 7)),
        (0, 0.5, (7, 4, 2)),
        (0.5, 0.5, (9, 8, 7)),
    ],
)
def test_three_groups_meet_between_the_largest_and_the_smallest(over, under, left):
    sizes = {"women": 12, "men": 6, "nonbinary": 2}
    rows = lives({("welder", group): size for group, size in sizes.items()})
    counts = counted(rebalanced(rows, over, under, generator(1), TRADES))
    assert tuple(counts["welder", group] for group in sizes) == left


def talk():
    """8 toxic mentions, 4 other mentions, 5 without a mention, of which 2 toxic."""
    rows = [("toxic", "gay")] * 8 + [("non-toxic", "old;gay")] * 4
    rows += [("toxic", "")] * 2 + [("non-toxic", "")] * 3
    table = pd.DataFrame(rows, columns=["label", "group"])
    return table.assign(id=range(len(table)))


@pytest.mark.parametrize(
    ("which", "fraction", "left"),
    [
        ("toxic", 0.5, (4, 4)),
        ("toxic", 1, (0, 4)),
        ("all", 1, (0, 0)),
        ("toxic", 0.3, (6, 4)),  # 2.4 of 8 are two
        ("toxic", 0.32, (5, 4)),  # 2.56 of 8 are three
    ],
)
def test_a_fraction_of_the_mentions_goes(which, fraction, left):
    table = scrubbed(talk(), which, fraction, generator(1))
    counts = Counter(zip(table["label"], table["group"], strict=True))
    assert (counts["toxic", "gay"], counts["non-toxic", "old;gay"]) == left
    assert counts["toxic", ""] == 2
    assert counts["non-toxic", ""] == 3


def test_half_of_all_mentions_is_half_of_them_together():
    assert len(scrubbed(talk(), "all", 0.5, generator(1))) == 17 - 6


@given(st.sampled_from(["toxic", "all"]), st.floats(0.001, 1), st.integers(0, 99))
def test_scrubbing_keeps_the_rest_in_order(which, fraction, seed):
    rows = talk()
    table = scrubbed(rows, which, fraction, np.random.default_rng(seed))
    pd.testing.assert_frame_equal(rows, talk())
    assert table["id"].is_monotonic_increasing
    assert set(map(tuple, table.to_numpy())) <= set(map(tuple, rows.to_numpy()))
    assert (table["group"] == "").sum() == 5


def test_rows_whose_numbers_repeat_are_not_dropped_with_others():
    rows = pd.concat([talk(), talk()])
    assert len(scrubbed(rows, "toxic", 0.5, generator(1))) == 34 - 8


@pytest.mark.parametrize(
    ("made", "kind", "name", "levels"),
    [
        (
            balance.variant(balance.Balance(oversample=1, undersample=0), BIOS),
            "balance",
            "balance-a1-b0",
            {"oversample": 1.0, "undersample": 0.0},
        ),
        (
            scrub.variant(scrub.Scrub(mentions="toxic", fraction=0.5), WIKI),
            "scrub-toxic",
            "scrub-toxic-0.5",
            {"scrubbed_fraction": 0.5},
        ),
        (
            scrub.variant(scrub.Scrub(mentions="all", fraction=1), WIKI),
            "scrub-all",
            "scrub-all-1",
            {"scrubbed_fraction": 1.0},
        ),
    ],
)
def test_a_training_set_is_named_after_what_was_done(made, kind, name, levels):
    assert (made.kind, made.id, made.levels) == (kind, name, levels)
    task = BIOS if made.alteration == "balance" else WIKI
    assert set(alterations()[made.alteration].kinds(task)[made.kind].levels) == set(levels)


def test_a_class_that_is_not_the_positive_one_cannot_be_scrubbed():
    with pytest.raises(StudyError, match="'non-toxic' is not one of toxic, all"):
        scrub.variant(scrub.Scrub(mentions="non-toxic", fraction=1), WIKI)
