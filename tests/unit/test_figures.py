"""What the figures promise a reader: every value drawn, every missing one counted."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from bias_transfer.errors import StudyError
from bias_transfer.report.figures import curves
from bias_transfer.report.figures import style
from bias_transfer.report.figures.figure2 import figure2
from bias_transfer.report.figures.figure3 import figure3
from bias_transfer.report.figures.figure4 import FITS, figure4
from bias_transfer.report.figures.figure9 import figure9
from tests.unit import figure_data

NOTE = "Generated text: written by a program with known parameters."
GRID = figure_data.upstream_grid(trials=2)
BIOS = figure_data.bios_table(GRID, undefined=0.1)
WIKI = figure_data.wiki_table(GRID, undefined=0.1)
ESTIMATES = figure_data.estimates()

DRAWINGS: dict[str, Callable[[], Figure]] = {
    "figure2": lambda: figure2(BIOS, WIKI, NOTE),
    "figure3": lambda: figure3(BIOS, NOTE),
    "figure4": lambda: figure4(ESTIMATES, NOTE),
    "figure9": lambda: figure9(BIOS, WIKI, NOTE),
}
# Tests that only look share one drawing of each figure.
every_figure = pytest.mark.parametrize(
    "draw", [cache(draw) for draw in DRAWINGS.values()], ids=DRAWINGS.keys()
)


def texts(within: Figure | Axes) -> list[str]:
    return [text.get_text() for text in within.findobj(Text) if text.get_text()]


def count(axes: Axes, gid: str) -> int:
    """Count the finite points of all marks of one kind."""
    points = 0
    for collection in axes.collections:
        if collection.get_gid() == gid:
            points += len(collection.get_offsets())
    for line in axes.lines:
        if line.get_gid() == gid:
            points += int(np.isfinite(np.asarray(line.get_ydata(), dtype=float)).sum())
    return points


def references(axes: Axes) -> list[float]:
    """Return where the dashed "no bias" lines stand."""
    lines = [line for line in axes.lines if line.get_gid() == style.REFERENCE]
    ends = [(line.get_xdata(), line.get_ydata()) for line in lines]
    return [float(x[0]) if x[0] == x[1] else float(y[0]) for x, y in ends]


def outcomes(table: pd.DataFrame, item: str) -> pd.DataFrame:
    """Return one row a model and item, as the downstream columns repeat over templates."""
    return table.drop_duplicates(["model", item])


class TestEveryFigure:
    @every_figure
    def test_shows_the_note(self, draw: Callable[[], Figure]) -> None:
        assert any(NOTE in text.replace("\n", " ") for text in texts(draw()))

    @every_figure
    def test_asks_its_question_in_the_title(self, draw: Callable[[], Figure]) -> None:
        assert draw().texts[0].get_text().endswith("?")

    @every_figure
    def test_names_every_panel_and_axis(self, draw: Callable[[], Figure]) -> None:
        for axes in draw().axes:
            assert axes.get_title(loc="left")
        assert any(axes.get_xlabel() for axes in draw().axes)

    @every_figure
    def test_explains_its_reference_line(self, draw: Callable[[], Figure]) -> None:
        figure = draw()
        assert all(references(axes) for axes in figure.axes if "negative" not in axes.get_xlabel())
        labels = [text.get_text() for text in figure.legends[0].get_texts()]
        assert any("ratio of 1" in label or "no effect" in label for label in labels)

    @pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS.keys())
    @pytest.mark.parametrize("suffix", [".png", ".pdf"])
    def test_two_drawings_make_the_same_file(
        self, draw: Callable[[], Figure], suffix: str, tmp_path: Path
    ) -> None:
        paths = [tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"]
        for path in paths:
            style.save_figure(draw(), path)
        assert paths[0].read_bytes() == paths[1].read_bytes()

    @every_figure
    def test_keeps_all_text_on_the_page(self, draw: Callable[[], Figure]) -> None:
        figure = draw()
        figure.draw_without_rendering()
        page = figure.bbox
        # Ticks outside the axis limits exist but are not drawn.
        ticks = {
            label
            for axes in figure.axes
            for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]
        }
        for text in set(figure.findobj(Text)) - ticks:
            if text.get_text().strip():
                box = text.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
                assert box.x0 >= page.x0 and box.x1 <= page.x1, text.get_text()
                assert box.y0 >= page.y0 and box.y1 <= page.y1, text.get_text()

    def test_a_second_save_of_one_figure_is_the_same(self, tmp_path: Path) -> None:
        figure = figure9(BIOS, WIKI, NOTE)
        for name in ("first.pdf", "second.pdf"):
            style.save_figure(figure, tmp_path / name)
        assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()

    def test_an_unknown_format_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StudyError, match=r"figure\.jpg.*\.pdf or \.png"):
            style.save_figure(figure4(ESTIMATES, NOTE), tmp_path / "figure.jpg")

    def test_drawing_needs_neither_torch_nor_pyplot(self) -> None:
        code = (
            "import sys\n"
            "from bias_transfer.report.figures import figure2, figure3, figure4, figure9, style\n"
            "assert not {'torch', 'transformers', 'matplotlib.pyplot'} & set(sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestFigure2:
    def test_draws_one_dot_an_item_and_row(self) -> None:
        figure = figure2(BIOS, WIKI, NOTE)
        for axes, items in zip(figure.axes, (28, 28, 50, 50), strict=True):
            assert count(axes, style.DEFINED) + count(axes, style.UNDEFINED) == 4 * items

    def test_an_item_that_no_trial_defines_is_a_hollow_mark(self) -> None:
        bios = BIOS.copy()
        bios.loc[
            (bios["upstream_kind"] == "random") & (bios["occupation"] == "dj"), "log_tpr_ratio"
        ] = np.nan
        before = count(figure2(BIOS, WIKI, NOTE).axes[1], style.UNDEFINED)
        assert count(figure2(bios, WIKI, NOTE).axes[1], style.UNDEFINED) == before + 1

    def test_counts_the_undefined_outcomes_of_each_row(self) -> None:
        rows = outcomes(BIOS[BIOS["upstream_kind"] == "random"], "occupation")
        expected = f"n undefined: {rows['log_tpr_ratio'].isna().sum()} of 56"
        assert any(expected in text for text in texts(figure2(BIOS, WIKI, NOTE).axes[1]))

    def test_writes_the_correlation_with_the_unmodified_model(self) -> None:
        means = (
            outcomes(WIKI, "identity_term")
            .pivot_table("fpr_ratio", "identity_term", "upstream_kind")
            .dropna()
        )
        expected = f"{style.RHO} = {np.corrcoef(means['pretrained'], means['random'])[0, 1]:.2f}"
        assert any(expected in text for text in texts(figure2(BIOS, WIKI, NOTE).axes[3]))

    def test_an_intervention_without_models_says_so(self) -> None:
        axes = figure2(BIOS[BIOS["upstream_kind"] != "gaussian"], WIKI, NOTE).axes
        assert [style.NO_MODEL in texts(panel) for panel in axes] == [True, True, False, False]

    def test_a_task_without_models_says_so(self) -> None:
        axes = figure2(BIOS, WIKI.iloc[:0], NOTE).axes
        assert [style.NO_MODEL in texts(panel) for panel in axes] == [False, False, True, True]

    def test_every_strength_has_its_row(self) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=(), uniform=(0.25, 0.5, 1.0))
        labels = figure2(figure_data.bios_table(grid), WIKI, NOTE).axes[0].get_yticklabels()
        assert [label.get_text().split("\n")[0] for label in labels] == [
            "Pre-trained",
            "Not pre-trained",
            *["Uniform noise"] * 3,
            "Gaussian noise",
        ]

    def test_a_row_without_any_value_is_all_hollow(self) -> None:
        bios = BIOS.copy()
        bios.loc[bios["upstream_kind"] == "random", "log_tpr_ratio"] = np.nan
        axes = figure2(bios, WIKI, NOTE).axes[1]
        assert any(f"{style.RHO} undefined" in text for text in texts(axes))

    def test_models_of_a_changed_data_set_are_left_out(self) -> None:
        balanced = BIOS.assign(dataset_kind="balance", model=BIOS["model"] + "-balanced")
        figure = figure2(pd.concat([BIOS, balanced]), WIKI, NOTE)
        assert texts(figure) == texts(figure2(BIOS, WIKI, NOTE))


class TestFigure3:
    def test_draws_every_defined_value_and_marks_the_others(self) -> None:
        rows = outcomes(
            BIOS[BIOS["upstream_kind"].isin(["pretrained", "sentdebias"])], "occupation"
        )
        axes = figure3(BIOS, NOTE).axes[1]
        assert count(axes, style.DEFINED) == rows["log_tpr_ratio"].notna().sum()
        assert count(axes, style.UNDEFINED) == rows["log_tpr_ratio"].isna().sum()
        assert axes.get_title(loc="left").endswith(
            f"n undefined: {rows['log_tpr_ratio'].isna().sum()} of {len(rows)}; 1 model a point"
        )

    def test_the_unmodified_model_stands_at_zero_in_order(self) -> None:
        labels = [label.get_text() for label in figure3(BIOS, NOTE).axes[1].get_xticklabels()]
        assert labels == ["−50", "−10", "0", "1", "10", "50"]

    def test_the_ratio_axis_is_logarithmic_with_a_line_at_one(self) -> None:
        axes = figure3(BIOS, NOTE).axes[1]
        assert axes.get_yscale() == "log"
        assert references(axes) == [1.0]

    @pytest.mark.parametrize("strengths", [(1,), tuple(range(1, 13))])
    def test_names_six_occupations_without_overlap(self, strengths: tuple[int, ...]) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=strengths)
        figure = figure3(figure_data.bios_table(grid), NOTE)
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        for axes in figure.axes:
            boxes = [Text.get_window_extent(text, renderer) for text in axes.texts]
            assert len(boxes) == 6
            ordered = sorted(boxes, key=lambda box: box.y0)
            assert all(a.y1 <= b.y0 for a, b in pairwise(ordered))

    def test_named_occupations_can_be_chosen(self) -> None:
        figure = figure3(BIOS, NOTE, named=["yoga_teacher", "surgeon"])
        assert [text.get_text() for text in figure.axes[0].texts] == ["yoga teacher", "surgeon"]

    def test_draws_the_median_occupation(self) -> None:
        rows = outcomes(BIOS[BIOS["upstream_kind"] == "pretrained"], "occupation")
        (median,) = (
            line for line in figure3(BIOS, NOTE).axes[1].lines if line.get_gid() == curves.MEDIAN
        )
        expected = np.exp(rows["log_tpr_ratio"]).median()
        assert np.asarray(median.get_ydata())[2] == pytest.approx(expected)

    def test_a_study_without_sent_debias_says_so(self) -> None:
        figure = figure3(BIOS[BIOS["upstream_kind"] != "sentdebias"], NOTE)
        assert all(style.NO_MODEL in texts(axes) for axes in figure.axes)


class TestFigure4:
    def test_draws_every_coefficient_per_unit_and_per_deviation(self) -> None:
        figure = figure4(ESTIMATES, NOTE)
        expected = [2 * len(fits) for fits in FITS.values()] * 2
        assert [count(axes, style.DEFINED) for axes in figure.axes] == expected

    def test_without_deviations_there_is_one_row_of_panels(self) -> None:
        assert len(figure4(ESTIMATES.drop(columns="covariate_sd"), NOTE).axes) == 2

    def test_insignificant_coefficients_are_hollow(self) -> None:
        marks = [
            line for line in figure4(ESTIMATES, NOTE).axes[0].lines if line.get_gid() == "defined"
        ]
        hollow = sum(line.get_markerfacecolor() == "white" for line in marks)
        bios = ESTIMATES[ESTIMATES["task"] == "bios"]
        assert hollow == (bios["p_value"] >= 0.01).sum()

    def test_an_undefined_coefficient_is_marked(self) -> None:
        estimates = ESTIMATES.copy()
        estimates.loc[0, ["estimate", "standard_error", "p_value"]] = np.nan
        assert count(figure4(estimates, NOTE).axes[0], style.UNDEFINED) == 1

    def test_writes_what_each_fit_left_out(self) -> None:
        assert "N = 1,540\nn undefined: 5" in texts(figure4(ESTIMATES, NOTE).axes[0])

    def test_a_missing_fit_says_so(self) -> None:
        figure = figure4(ESTIMATES[ESTIMATES["fit"] != "Mitigated"], NOTE)
        assert [style.NO_MODEL in texts(axes) for axes in figure.axes] == [True, False] * 2

    def test_a_missing_task_says_so(self) -> None:
        figure = figure4(ESTIMATES[ESTIMATES["task"] == "bios"], NOTE)
        assert [style.NO_MODEL in texts(axes) for axes in figure.axes] == [False, True] * 2


class TestFigure9:
    def test_draws_every_item_or_marks_it_at_the_edge(self) -> None:
        rows = outcomes(WIKI[WIKI["upstream_kind"] == "pretrained"], "identity_term")
        undefined = int(rows["fpr_ratio"].isna().sum())
        axes = figure9(BIOS, WIKI, NOTE).axes[1]
        assert undefined > 0
        assert count(axes, style.DEFINED) == 50 - undefined
        assert count(axes, style.UNDEFINED) == undefined
        assert f"n undefined: {undefined} of 50" in axes.get_title(loc="left")

    def test_items_without_either_value_are_marked_too(self) -> None:
        bios = BIOS.copy()
        bios.loc[bios["occupation"] == "dj", ["pronoun_ranking", "log_tpr_ratio"]] = np.nan
        bios.loc[bios["occupation"] == "poet", "pronoun_ranking"] = np.nan
        axes = figure9(bios, WIKI, NOTE).axes[0]
        assert count(axes, style.DEFINED) + count(axes, style.UNDEFINED) == 28

    def test_the_title_holds_the_correlation(self) -> None:
        rows = BIOS[BIOS["upstream_kind"] == "pretrained"]
        means = rows.groupby("occupation")[["pronoun_ranking", "log_tpr_ratio"]].mean().dropna()
        expected = np.corrcoef(means.to_numpy().T)[0, 1]
        title = figure9(BIOS, WIKI, NOTE).axes[0].get_title(loc="left")
        assert f"{style.RHO} = {expected:.2f}" in title

    def test_equal_values_have_no_correlation(self) -> None:
        title = figure9(BIOS.assign(log_tpr_ratio=0.0), WIKI, NOTE).axes[0].get_title(loc="left")
        assert f"{style.RHO} undefined" in title

    def test_a_task_without_models_says_so(self) -> None:
        axes = figure9(BIOS, WIKI.iloc[:0], NOTE).axes
        assert [style.NO_MODEL in texts(panel) for panel in axes] == [False, True]


class TestSpread:
    def test_distant_positions_stay(self) -> None:
        assert style.spread([0.9, 0.1, 0.5], 0.1, 0, 1) == pytest.approx([0.9, 0.1, 0.5])

    def test_close_ones_move_apart_in_order_around_their_mean(self) -> None:
        assert style.spread([0.52, 0.5, 0.48], 0.1, 0, 1) == pytest.approx([0.6, 0.5, 0.4])

    def test_none_leaves_the_panel(self) -> None:
        assert style.spread([1.0, 1.0], 0.1, 0, 1) == pytest.approx([0.9, 1.0])
