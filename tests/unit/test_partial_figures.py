"""What figures of the training data promise: the data as they are, and what altering them does."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures import Tables, drawing
from bias_transfer.report.figures._curves import extremes
from bias_transfer.report.figures._marks import DEFINED, UNDEFINED
from bias_transfer.report.figures._means import NO_MEANS
from bias_transfer.report.figures._text import NO_MODEL, RHO
from bias_transfer.report.figures.templates import MEAN
from tests.unit import figure_data
from tests.unit.figure_data import BIOS, BIOS_TEMPLATES, CRAFT, IDENTITY_TERMS, WIKI
from tests.unit.figure_reading import (
    count,
    dots,
    heights,
    off_page,
    overlaps,
    references,
    rows,
    texts,
    ticks,
)

BALANCED = figure_data.balanced_bios()
SCRUBBED = figure_data.scrubbed_wiki()
CRAFTS = figure_data.crafts_table()


def draw(name: str, task: TaskDescription, observations: pd.DataFrame) -> Figure:
    return drawing(name).draw(task, figure_data.tables(observations, task), "A note.")


@cache
def of_all(task: str) -> tuple[TaskDescription, Tables]:
    """Return a task and the tables of its full study."""
    of = {"bios": (BIOS, BALANCED), "wiki": (WIKI, SCRUBBED), "crafts": (CRAFT, CRAFTS)}
    described, observations = of[task]
    return described, figure_data.tables(observations, described)


@cache
def drawn(name: str, task: str) -> Figure:
    """Draw the full study once: tests that only look share it."""
    return drawing(name).draw(*of_all(task), "A note.")


def outcomes(table: pd.DataFrame, item: str) -> pd.DataFrame:
    """Return one row a model and item, as the downstream columns repeat over templates."""
    return table.drop_duplicates(["model", item])


def kept(*datasets: str) -> pd.DataFrame:
    """Return the balanced observations of some data sets and of the original one."""
    return BALANCED[BALANCED["dataset"].isin(["original", *datasets])]


def second_random() -> pd.DataFrame:
    """Return another random model on all data sets of the first one."""
    second = SCRUBBED[SCRUBBED["upstream"] == "random-t1"].assign(upstream="random-t9")
    return second.assign(model="random-t9/" + second["dataset"] + "/full/seed1")


def said(axes: Axes) -> str:
    """Return a panel's title as one line."""
    return axes.get_title(loc="left").replace("\n", " ")


