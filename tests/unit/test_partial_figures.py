"""What Figures 5 to 8, 10 and 11 promise: the data as they are, and what changing them does."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from bias_transfer.report.figures import curves
from bias_transfer.report.figures import style
from bias_transfer.report.figures.figure5 import figure5
from bias_transfer.report.figures.figure6 import figure6
from bias_transfer.report.figures.figure7 import figure7
from bias_transfer.report.figures.figure8 import figure8
from bias_transfer.report.figures.figure10 import figure10
from bias_transfer.report.figures.figure11 import figure11
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS
from tests.unit import figure_data

NOTE = "Generated text: written by a program with known parameters."
BIOS = figure_data.balanced_bios()
WIKI = figure_data.scrubbed_wiki()

Draw = Callable[[pd.DataFrame], Figure]
DRAWINGS: dict[str, tuple[Draw, pd.DataFrame]] = {
    "figure5": (lambda table: figure5(table, NOTE), WIKI),
    "figure6": (lambda table: figure6(table, NOTE), BIOS),
    "figure7": (lambda table: figure7(table, NOTE), BIOS),
    "figure8": (lambda table: figure8(table, NOTE), WIKI),
    "figure10": (lambda table: figure10(table, NOTE), BIOS),
    "figure11": (lambda table: figure11(table, NOTE), WIKI),
}


@cache
def drawn(name: str) -> Figure:
    """Draw the full study once: tests that only look share it."""
    draw, table = DRAWINGS[name]
    return draw(table)


every_figure = pytest.mark.parametrize("name", DRAWINGS)


def texts(within: Figure | Axes) -> list[str]:
    return [text.get_text() for text in within.findobj(Text) if text.get_text()]


def count(axes: Axes, gid: str) -> int:
    """Count the finite points of all marks of one kind."""
    points = sum(
        len(collection.get_offsets())
        for collection in axes.collections
        if collection.get_gid() == gid
    )
    return points + sum(int(np.isfinite(line).sum()) for line in heights(axes, gid))


def heights(axes: Axes, gid: str) -> list[style.Array]:
    """Return the heights of each line of one kind."""
    return [
        np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if line.get_gid() == gid
    ]


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def ticks(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def outcomes(table: pd.DataFrame, item: str) -> pd.DataFrame:
    """Return one row a model and item, as the downstream columns repeat over templates."""
    return table.drop_duplicates(["model", item])


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every visible text and where it stands, in pixels."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    # Ticks outside the axis limits exist but are not drawn.
    unseen = {
        label
        for axes in figure.axes
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick, label in zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
        if not min(limits) <= tick <= max(limits)
    }
    return [
        (text.get_text(), Text.get_window_extent(text, renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def assert_on_page(figure: Figure) -> None:
    for text, box in boxes(figure):
        assert box.x0 >= figure.bbox.x0 and box.x1 <= figure.bbox.x1, text
        assert box.y0 >= figure.bbox.y0 and box.y1 <= figure.bbox.y1, text


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    return [
        (first, second)
        for (first, a), (second, b) in combinations(boxes(figure), 2)
        if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1
    ]


class TestEveryFigure:
    @every_figure
    def test_shows_the_note(self, name: str) -> None:
        assert any(NOTE in text.replace("\n", " ") for text in texts(drawn(name)))

    @every_figure
    def test_asks_its_question_in_the_title(self, name: str) -> None:
        assert drawn(name).texts[0].get_text().endswith("?")

    @every_figure
    def test_names_every_panel_and_every_axis_with_its_unit(self, name: str) -> None:
        for axes in drawn(name).axes:
            assert axes.get_title(loc="left")
            assert axes.get_xlabel()
        units = ("(number", "nats)", "rates)", "log scale)")
        labels = [
            text for axes in drawn(name).axes for text in (axes.get_xlabel(), axes.get_ylabel())
        ]
        assert any(unit in label for label in labels for unit in units)

    @every_figure
    def test_draws_and_explains_its_reference_line(self, name: str) -> None:
        figure = drawn(name)
        assert any(line.get_gid() == style.REFERENCE for axes in figure.axes for line in axes.lines)
        explained = ("0 nats", "gap of 0", "ratio of 1", "share of 0.5", "all terms' mentions")
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert any(text in label for label in legend for text in explained)
        assert any(label.startswith("undefined: no value") for label in legend)

    @every_figure
    def test_says_how_many_values_are_undefined(self, name: str) -> None:
        assert any("n undefined: " in text for text in texts(drawn(name)))

    @every_figure
    def test_keeps_all_text_on_the_page(self, name: str) -> None:
        assert_on_page(drawn(name))

    @every_figure
    def test_no_text_hides_another(self, name: str) -> None:
        assert overlaps(drawn(name)) == []

    @every_figure
    @pytest.mark.parametrize("suffix", [".png", ".pdf"])
    def test_two_drawings_make_the_same_file(self, name: str, suffix: str, tmp_path: Path) -> None:
        draw, table = DRAWINGS[name]
        paths = [tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"]
        for path in paths:
            style.save_figure(draw(table), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()

    @every_figure
    def test_a_study_without_models_says_so_in_every_panel(self, name: str) -> None:
        draw, table = DRAWINGS[name]
        figure = draw(table.iloc[:0])
        assert_on_page(figure)
        assert all(style.NO_MODEL in texts(axes) for axes in figure.axes)

    @every_figure
    def test_a_study_of_the_original_data_alone_can_be_drawn(self, name: str) -> None:
        draw, table = DRAWINGS[name]
        assert_on_page(draw(style.unmodified_data(table)))

    def test_drawing_needs_neither_torch_nor_pyplot(self) -> None:
        code = (
            "import sys\n"
            "from bias_transfer.report.figures import figure5, figure6, figure7, figure8\n"
            "from bias_transfer.report.figures import figure10, figure11\n"
            "assert not {'torch', 'transformers', 'matplotlib.pyplot'} & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestFigure5:
    def test_rows_are_the_data_before_and_after_each_scrubbing(self) -> None:
        for axes in drawn("figure5").axes:
            assert rows(axes) == [
                "Original data\n1 model",
                "Toxic mentions\n100% scrubbed\n1 model",
                "All mentions\n100% scrubbed\n1 model",
            ]

    def test_draws_one_mark_a_term_and_row(self) -> None:
        for axes in drawn("figure5").axes:
            assert count(axes, style.DEFINED) + count(axes, style.UNDEFINED) == 3 * 50

    def test_an_undefined_gap_is_a_hollow_mark_and_is_counted(self) -> None:
        whole = outcomes(WIKI[WIKI["model"] == "random-t1/scrub-toxic-1/seed1"], "identity_term")
        lost = int(whole["fpr_gap"].isna().sum())
        assert lost > 0
        axes = drawn("figure5").axes[1]
        assert any(f"n undefined: {lost} of 50" in text for text in texts(axes))

    def test_the_largest_fraction_is_drawn_and_named(self) -> None:
        half = WIKI[~(WIKI["scrubbed_fraction"] > 0.5)]
        assert rows(figure5(half, NOTE).axes[0])[1] == "Toxic mentions\n50% scrubbed\n1 model"

    def test_writes_the_correlation_with_the_unscrubbed_row_and_the_median(self) -> None:
        kept = WIKI[WIKI["upstream"] == "pretrained"]
        gaps = outcomes(kept, "identity_term").pivot(
            index="identity_term", columns="dataset", values="fpr_gap"
        )
        both = gaps[["original", "scrub-toxic-1"]].dropna()
        rho = np.corrcoef(both.to_numpy().T)[0, 1]
        median = gaps["scrub-toxic-1"].median()
        expected = f"{style.RHO} = {rho:.2f}\nmedian {style.signed(median)}\n"
        assert any(expected in text for text in texts(drawn("figure5").axes[0]))

    def test_without_any_bias_left_there_is_no_correlation(self) -> None:
        found = [text for text in texts(drawn("figure5").axes[1]) if style.RHO in text]
        assert found[1].startswith(f"{style.RHO} undefined\nmedian 0.00")

    def test_a_median_that_rounds_to_zero_has_no_sign(self) -> None:
        found = texts(figure5(WIKI.assign(fpr_gap=-0.001), NOTE).axes[0])
        assert any(text.startswith("median 0.00\n") for text in found)

    def test_names_the_extreme_terms_and_how_many_share_the_end(self) -> None:
        gaps = {term: 0.1 for term in IDENTITY_TERMS} | {"gay": 0.9, "sikh": -0.2, "deaf": -0.2}
        table = WIKI.assign(fpr_gap=WIKI["identity_term"].map(gaps))
        assert {"gay", "deaf and 1 more"} <= set(texts(figure5(table, NOTE).axes[0]))

    def test_the_original_row_holds_the_checkpoints_that_met_scrubbed_data(self) -> None:
        before = figure5(WIKI, NOTE)
        others = (WIKI["upstream_kind"] == "random") & (WIKI["trial"] != 1)
        assert texts(before) == texts(figure5(WIKI[~others], NOTE))

    def test_trials_are_averaged(self) -> None:
        second = WIKI[WIKI["upstream"] == "random-t1"].assign(upstream="random-t9")
        second["model"] = "random-t9/" + second["dataset"] + "/seed1"
        axes = figure5(pd.concat([WIKI, second]), NOTE).axes[1]
        assert rows(axes)[2] == "All mentions\n100% scrubbed\nmean of 2 models"
        assert count(axes, style.DEFINED) == count(drawn("figure5").axes[1], style.DEFINED)

    def test_a_scrubbing_without_models_says_so(self) -> None:
        axes = figure5(WIKI[WIKI["dataset_kind"] != "scrub-toxic"], NOTE).axes[0]
        assert rows(axes)[1] == "Toxic mentions\nscrubbed"
        assert style.NO_MODEL in texts(axes)

    def test_both_panels_share_their_scale(self) -> None:
        first, second = drawn("figure5").axes
        assert first.get_xlim() == second.get_xlim()


class TestFigure6:
    def test_draws_two_counts_and_a_share_an_occupation(self) -> None:
        counts, shares = drawn("figure6").axes
        assert count(counts, style.DEFINED) == 2 * 28
        assert count(shares, style.DEFINED) == 28

    def test_the_counts_add_up_to_the_biographies(self) -> None:
        counts = drawn("figure6").axes[0]
        she, he = (
            np.asarray(marks.get_offsets())[:, 0]
            for marks in counts.collections
            if marks.get_gid() == style.DEFINED
        )
        sizes = BIOS.drop_duplicates("occupation")["training_rows"]
        assert sorted(she + he) == sorted(sizes)

    def test_sorts_by_the_share_of_she(self) -> None:
        share = BIOS.drop_duplicates("occupation").set_index("occupation")["prevalence_she"]
        expected = share.sort_values(ascending=False).index
        assert rows(drawn("figure6").axes[0]) == [style.BIOS.title(item) for item in expected]

    def test_numbers_far_apart_are_drawn_on_a_logarithmic_axis_from_zero(self) -> None:
        axes = drawn("figure6").axes[0]
        assert axes.get_xscale() == "symlog"
        assert axes.get_xlim()[0] == 0
        assert axes.get_xlabel() == "training biographies (number; log scale above 10)"

    def test_numbers_of_one_size_are_drawn_on_a_linear_axis(self) -> None:
        axes = figure6(BIOS.assign(training_rows=50), NOTE).axes[0]
        assert axes.get_xscale() == "linear"
        assert axes.get_xlabel() == "training biographies (number)"

    def test_an_occupation_without_biographies_comes_last_and_is_counted(self) -> None:
        bios = BIOS.copy()
        bios.loc[bios["occupation"] == "dj", ["training_rows", "prevalence_she"]] = [0, np.nan]
        counts, shares = figure6(bios, NOTE).axes
        assert rows(counts)[-1] == "DJ"
        assert "no biography" in texts(counts)
        assert count(shares, style.UNDEFINED) == 1
        assert "n undefined: 1 of 28" in shares.get_title(loc="left")

    def test_only_the_original_data_set_counts(self) -> None:
        bios = BIOS.copy()
        bios.loc[bios["dataset_kind"] != "original", ["training_rows", "prevalence_she"]] = [7, 0.5]
        before, after = drawn("figure6").axes, figure6(bios, NOTE).axes
        assert rows(after[0]) == rows(before[0])
        assert [text.get_text() for text in after[1].texts] == [
            text.get_text() for text in before[1].texts
        ]


class TestFigure7:
    def test_draws_one_dot_a_template(self) -> None:
        axes = drawn("figure7").axes[0]
        assert count(axes, style.DEFINED) == 28 * len(figure_data.BIOS_TEMPLATES)

    def test_sorts_by_the_mean_and_marks_it(self) -> None:
        unmodified = BIOS[BIOS["model"] == "pretrained/original/seed1"]
        means = unmodified.groupby("occupation")["pronoun_ranking"].mean()
        means = means.sort_values(ascending=False)
        axes = drawn("figure7").axes[0]
        assert rows(axes) == [style.BIOS.title(item) for item in means.index]
        marks = [line for line in axes.lines if line.get_color() == style.ORANGE]
        assert [float(np.asarray(mark.get_xdata())[0]) for mark in marks] == pytest.approx(
            list(means)
        )

    def test_an_undefined_ranking_is_a_hollow_mark_and_is_counted(self) -> None:
        bios = BIOS.copy()
        bios.loc[bios["occupation"] == "dj", "pronoun_ranking"] = np.nan
        bios.loc[(bios["occupation"] == "poet") & (bios["template"] == "is"), "pronoun_ranking"] = (
            np.nan
        )
        axes = figure7(bios, NOTE).axes[0]
        assert rows(axes)[-1] == "DJ"
        assert count(axes, style.UNDEFINED) == 6
        assert count(axes, style.DEFINED) == 140 - 6
        assert axes.get_title(loc="right") == "n undefined: 6 of 140"

    def test_fine_tuning_seeds_do_not_repeat_the_dots(self) -> None:
        again = BIOS.assign(seed=2, model=BIOS["model"].str.replace("seed1", "seed2"))
        axes = figure7(pd.concat([BIOS, again]), NOTE).axes[0]
        assert count(axes, style.DEFINED) == 140

    def test_a_study_without_the_unmodified_model_says_so(self) -> None:
        figure = figure7(BIOS[BIOS["upstream_kind"] != "pretrained"], NOTE)
        assert style.NO_MODEL in texts(figure.axes[0])


class TestFigure8:
    def test_draws_two_counts_a_term_and_a_share_where_there_is_one(self) -> None:
        counts, shares = drawn("figure8").axes
        assert count(counts, style.DEFINED) == 2 * 50
        assert count(shares, style.DEFINED) == 48

    def test_terms_never_mentioned_are_shown_last_and_counted(self) -> None:
        counts, shares = drawn("figure8").axes
        assert rows(counts)[-2:] == ["black", "Jewish"]
        assert texts(counts).count("never mentioned") == 2
        assert "never mentioned: 2" in counts.get_title(loc="left")
        assert count(shares, style.UNDEFINED) == 2
        assert "n undefined: 2 of 50" in shares.get_title(loc="left")

    def test_sorts_by_the_number_of_mentions(self) -> None:
        numbers = [
            text for text in texts(drawn("figure8").axes[1]) if text.replace(",", "").isdigit()
        ]
        written = [int(number.replace(",", "")) for number in numbers]
        assert written == sorted(WIKI.drop_duplicates("identity_term")["training_mentions"])[::-1]

    def test_the_reference_is_the_toxic_share_of_all_mentions_together(self) -> None:
        terms = WIKI.drop_duplicates("identity_term")
        expected = (terms["training_mentions"] * terms["toxic_share"]).sum()
        expected /= terms["training_mentions"].sum()
        (line,) = (
            line for line in drawn("figure8").axes[1].lines if line.get_gid() == style.REFERENCE
        )
        assert np.asarray(line.get_xdata())[0] == pytest.approx(expected)

    def test_data_without_any_mention_can_be_drawn(self) -> None:
        figure = figure8(WIKI.assign(training_mentions=0, toxic_share=np.nan), NOTE)
        assert count(figure.axes[1], style.UNDEFINED) == 50
        assert_on_page(figure)


class TestFigure10:
    def test_each_way_of_balancing_starts_from_the_original_data(self) -> None:
        over, under, both = drawn("figure10").axes
        assert ticks(over) == ["0", "0.25", "0.5", "0.75", "1"]
        assert ticks(under) == ["0", "0.25", "0.5", "1"]
        assert [tick.replace("\n", " ") for tick in ticks(both)] == [
            "α 0 β 0",
            "α 0.25 β 0.25",
            "α 0.5 β 0.5",
            "α 0.75 β 0.75",
        ]

    def test_draws_every_defined_value_and_marks_the_others(self) -> None:
        table = outcomes(BIOS[BIOS["upstream"] == "pretrained"], "occupation")
        original = table["dataset_kind"] == "original"
        over = original | ((table["oversample"] > 0) & (table["undersample"] == 0))
        values = table.loc[over, "log_tpr_ratio"]
        axes = drawn("figure10").axes[0]
        assert count(axes, style.DEFINED) == values.notna().sum()
        assert count(axes, style.UNDEFINED) == values.isna().sum()
        expected = f"n undefined: {values.isna().sum()} of {len(values)}; 1 model a point"
        assert axes.get_title(loc="left").endswith(expected)

    def test_the_ratio_axis_is_logarithmic_and_shared(self) -> None:
        panels = drawn("figure10").axes
        assert [axes.get_yscale() for axes in panels] == ["log"] * 3
        assert len({axes.get_ylim() for axes in panels}) == 1

    def test_names_the_extremes_of_the_original_data_in_every_panel(self) -> None:
        original = BIOS[BIOS["model"] == "pretrained/original/seed1"]
        ratios = outcomes(original, "occupation").set_index("occupation")["log_tpr_ratio"]
        ratios = ratios.dropna().sort_values()
        expected = {style.BIOS.title(item) for item in [*ratios.index[:3], *ratios.index[-3:]]}
        for axes in drawn("figure10").axes:
            assert {text.get_text() for text in axes.texts} == expected

    def test_draws_the_median_occupation(self) -> None:
        original = BIOS[BIOS["model"] == "pretrained/original/seed1"]
        ratios = outcomes(original, "occupation")["tpr_ratio"]
        for axes in drawn("figure10").axes:
            (median,) = heights(axes, curves.MEDIAN)
            assert median[0] == pytest.approx(ratios.median())

    def test_a_single_setting_is_enough(self) -> None:
        kept = (BIOS["dataset"] == "balance-a1-b0") | (BIOS["dataset_kind"] == "original")
        over, under, both = figure10(BIOS[kept], NOTE).axes
        assert ticks(over) == ["0", "1"]
        assert [style.NO_MODEL in texts(axes) for axes in (over, under, both)] == [
            False,
            True,
            True,
        ]

    def test_undefined_marks_stay_in_the_panel(self) -> None:
        bios = BIOS[(BIOS["dataset"] == "balance-a1-b0") | (BIOS["dataset_kind"] == "original")]
        bios = bios.assign(log_tpr_ratio=bios["log_tpr_ratio"].where(bios["oversample"].isna()))
        axes = figure10(bios, NOTE).axes[0]
        places = [
            float(np.asarray(marks.get_offsets())[0, 0])
            for marks in axes.collections
            if marks.get_gid() == style.UNDEFINED
        ]
        assert len(places) >= 28
        assert axes.get_xlim()[0] <= min(places) and max(places) <= axes.get_xlim()[1]

    def test_ticks_too_close_to_read_are_left_out(self) -> None:
        levels = np.linspace(0, 1, 101)
        sample = outcomes(BIOS[BIOS["dataset"] == "balance-a1-b0"], "occupation")
        many = pd.concat(
            [sample.assign(oversample=a, model=f"a{a:g}", dataset=f"a{a:g}") for a in levels[1:]]
        )
        figure = figure10(pd.concat([style.unmodified_data(BIOS), many]), NOTE)
        axes = figure.axes[0]
        assert len(ticks(axes)) > 5
        assert overlaps(figure) == []


class TestFigure11:
    def test_every_panel_goes_from_the_original_data_to_full_scrubbing(self) -> None:
        for axes in drawn("figure11").axes:
            assert ticks(axes) == ["0", *(f"{tenths / 10:g}" for tenths in range(1, 11))]

    def test_panels_cross_scrubbings_with_checkpoints(self) -> None:
        titles = [axes.get_title(loc="left").split("\n")[0] for axes in drawn("figure11").axes]
        assert titles == [
            "WIKI, pre-trained: toxic mentions scrubbed",
            "WIKI, not pre-trained: toxic mentions scrubbed",
            "WIKI, pre-trained: all mentions scrubbed",
            "WIKI, not pre-trained: all mentions scrubbed",
        ]

    def test_draws_every_defined_value_and_marks_the_others(self) -> None:
        table = WIKI[WIKI["upstream"] == "random-t1"]
        table = outcomes(table[table["dataset_kind"] != "scrub-toxic"], "identity_term")
        axes = drawn("figure11").axes[3]
        assert count(axes, style.DEFINED) == table["fpr_gap"].notna().sum()
        assert count(axes, style.UNDEFINED) == table["fpr_gap"].isna().sum()
        lost = table["fpr_gap"].isna().sum()
        assert f"n undefined: {lost} of {11 * 50}" in axes.get_title(loc="left")

    def test_zero_is_the_original_data_of_the_same_checkpoint(self) -> None:
        original = outcomes(WIKI[WIKI["model"] == "random-t1/original/seed1"], "identity_term")
        expected = sorted(original["fpr_gap"].dropna())
        for axes in drawn("figure11").axes[1::2]:
            starts = [line[0] for line in heights(axes, style.DEFINED) if np.isfinite(line[0])]
            assert sorted(starts) == pytest.approx(expected)

    def test_draws_the_median_term(self) -> None:
        (median,) = heights(drawn("figure11").axes[3], curves.MEDIAN)
        assert median[-1] == 0

    def test_a_named_term_keeps_its_colour_in_every_panel(self) -> None:
        colours = [
            {text.get_text(): text.get_color() for text in axes.texts}
            for axes in drawn("figure11").axes
        ]
        assert len(colours[0]) >= 4
        assert all(panel == colours[0] for panel in colours)

    def test_a_curve_without_a_last_value_is_named_by_a_dotted_line(self) -> None:
        wiki = WIKI.copy()
        highest = drawn("figure11").axes[0].texts[1].get_text().lower()
        ends = (wiki["identity_term"] == highest) & (wiki["scrubbed_fraction"] == 1)
        wiki.loc[ends, "fpr_gap"] = np.nan
        axes = figure11(wiki, NOTE).axes[0]
        (name,) = (text for text in axes.texts if text.get_text().lower() == highest)
        assert name.arrow_patch.get_linestyle() != "-"  # type: ignore[attr-defined]

    def test_says_how_many_models_stand_behind_a_point(self) -> None:
        second = WIKI[WIKI["upstream"] == "random-t1"].assign(upstream="random-t9")
        second["model"] = "random-t9/" + second["dataset"] + "/seed1"
        title = figure11(pd.concat([WIKI, second]), NOTE).axes[1].get_title(loc="left")
        assert title.endswith("; a point is the mean of 2 models")
        second = second[second["dataset"].isin(["original", "scrub-toxic-1"])]
        title = figure11(pd.concat([WIKI, second]), NOTE).axes[1].get_title(loc="left")
        assert title.endswith("; a point is the mean of 1 to 2 models")

    def test_a_scrubbing_without_models_says_so(self) -> None:
        gone = (WIKI["dataset_kind"] == "scrub-toxic") & (WIKI["upstream_kind"] == "random")
        panels = figure11(WIKI[~gone], NOTE).axes
        assert [style.NO_MODEL in texts(axes) for axes in panels] == [False, True, False, False]

    def test_all_panels_share_their_scale(self) -> None:
        assert len({axes.get_ylim() for axes in drawn("figure11").axes}) == 1


class TestExtremes:
    def test_both_ends_lowest_first(self) -> None:
        values = pd.Series({"a": 3.0, "b": 1.0, "c": np.nan, "d": 2.0, "e": 0.0, "f": 5.0})
        assert curves.extremes(values, 2) == ["e", "b", "a", "f"]

    def test_few_items_are_all_named(self) -> None:
        assert curves.extremes(pd.Series({"a": 3.0, "b": 1.0}), 2) == ["b", "a"]