class TestDataBeforeAfter:
    def test_rows_are_the_data_before_and_after_each_alteration(self) -> None:
        for axes in drawn("data_before_after", "wiki").axes:
            assert rows(axes) == [
                "Original data\n1 model",
                "Scrubbing toxic mentions\nscrubbed fraction = 1\n1 model",
                "Scrubbing all mentions\nscrubbed fraction = 1\n1 model",
            ]

    def test_levels_that_are_raised_together_have_a_row_of_their_own(self) -> None:
        (axes,) = drawn("data_before_after", "bios").axes
        assert [label.split("\n")[1:-1] for label in rows(axes)] == [
            [],
            ["α = 1"],
            ["β = 1"],
            ["α = 0.75", "β = 0.75"],
        ]

    def test_a_panel_is_a_kind_of_checkpoint(self) -> None:
        titles = [axes.get_title(loc="left") for axes in drawn("data_before_after", "crafts").axes]
        assert titles == [
            "Crafts: downstream bias, Unmodified model",
            "Crafts: downstream bias, Gaussian noise, σ = 0.1",
        ]

    def test_shows_a_difference_of_rates_where_the_task_has_one(self) -> None:
        assert "FPR gap" in drawn("data_before_after", "wiki").axes[0].get_xlabel()
        task = WIKI.model_copy(update={"outcomes": WIKI.outcomes[:1]})
        assert "FPR ratio" in draw("data_before_after", task, SCRUBBED).axes[0].get_xlabel()

    def test_draws_one_mark_an_item_and_row(self) -> None:
        for axes in drawn("data_before_after", "wiki").axes:
            assert count(axes, DEFINED) + count(axes, UNDEFINED) == 3 * 50

    def test_an_undefined_gap_is_a_hollow_mark_and_is_counted(self) -> None:
        whole = SCRUBBED[SCRUBBED["model"] == "random-t1/scrub-toxic-1/full/seed1"]
        lost = int(outcomes(whole, "identity_term")["fpr_gap"].isna().sum())
        assert lost > 0
        axes = drawn("data_before_after", "wiki").axes[1]
        assert any(f"n undefined: {lost} of 50" in text for text in texts(axes))

    def test_the_largest_level_is_drawn_and_named(self) -> None:
        half = SCRUBBED[~(SCRUBBED["scrubbed_fraction"] > 0.5)]
        label = rows(draw("data_before_after", WIKI, half).axes[0])[1]
        assert "scrubbed fraction = 0.5" in label

    def test_states_the_correlation_that_the_table_has_of_it(self) -> None:
        found = texts(drawn("data_before_after", "wiki"))
        assert not any(RHO in text for text in found)
        task = WIKI.model_copy(update={"outcomes": WIKI.outcomes[:1]})
        given = figure_data.tables(SCRUBBED, task)
        rho = given.correlations.set_index(["upstream_kind", "dataset", "measure"])["pearson"]
        expected = f"{RHO} = {rho['random', 'scrub-toxic-1', 'fpr_ratio']:.2f}"
        figure = drawing("data_before_after").draw(task, given, "A note.")
        assert any(text.startswith(expected) for text in texts(figure.axes[1]))
        # The twins of altered data are not all the models that the table correlates.
        assert sum(RHO in text for text in texts(figure.axes[1])) == 2

    def test_names_the_extreme_items_and_how_many_share_the_end(self) -> None:
        gaps = {term: 0.1 for term in IDENTITY_TERMS} | {"gay": 0.9, "sikh": -0.2, "deaf": -0.2}
        table = SCRUBBED.assign(fpr_gap=SCRUBBED["identity_term"].map(gaps))
        found = set(texts(draw("data_before_after", WIKI, table).axes[0]))
        assert "Gay" in found
        assert found & {"Deaf and 1 more", "Sikh and 1 more"}

    def test_the_original_row_holds_the_checkpoints_that_met_altered_data(self) -> None:
        others = (SCRUBBED["upstream_kind"] == "random") & (SCRUBBED["trial"] != 1)
        assert others.any()
        before = drawn("data_before_after", "wiki")
        assert texts(before) == texts(draw("data_before_after", WIKI, SCRUBBED[~others]))

    def test_trials_are_averaged(self) -> None:
        both = pd.concat([SCRUBBED, second_random()])
        axes = draw("data_before_after", WIKI, both).axes[1]
        assert [row.split("\n")[-1] for row in rows(axes)] == ["mean of 2 models"] * 3

    def test_a_data_set_without_models_says_so(self) -> None:
        gone = (SCRUBBED["dataset_kind"] == "scrub-toxic") & (SCRUBBED["upstream"] == "random-t1")
        axes = draw("data_before_after", WIKI, SCRUBBED[~gone]).axes[1]
        assert rows(axes)[1] == "Scrubbing toxic mentions\nscrubbed fraction"
        assert NO_MODEL in texts(axes)

    def test_all_panels_share_their_scale(self) -> None:
        first, second = drawn("data_before_after", "wiki").axes
        assert first.get_xlim() == second.get_xlim()


class TestContents:
    def test_draws_two_counts_and_a_share_an_item(self) -> None:
        counts, shares = drawn("contents", "bios").axes
        assert count(counts, DEFINED) == 2 * 28
        assert count(shares, DEFINED) == 28

    def test_the_counts_add_up_to_the_rows(self) -> None:
        first, second = dots(drawn("contents", "bios").axes[0], DEFINED)
        sizes = BALANCED.drop_duplicates("occupation")["training_rows"]
        assert sorted(first + second) == sorted(sizes)

    def test_sorts_by_the_share(self) -> None:
        share = BALANCED.drop_duplicates("occupation").set_index("occupation")["prevalence_she"]
        expected = share.sort_values(ascending=False).index
        assert rows(drawn("contents", "bios").axes[0]) == [
            BIOS.item_titles[item] for item in expected
        ]

    def test_numbers_far_apart_are_drawn_on_a_logarithmic_axis_from_zero(self) -> None:
        axes = drawn("contents", "bios").axes[0]
        assert axes.get_xscale() == "symlog"
        assert axes.get_xlim()[0] == 0
        assert axes.get_xlabel() == "training biographies (number; log scale above 10)"

    def test_numbers_of_one_size_are_drawn_on_a_linear_axis(self) -> None:
        axes = draw("contents", BIOS, BALANCED.assign(training_rows=50)).axes[0]
        assert axes.get_xscale() == "linear"
        assert axes.get_xlabel() == "training biographies (number)"

    def test_items_without_a_row_come_last_and_are_counted(self) -> None:
        counts, shares = drawn("contents", "wiki").axes
        never = {
            WIKI.item_titles[term] for rank, term in enumerate(IDENTITY_TERMS) if rank % 17 == 16
        }
        assert len(never) == 2
        assert set(rows(counts)[-2:]) == never
        assert texts(counts).count("never mentioned") == 2
        assert "never mentioned: 2" in counts.get_title(loc="left")
        assert count(shares, UNDEFINED) == 2
        assert "n undefined: 2 of 50" in shares.get_title(loc="left")

    def test_the_reference_is_the_share_of_all_items_in_the_table(self) -> None:
        given = figure_data.contents(SCRUBBED, WIKI)
        (line,) = references(drawn("contents", "wiki").axes[1])
        assert line == pytest.approx(given["overall_share"].iloc[0], abs=0)

    def test_data_without_any_row_can_be_drawn(self) -> None:
        table = SCRUBBED.assign(training_mentions=0, toxic_share=np.nan)
        figure = draw("contents", WIKI, table)
        assert count(figure.axes[1], UNDEFINED) == 50
        assert references(figure.axes[1]) == []
        assert off_page(figure) == []


class TestTemplates:
    def test_draws_one_dot_a_template(self) -> None:
        axes = drawn("templates", "bios").axes[0]
        assert count(axes, DEFINED) == 28 * len(BIOS_TEMPLATES)

    def test_sorts_by_the_mean_and_marks_it(self) -> None:
        unmodified = BALANCED[BALANCED["model"] == "pretrained/original/full/seed1"]
        means = unmodified.groupby("occupation")["pronoun_ranking"].mean()
        means = means.sort_values(ascending=False)
        axes = drawn("templates", "bios").axes[0]
        assert rows(axes) == [BIOS.item_titles[item] for item in means.index]
        marks = [line for line in axes.lines if line.get_gid() == MEAN]
        assert [float(np.asarray(mark.get_xdata())[0]) for mark in marks] == pytest.approx(
            list(means)
        )

    def test_an_undefined_score_is_a_hollow_mark_and_is_counted(self) -> None:
        table = BALANCED.copy()
        table.loc[table["occupation"] == "dj", "pronoun_ranking"] = np.nan
        lost = (table["occupation"] == "poet") & (table["template"] == "is")
        table.loc[lost, "pronoun_ranking"] = np.nan
        axes = draw("templates", BIOS, table).axes[0]
        assert rows(axes)[-1] == "DJ"
        assert count(axes, UNDEFINED) == 6
        assert count(axes, DEFINED) == 140 - 6
        assert axes.get_title(loc="right") == "n undefined: 6 of 140"

    def test_fine_tuning_seeds_do_not_repeat_the_dots(self) -> None:
        again = BALANCED.assign(seed=2, model=BALANCED["model"].str.replace("seed1", "seed2"))
        axes = draw("templates", BIOS, pd.concat([BALANCED, again])).axes[0]
        assert count(axes, DEFINED) == 140

    def test_a_measure_without_templates_has_one_dot_an_item(self) -> None:
        measure = CRAFT.before.model_copy(update={"per_template": False})
        task = CRAFT.model_copy(update={"measures": (measure,)})
        assert count(draw("templates", task, CRAFTS).axes[0], DEFINED) == 14

    def test_a_study_without_the_unmodified_model_says_so(self) -> None:
        figure = draw("templates", BIOS, BALANCED[BALANCED["upstream_kind"] != "pretrained"])
        assert NO_MODEL in texts(figure.axes[0])


class TestDataDoseResponse:
    def test_each_way_of_altering_starts_from_the_original_data(self) -> None:
        over, under, both = drawn("data_dose_response", "bios").axes
        assert ticks(over) == ["0", "0.25", "0.5", "0.75", "1"]
        assert ticks(under) == ["0", "0.25", "0.5", "1"]
        assert [tick.replace("\n", " ") for tick in ticks(both)] == [
            "α 0 β 0",
            "α 0.25 β 0.25",
            "α 0.5 β 0.5",
            "α 0.75 β 0.75",
        ]
        assert over.get_xlabel() == "oversample α\n(0 = original data)"

    def test_panels_cross_ways_with_checkpoints(self) -> None:
        figure = drawn("data_dose_response", "wiki")
        titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
        assert [title.partition(" n undefined")[0] for title in titles] == [
            "WIKI, Unmodified model: Scrubbing toxic mentions",
            "WIKI, Not pre-trained: Scrubbing toxic mentions",
            "WIKI, Unmodified model: Scrubbing all mentions",
            "WIKI, Not pre-trained: Scrubbing all mentions",
        ]
        for axes in figure.axes:
            # Of eleven settings, those that there is room for.
            assert ticks(axes) == ["0", "0.2", "0.4", "0.6", "0.8", "1"]

    def test_draws_every_defined_value_and_marks_the_others(self) -> None:
        table = SCRUBBED[SCRUBBED["upstream"] == "random-t1"]
        table = outcomes(table[table["dataset_kind"] != "scrub-toxic"], "identity_term")
        axes = drawn("data_dose_response", "wiki").axes[3]
        lost = int(table["fpr_gap"].isna().sum())
        assert count(axes, DEFINED) == len(table) - lost
        assert count(axes, UNDEFINED) == lost
        assert axes.get_title(loc="left").endswith(
            f"n undefined: {lost} of {11 * 50}; 1 model a point"
        )

    def test_zero_is_the_original_data_of_the_same_checkpoint(self) -> None:
        original = SCRUBBED[SCRUBBED["model"] == "random-t1/original/full/seed1"]
        expected = sorted(outcomes(original, "identity_term")["fpr_gap"].dropna())
        for axes in drawn("data_dose_response", "wiki").axes[1::2]:
            starts = [line[0] for line in heights(axes, DEFINED) if np.isfinite(line[0])]
            assert sorted(starts) == pytest.approx(expected)

    def test_names_the_extremes_of_the_original_data_in_every_panel(self) -> None:
        original = BALANCED[BALANCED["model"] == "pretrained/original/full/seed1"]
        gaps = outcomes(original, "occupation").set_index("occupation")["tpr_gap"]
        gaps = gaps.dropna().sort_values()
        expected = {BIOS.item_titles[item] for item in [*gaps.index[:3], *gaps.index[-3:]]}
        for axes in drawn("data_dose_response", "bios").axes:
            assert {text.get_text() for text in axes.texts} == expected

    def test_a_named_item_keeps_its_colour_in_every_panel(self) -> None:
        colours = [
            {text.get_text(): text.get_color() for text in axes.texts}
            for axes in drawn("data_dose_response", "wiki").axes
        ]
        assert len(colours[0]) >= 4
        assert all(panel == colours[0] for panel in colours)

    def test_a_curve_without_a_last_value_is_named_by_a_dotted_line(self) -> None:
        table = SCRUBBED.copy()
        highest = drawn("data_dose_response", "wiki").axes[0].texts[1].get_text().lower()
        ends = (table["identity_term"] == highest) & (table["scrubbed_fraction"] == 1)
        table.loc[ends, "fpr_gap"] = np.nan
        axes = draw("data_dose_response", WIKI, table).axes[0]
        (name,) = (text for text in axes.texts if text.get_text().lower() == highest)
        assert name.arrow_patch.get_linestyle() != "-"  # type: ignore[attr-defined]

    def test_a_single_data_set_is_enough(self) -> None:
        (axes,) = draw("data_dose_response", BIOS, kept("balance-a1-b0")).axes
        assert ticks(axes) == ["0", "1"]

    def test_undefined_marks_stay_in_the_panel(self) -> None:
        table = kept("balance-a1-b0")
        table = table.assign(tpr_gap=table["tpr_gap"].where(table["oversample"].isna()))
        (axes,) = draw("data_dose_response", BIOS, table).axes
        places = np.concatenate(dots(axes, UNDEFINED))
        assert len(places) >= 28
        assert axes.get_xlim()[0] <= min(places) and max(places) <= axes.get_xlim()[1]

    def test_ticks_too_close_to_read_are_left_out(self) -> None:
        sample = outcomes(BALANCED[BALANCED["dataset"] == "balance-a1-b0"], "occupation")
        many = pd.concat(
            [
                sample.assign(oversample=level, model=f"a{level:g}", dataset=f"a{level:g}")
                for level in np.linspace(0, 1, 101)[1:]
            ]
        )
        figure = draw("data_dose_response", BIOS, pd.concat([kept(), many]))
        assert 5 < len(ticks(figure.axes[0])) < 101
        assert overlaps(figure) == []

    def test_says_how_many_models_stand_behind_a_point(self) -> None:
        second = second_random()
        axes = draw("data_dose_response", WIKI, pd.concat([SCRUBBED, second])).axes[1]
        assert said(axes).endswith("; a point is the mean of 2 models")
        second = second[second["dataset"].isin(["original", "scrub-toxic-1"])]
        axes = draw("data_dose_response", WIKI, pd.concat([SCRUBBED, second])).axes[1]
        assert said(axes).endswith("; a point is the mean of 1 to 2 models")

    def test_a_way_that_a_checkpoint_never_met_says_so(self) -> None:
        gone = (SCRUBBED["dataset_kind"] == "scrub-toxic") & (SCRUBBED["upstream_kind"] == "random")
        panels = draw("data_dose_response", WIKI, SCRUBBED[~gone]).axes
        assert [NO_MODEL in texts(axes) for axes in panels] == [False, True, False, False]

    def test_an_alteration_without_levels_stands_beside_the_original(self) -> None:
        intervention = CRAFT.interventions[-1].model_copy(update={"levels": {}})
        task = CRAFT.model_copy(update={"interventions": (intervention,)})
        table = CRAFTS[CRAFTS["upstream_kind"] == "pretrained"]
        (axes,) = draw("data_dose_response", task, table).axes
        assert len(axes.get_xticks()) >= 2

    @pytest.mark.parametrize("task", ["bios", "wiki"])
    def test_all_panels_share_their_scale(self, task: str) -> None:
        assert len({axes.get_ylim() for axes in drawn("data_dose_response", task).axes}) == 1


class TestExtremes:
    def test_both_ends_lowest_first(self) -> None:
        values = pd.Series({"a": 3.0, "b": 1.0, "c": np.nan, "d": 2.0, "e": 0.0, "f": 5.0})
        assert extremes(replace(NO_MEANS, drawn=values), 2) == ["e", "b", "a", "f"]
        few = replace(NO_MEANS, drawn=values, scarce=frozenset({"f"}))
        assert extremes(few, 2) == ["e", "b", "d", "a"]

    def test_few_items_are_all_named(self) -> None:
        values = pd.Series({"a": 3.0, "b": 1.0})
        assert extremes(replace(NO_MEANS, drawn=values), 2) == ["b", "a"]
