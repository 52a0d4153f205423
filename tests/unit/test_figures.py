"""What every figure promises a reader, of any task: all drawn, all counted, all on the page."""

import itertools
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.errors import StudyError
from bias_transfer.report.figures import Tables, drawing, drawings, drawings_for
from bias_transfer.report.figures._labels import spread
from bias_transfer.report.figures._look import BLUE, INK, ORANGE, save_figure
from bias_transfer.report.figures._marks import (
    DEFINED,
    INTERVAL,
    UNDEFINED,
    interval_handles,
)
from bias_transfer.report.figures._text import NO_MODEL, RHO
from tests.unit import figure_data
from tests.unit.figure_data import BIOS, CRAFT, WIKI
from tests.unit.figure_reading import (
    count,
    dots,
    heights,
    intervals,
    off_page,
    overlaps,
    references,
    rows,
    texts,
    ticks,
)

NOTE = "Generated text: written by a program with known parameters."
NAMES = (
    "adaptation",
    "before_after",
    "changes",
    "coefficients",
    "contents",
    "data_before_after",
    "data_dose_response",
    "dose_response",
    "item_scatter",
    "specification_curve",
    "templates",
)
# They show slopes, not items: what is undefined of these, other figures say.
OF_SLOPES = ("adaptation", "changes", "specification_curve")
TASKS = {task.name: task for task in (BIOS, WIKI, CRAFT)}


@cache
def tables(name: str) -> Tables:
    observations = {
        "bios": figure_data.balanced_bios,
        "wiki": figure_data.scrubbed_wiki,
        "crafts": figure_data.crafts_table,
    }
    return figure_data.tables(observations[name](), TASKS[name])


@cache
def drawn(name: str, task: str) -> Figure:
    """Draw the full study once: tests that only look share it."""
    return drawing(name).draw(TASKS[task], tables(task), NOTE)


def draw(name: str, task: TaskDescription, observations: pd.DataFrame) -> Figure:
    return drawing(name).draw(task, figure_data.tables(observations, task), NOTE)


def without(given: Tables, **chosen: pd.DataFrame) -> Tables:
    return Tables(**(vars(given) | chosen))


@cache
def unmodified(task: str) -> Tables:
    """Return the tables of a study of the unmodified model alone."""
    observations = tables(task).observations
    kept = observations[observations["model"] == "pretrained/original/full/seed1"]
    return figure_data.tables(kept, TASKS[task])


def few(items: int) -> pd.DataFrame:
    """Return observations of the first crafts only."""
    kept = list(CRAFT.item_titles)[:items]
    observations = tables("crafts").observations
    return observations[observations["craft"].isin(kept)]


@cache
def of_few(items: int) -> Tables:
    return figure_data.tables(few(items), CRAFT)


@cache
def of_many() -> tuple[TaskDescription, Tables]:
    """Return a task of a hundred items with long names, and its tables."""
    observations = few(14)
    copies = [
        observations.assign(craft=observations["craft"] + f"/{number:02}") for number in range(8)
    ]
    many = pd.concat(copies)
    many = many[many["craft"].isin(sorted(many["craft"].unique())[:100])]
    titles = {item: f"senior assistant {item}" for item in many["craft"].unique()}
    task = CRAFT.model_copy(update={"item_titles": titles})
    return task, figure_data.tables(many, task)


@cache
def of_numbers() -> tuple[TaskDescription, Tables]:
    """Return a task whose items are numbers with dollar signs in their names, and its tables."""
    observations = few(4)
    items = list(observations["craft"].unique())
    titles = {str(rank): f"$ {rank} _x_ $" for rank in range(len(items))}
    task = CRAFT.model_copy(update={"item_titles": titles})
    numbered = observations.assign(craft=observations["craft"].map(items.index))
    return task, figure_data.tables(numbered, task)


every_figure = pytest.mark.parametrize("name", NAMES)
every_task = pytest.mark.parametrize("task", TASKS)


class TestFinding:
    def test_a_figure_is_a_module_found_by_its_name(self) -> None:
        assert tuple(drawings()) == NAMES

    def test_each_has_a_caption(self) -> None:
        assert all(each.caption.endswith(".") for each in drawings().values())

    @every_task
    def test_a_task_with_all_interventions_has_all(self, task: str) -> None:
        assert drawings_for(TASKS[task]) == NAMES

    def test_a_task_without_interventions_has_those_of_the_unmodified_model(self) -> None:
        task = CRAFT.model_copy(update={"interventions": ()})
        assert drawings_for(task) == (
            "adaptation",
            "coefficients",
            "contents",
            "item_scatter",
            "specification_curve",
            "templates",
        )

    def test_without_strengths_there_is_no_dose(self) -> None:
        task = CRAFT.model_copy(update={"interventions": CRAFT.interventions[:1]})
        assert "before_after" in drawings_for(task)
        assert "dose_response" not in drawings_for(task)


@every_task
@every_figure
class TestEveryFigure:
    def test_shows_the_note(self, name: str, task: str) -> None:
        assert any(NOTE in text.replace("\n", " ") for text in texts(drawn(name, task)))

    def test_asks_its_question_in_the_title(self, name: str, task: str) -> None:
        assert drawn(name, task).texts[0].get_text().endswith("?")

    def test_names_every_panel_and_every_axis(self, name: str, task: str) -> None:
        for axes in drawn(name, task).axes:
            # The choices below a curve share its axis and its title.
            if name != "specification_curve":
                assert axes.get_title(loc="left")
                assert axes.get_xlabel()

    def test_explains_its_reference_lines_and_undefined_marks(self, name: str, task: str) -> None:
        figure = drawn(name, task)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        explained = ("0 nats", "gap of 0", "ratio of 1", "0: ", "together")
        # No value of negative sentiment means "no bias".
        expected = (name, task) != ("templates", "wiki")
        assert any(references(axes) for axes in figure.axes) == expected
        assert any(text in label for label in legend for text in explained) == expected
        marks = any(count(axes, UNDEFINED) for axes in figure.axes)
        explains = any(label.startswith("undefined: no value") for label in legend)
        assert explains == (marks if name in OF_SLOPES else True)

    def test_explains_its_intervals(self, name: str, task: str) -> None:
        figure = drawn(name, task)
        legend = [text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()]
        shown = any(each.get_gid() == INTERVAL for axes in figure.axes for each in axes.collections)
        # The training data are all counted.
        assert shown == (name != "contents")
        assert any("95 % interval" in label for label in legend) == shown

    def test_says_how_many_values_are_undefined(self, name: str, task: str) -> None:
        said = any("n undefined: " in text for text in texts(drawn(name, task)))
        assert said == (name not in ("adaptation", "changes"))

    def test_keeps_all_text_on_the_page(self, name: str, task: str) -> None:
        assert off_page(drawn(name, task)) == []

    def test_no_text_hides_another(self, name: str, task: str) -> None:
        assert overlaps(drawn(name, task)) == []

    def test_a_study_without_models_says_so_in_every_panel(self, name: str, task: str) -> None:
        figure = drawing(name).draw(TASKS[task], figure_data.empty(tables(task)), NOTE)
        assert off_page(figure) == []
        assert figure.axes
        assert all(NO_MODEL in texts(axes) for axes in figure.axes)

    def test_a_study_of_the_unmodified_model_alone_can_be_drawn(self, name: str, task: str) -> None:
        assert off_page(drawing(name).draw(TASKS[task], unmodified(task), NOTE)) == []


@every_figure
class TestAnyTask:
    @pytest.mark.parametrize("items", [2, 3])
    def test_few_items_can_be_drawn(self, name: str, items: int) -> None:
        figure = drawing(name).draw(CRAFT, of_few(items), NOTE)
        assert off_page(figure) == []
        assert overlaps(figure) == []

    def test_a_hundred_items_with_long_names_can_be_drawn(self, name: str) -> None:
        assert off_page(drawing(name).draw(*of_many(), NOTE)) == []

    def test_items_may_be_numbers_and_dollar_signs(self, name: str) -> None:
        figure = drawing(name).draw(*of_numbers(), NOTE)
        found = any("$ 0 _x_ $" in text for text in texts(figure))
        assert found == (name not in ("coefficients", *OF_SLOPES))

    def test_two_drawings_make_the_same_file(self, name: str, tmp_path: Path) -> None:
        again = drawing(name).draw(CRAFT, tables("crafts"), NOTE)
        paths = [tmp_path / "first.png", tmp_path / "second.png"]
        for figure, path in zip((drawn(name, "crafts"), again), paths, strict=True):
            save_figure(figure, path)
        assert paths[0].read_bytes() == paths[1].read_bytes()


class TestSaving:
    def test_a_pdf_is_the_same_when_it_is_drawn_again(self, tmp_path: Path) -> None:
        again = drawing("item_scatter").draw(BIOS, tables("bios"), NOTE)
        for name, figure in (("first.pdf", drawn("item_scatter", "bios")), ("second.pdf", again)):
            save_figure(figure, tmp_path / name)
        assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()

    def test_an_unknown_format_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(StudyError, match=r"figure\.jpg.*\.pdf or \.png"):
            save_figure(drawn("item_scatter", "bios"), tmp_path / "figure.jpg")

    def test_a_long_title_and_note_take_more_lines(self) -> None:
        contents = CRAFT.contents.model_copy(update={"counted": "very long letters of advice " * 5})
        task = CRAFT.model_copy(update={"contents": contents})
        figure = drawing("contents").draw(task, tables("crafts"), "A word and another. " * 30)
        assert "\n" in figure.texts[0].get_text()
        title, axes = figure.texts[0], figure.axes[0]
        assert title.get_window_extent().y0 > axes.get_tightbbox().y1  # type: ignore[union-attr]


def named(figure: Figure, task: TaskDescription) -> set[str]:
    """Return the items that a figure names in its last panel."""
    written = {text.get_text() for text in figure.axes[-1].texts}
    return written & set(task.item_titles.values())


@pytest.mark.parametrize(
    "name",
    ["before_after", "data_before_after", "data_dose_response", "dose_response", "item_scatter"],
)
def test_an_item_of_too_few_test_rows_is_drawn_and_not_named(name: str) -> None:
    rated = {"test_rows": "smaller_group_rows"}
    task = BIOS.model_copy(
        update={
            "after": BIOS.after.model_copy(update=rated),
            "outcomes": tuple(each.model_copy(update=rated) for each in BIOS.outcomes),
        }
    )
    given = tables("bios")
    whole = drawing(name).draw(task, given, NOTE)
    title = min(named(whole, task))
    means = given.item_means
    scarce = means["item"].map(task.item_titles.get) == title
    figure = drawing(name).draw(task, without(given, item_means=means.assign(scarce=scarce)), NOTE)
    assert title not in named(figure, task)
    assert [count(each, DEFINED) for each in figure.axes] == [
        count(each, DEFINED) for each in whole.axes
    ]
    (note,) = (text.get_text() for text in figure.texts if text.get_gid() == "note")
    assert note == f"{NOTE} Not named, for their few test rows: 1 of the occupations."


class TestTheSameNumber:
    """A figure draws what stands in the table: it averages and correlates nothing itself."""

    def odd(self) -> pd.DataFrame:
        """Observations in which a mean of all rows is not the mean of the models' means."""
        table = tables("crafts").observations.copy()
        gone = (table["upstream"] == "random-t1") & (table["template"] == "is")
        table.loc[gone, "pronoun_ranking"] = np.nan
        return table

    def test_a_dot_is_the_mean_in_the_table(self) -> None:
        given = figure_data.tables(self.odd(), CRAFT)
        figure = drawing("before_after").draw(CRAFT, given, NOTE)
        means = given.item_means
        means = means[(means["upstream_kind"] == "random") & (means["twin_of"] == "")]
        for axes, measure, of_log in (
            (figure.axes[0], "pronoun_ranking", False),
            (figure.axes[1], "log_tpr_ratio", True),
        ):
            values = means.loc[means["measure"] == measure, "value"].to_numpy(dtype=float)
            expected = np.sort(np.exp(values) if of_log else values)
            assert dots(axes, DEFINED)[1] == pytest.approx(expected, abs=0)

    def test_whatever_the_table_says_is_drawn(self) -> None:
        given = tables("crafts")
        moved = given.item_means.assign(value=given.item_means["value"] + 7)
        figure = drawing("before_after").draw(CRAFT, without(given, item_means=moved), NOTE)
        first, second = (
            dots(each.axes[0], DEFINED)[0] for each in (drawn("before_after", "crafts"), figure)
        )
        assert second == pytest.approx(first + 7)

    def test_a_point_of_a_curve_is_the_mean_in_the_table(self) -> None:
        means = tables("bios").item_means
        means = means[(means["measure"] == "tpr_gap") & (means["dataset"] == "balance-a0.5-b0")]
        curves = heights(drawn("data_dose_response", "bios").axes[0], DEFINED)
        drawn_values = [curve[2] for curve in curves if np.isfinite(curve[2])]
        assert sorted(drawn_values) == pytest.approx(sorted(means["value"].dropna()), abs=0)

    def test_a_mark_of_a_mean_is_the_mean_in_the_table(self) -> None:
        means = tables("wiki").item_means
        unmodified = (means["upstream_kind"] == "pretrained") & (means["dataset"] == "original")
        means = means[unmodified & (means["twin_of"] == "")]
        means = means[means["measure"] == "negative_sentiment"].sort_values("value")
        marks = [
            line.get_xdata()
            for line in drawn("templates", "wiki").axes[0].lines
            if line.get_gid() == "mean"
        ]
        drawn_values = [float(np.asarray(mark)[0]) for mark in marks]
        assert drawn_values[::-1] == pytest.approx(list(means["value"]), abs=0)

    def test_a_correlation_is_the_one_in_the_table(self) -> None:
        given = tables("crafts")
        of_random = given.correlations["upstream_kind"] == "random"
        correlations = given.correlations.assign(pearson=0.11).mask(of_random, other=np.nan)
        correlations[["upstream_kind", "dataset", "measure"]] = given.correlations[
            ["upstream_kind", "dataset", "measure"]
        ]
        changed = without(
            given, correlations=correlations, transfer=given.transfer.assign(pearson=-0.22)
        )
        beside = texts(drawing("before_after").draw(CRAFT, changed, NOTE).axes[0])
        assert any(text.startswith(f"{RHO} = 0.11\n") for text in beside)
        assert any(text.startswith(f"{RHO} undefined\n") for text in beside)
        scatter = drawing("item_scatter").draw(CRAFT, changed, NOTE).axes[0]
        assert f"{RHO} = −0.22, p = 0.020" in scatter.get_title(loc="left")


class TestIntervals:
    def unmodified(self, measure: str) -> pd.DataFrame:
        means = tables("bios").item_means
        means = means[(means["upstream_kind"] == "pretrained") & (means["dataset"] == "original")]
        means = means[(means["twin_of"] == "") & (means["measure"] == measure)]
        return means[means["value"].notna()]

    def test_an_interval_ends_where_the_table_says(self) -> None:
        means = self.unmodified("pronoun_ranking")
        found = intervals(drawn("item_scatter", "bios").axes[0], "x")
        expected = means[["low", "high"]].to_numpy()
        assert np.sort(found, axis=0) == pytest.approx(np.sort(expected, axis=0))

    def test_that_of_a_logarithm_is_made_on_the_logarithm(self) -> None:
        means = self.unmodified("log_tpr_ratio")
        found = intervals(drawn("item_scatter", "bios").axes[0], "y")
        expected = np.exp(means[["low", "high"]].to_numpy())
        assert np.sort(found, axis=0) == pytest.approx(np.sort(expected, axis=0))

    @pytest.mark.parametrize("name", ["before_after", "dose_response", "data_before_after"])
    def test_every_point_has_one(self, name: str) -> None:
        along = "y" if name == "dose_response" else "x"
        for axes in drawn(name, "wiki").axes:
            assert len(intervals(axes, along)) == count(axes, DEFINED) > 0

    def test_a_point_whose_error_is_unknown_has_none(self) -> None:
        given = tables("crafts")
        means = given.item_means.assign(low=np.nan, high=np.nan)
        figure = drawing("before_after").draw(CRAFT, without(given, item_means=means), NOTE)
        for axes in figure.axes:
            assert len(intervals(axes, "x")) == 0
            assert count(axes, DEFINED) > 0

    def test_none_reaches_values_that_the_quantity_cannot_have(self) -> None:
        given = tables("wiki")
        means = given.item_means.assign(low=-200.0, high=200.0)
        axes = drawing("item_scatter").draw(WIKI, without(given, item_means=means), NOTE).axes[0]
        # A mean probability, and a ratio of two rates.
        assert {tuple(each) for each in intervals(axes, "x")} == {(0.0, 1.0)}
        low, high = np.transpose(intervals(axes, "y"))
        assert set(low) == {0.0} and min(high) > 100

    def test_a_long_one_runs_out_of_the_panel(self) -> None:
        given = tables("crafts")
        long = given.item_means["item"] == "baker/she"
        means = given.item_means.assign(
            low=given.item_means["low"].mask(long, -200.0),
            high=given.item_means["high"].mask(long, 200.0),
        )
        axes = drawing("item_scatter").draw(CRAFT, without(given, item_means=means), NOTE).axes[0]
        values = np.concatenate(dots(axes, DEFINED))
        low, high = axes.get_xlim()
        assert high - low < 2.5 * max(np.ptp(values), 0.2)

    def test_what_no_table_tells_is_not_promised(self) -> None:
        outcome = CRAFT.after.model_copy(update={"variance": ""})
        measure = CRAFT.before.model_copy(update={"per_template": False})
        assert interval_handles(outcome, measure) == []
        (handle,) = interval_handles(outcome, CRAFT.before)
        assert handle.get_label() == (
            "95 % interval: upstream from the spread over templates; one that reaches the edge "
            "goes on beyond it"
        )


class TestAdaptation:
    def test_a_row_is_a_way_of_fine_tuning_in_both_panels(self) -> None:
        model, data = drawn("adaptation", "bios").axes
        assert rows(model) == ["All weights", "Low-rank adapters", "Head only"]
        assert len(rows(data)) == 3
        assert model.get_xlim() == data.get_xlim()
        assert count(model, DEFINED) == count(data, DEFINED) == 3

    def test_a_slope_and_its_interval_are_the_ones_in_the_table(self) -> None:
        verdicts = tables("bios").verdicts.query("source == 'model'")
        axes = drawn("adaptation", "bios").axes[0]
        marks = [line for line in axes.lines if line.get_gid() == DEFINED]
        slopes = [float(np.asarray(mark.get_xdata())[0]) for mark in marks]
        assert slopes == pytest.approx(list(verdicts["standardised"]))
        assert intervals(axes, "x") == pytest.approx(verdicts[["low", "high"]].to_numpy())

    def test_the_words_above_the_band_do_not_make_it_wider(self) -> None:
        given = tables("bios")
        verdicts = given.verdicts.assign(low=-9.0)
        figure = drawing("adaptation").draw(BIOS, without(given, verdicts=verdicts), NOTE)
        (words,) = (
            each for each in figure.axes[0].texts if each.get_text() == "too little to matter"
        )
        assert to_hex(words.get_bbox_patch().get_facecolor()) == "#ffffff"

    def test_the_verdict_stands_beside_its_row(self) -> None:
        model, data = drawn("adaptation", "wiki").axes
        for verdict in ("does not transfer", "undecided", "transfers"):
            assert verdict in [text.replace("\n", " ") for text in texts(model)]
        assert texts(data).count("transfers") == 3

    @pytest.mark.parametrize(
        ("verdict", "said"),
        [
            ("goes with downstream bias", "goes with it"),
            (
                "goes with downstream bias, but less than matters",
                "goes with it, but less than matters",
            ),
            ("goes against downstream bias", "goes against it"),
            ("does not go with downstream bias", "does not go with it"),
            ("undecided", "undecided"),
        ],
    )
    def test_a_slope_between_items_is_hollow_and_says_what_goes_together(
        self, verdict: str, said: str
    ) -> None:
        given = tables("bios")
        verdicts = given.verdicts.assign(effects="between", verdict=verdict)
        figure = drawing("adaptation").draw(BIOS, without(given, verdicts=verdicts), NOTE)
        for axes in figure.axes:
            assert [text.replace("\n", " ") for text in texts(axes)].count(said) == 3
            marks = [line for line in axes.lines if line.get_gid() == DEFINED]
            assert {line.get_markerfacecolor() for line in marks} == {"white"}
        assert any(text.startswith("hollow: none changed it") for text in texts(figure))
        assert off_page(figure) == []
        assert overlaps(figure) == []

    def test_what_was_not_estimated_is_said_in_words_and_is_no_mark_on_the_axis(self) -> None:
        given = tables("bios")
        numbers = ["standardised", "low", "high"]
        verdicts = given.verdicts.assign(verdict="not estimated", **dict.fromkeys(numbers, np.nan))
        figure = drawing("adaptation").draw(BIOS, without(given, verdicts=verdicts), NOTE)
        for axes in figure.axes:
            assert count(axes, UNDEFINED) == count(axes, DEFINED) == 0
            assert texts(axes).count("not estimated") == 3
        assert not any(text.startswith(("filled:", "hollow:")) for text in texts(figure))

    @pytest.mark.parametrize("ways", [1, 2])
    def test_fewer_ways_of_fine_tuning_can_be_drawn(self, ways: int) -> None:
        task = BIOS.model_copy(update={"adaptations": BIOS.adaptations[:ways]})
        given = figure_data.tables(tables("bios").observations, task)
        for name in OF_SLOPES:
            figure = drawing(name).draw(task, given, NOTE)
            assert off_page(figure) == []
            assert overlaps(figure) == []


class TestChanges:
    def test_a_panel_is_a_way_of_fine_tuning_and_a_source(self) -> None:
        titles = [
            axes.get_title(loc="left").split("\n")[0] for axes in drawn("changes", "bios").axes
        ]
        assert titles == [
            f"{way}: the {source} altered"
            for way in ("All weights", "Low-rank adapters", "Head only")
            for source in ("model", "data")
        ]

    def test_draws_the_items_that_interventions_moved(self) -> None:
        changes = tables("bios").changes.query("adaptation == 'full'")
        model, data = drawn("changes", "bios").axes[:2]
        assert count(model, DEFINED) == (changes["upstream_change"] != 0).sum()
        assert count(data, DEFINED) == (changes["data_change"] != 0).sum()
        assert len(intervals(model, "y")) == count(model, DEFINED)

    def test_all_panels_share_what_they_are_compared_by(self) -> None:
        panels = drawn("changes", "wiki").axes
        assert len({axes.get_ylim() for axes in panels}) == 1
        assert len({axes.get_xlim() for axes in panels[::2]}) == 1

    def test_the_slope_is_the_one_in_the_table(self) -> None:
        slopes = tables("bios").slopes.query("adaptation == 'head' and effects == 'within'")
        for axes, (_, row) in zip(
            drawn("changes", "bios").axes[-2:], slopes.iterrows(), strict=True
        ):
            (line,) = (each for each in axes.lines if each.get_gid() == "slope")
            x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
            assert y == pytest.approx(row["slope"] * x)
            assert f"slope {row['standardised']:.2f} SDs per SD" in axes.get_title(loc="left")

    def test_a_slope_that_was_not_estimated_is_not_drawn(self) -> None:
        given = tables("bios")
        slopes = given.slopes.assign(slope=np.nan)
        axes = drawing("changes").draw(BIOS, without(given, slopes=slopes), NOTE).axes[0]
        assert not [each for each in axes.lines if each.get_gid() == "slope"]
        assert axes.get_title(loc="left").endswith("\nslope not estimated")

    def test_what_was_done_is_named_once_whatever_its_strengths(self) -> None:
        legend = drawn("changes", "bios").legends[0].get_texts()
        assert [text.get_text() for text in legend[:4]] == [
            "Uniform noise: the model altered",
            "Gaussian noise: the model altered",
            "Sent-Debias: the model altered",
            "Balancing: the data altered",
        ]

    def test_a_colour_says_what_was_altered_and_a_shape_how(self) -> None:
        handles = drawn("changes", "bios").legends[0].legend_handles[:4]
        assert [handle.get_color() for handle in handles] == [BLUE, BLUE, BLUE, ORANGE]
        assert len({handle.get_marker() for handle in handles}) == 4
        for axes, colour in zip(drawn("changes", "bios").axes, [BLUE, ORANGE] * 3, strict=True):
            points = [each for each in axes.collections if each.get_gid() == DEFINED]
            assert {to_hex(each.get_facecolor()[0]) for each in points} == {colour.lower()}

    def test_labels_along_the_axis_keep_their_distance(self) -> None:
        given = tables("bios")
        narrow = given.changes["data_change"].where(given.changes["data_change"] == 0, 0.1)
        sign = np.where(np.arange(len(narrow)) % 2, 1.3, -2.4)
        changes = given.changes.assign(data_change=narrow * sign)
        figure = drawing("changes").draw(BIOS, without(given, changes=changes), NOTE)
        figure.canvas.draw()
        for axes in figure.axes:
            boxes = [
                label.get_window_extent()
                for label in axes.get_xticklabels()
                if axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]
            ]
            assert all(a.x1 + 10 < b.x0 for a, b in itertools.pairwise(boxes))

    def test_intervals_that_the_axis_cuts_off_are_said_to_go_on(self) -> None:
        given, cut = tables("bios"), "go on beyond the axis"
        for error, said in ((0.0, False), (9.0, True)):
            changes = given.changes.assign(outcome_error=error)
            figure = drawing("changes").draw(BIOS, without(given, changes=changes), NOTE)
            assert any(cut in text.replace("\n", " ") for text in texts(figure)) == said

    def test_what_altered_both_is_of_neither_colour(self) -> None:
        given = tables("bios")
        observations = given.observations.copy()
        both = observations["dataset_kind"] == "balance"
        observations.loc[both, "upstream_kind"] = "sentdebias"
        figure = drawing("changes").draw(BIOS, without(given, observations=observations), NOTE)
        assert "Sent-Debias and Balancing: both altered" in texts(figure)
        handles = figure.legends[0].legend_handles
        assert INK in [handle.get_color() for handle in handles[:4]]

    def test_a_source_that_nothing_moved_says_so(self) -> None:
        given = tables("bios")
        changes = given.changes.assign(data_change=0.0)
        panels = drawing("changes").draw(BIOS, without(given, changes=changes), NOTE).axes
        assert [NO_MODEL in texts(axes) for axes in panels] == [False, True] * 3


class TestSpecificationCurve:
    def test_slopes_ascend_and_every_choice_is_marked(self) -> None:
        table = tables("bios").specification_curve
        curve, choices = drawn("specification_curve", "bios").axes[:2]
        (slopes,) = (
            np.asarray(each.get_offsets())[:, 1]
            for each in curve.collections
            if each.get_gid() == DEFINED
        )
        expected = table.loc[table["source"] == "model", "standardised"].sort_values()
        assert list(slopes) == pytest.approx(list(expected))
        assert rows(choices)[:2] == ["effects: within items", "effects: between items"]
        marks = sum(len(np.asarray(line.get_xdata())) for line in choices.lines)
        assert marks == 4 * len(slopes)

    def test_a_choice_without_a_slope_is_counted(self) -> None:
        given = tables("bios")
        table = given.specification_curve.copy()
        table.loc[table.index[0], ["standardised", "low", "high"]] = np.nan
        figure = drawing("specification_curve").draw(
            BIOS, without(given, specification_curve=table), NOTE
        )
        assert "n undefined: 1 of 24 choices" in figure.axes[0].get_title(loc="left")

    def test_it_is_of_the_principal_way_of_fine_tuning(self) -> None:
        given = tables("bios")
        table = given.specification_curve
        both = pd.concat([table, table.assign(adaptation="head")], ignore_index=True)
        figure = drawing("specification_curve").draw(
            BIOS, without(given, specification_curve=both), NOTE
        )
        for axes, alone in zip(figure.axes, drawn("specification_curve", "bios").axes, strict=True):
            assert count(axes, DEFINED) == count(alone, DEFINED)
            assert axes.get_title(loc="left") == alone.get_title(loc="left")

    def test_what_is_too_little_to_matter_is_shaded_as_in_the_report(self) -> None:
        figure = drawn("specification_curve", "bios")
        for axes in figure.axes[::2]:
            (band,) = (each for each in axes.patches if each.get_gid() == "band")
            assert (band.get_y(), band.get_height()) == pytest.approx((-0.2, 0.4))
        assert "too little to matter: within ±0.2" in texts(figure)

    def test_both_sources_share_their_scale(self) -> None:
        first, second = drawn("specification_curve", "wiki").axes[::2]
        assert first.get_ylim() == second.get_ylim()


class TestBeforeAfter:
    def test_draws_one_mark_an_item_and_row(self) -> None:
        for axes in drawn("before_after", "wiki").axes:
            assert count(axes, DEFINED) + count(axes, UNDEFINED) == 4 * 50

    def test_rows_are_the_randomised_checkpoints_and_their_models(self) -> None:
        assert rows(drawn("before_after", "bios").axes[0]) == [
            "Unmodified model\n1 model",
            "Not pre-trained\nmean of 3 models",
            "Uniform noise\nc = 0.5\nmean of 3 models",
            "Gaussian noise\nσ = 0.1\nmean of 3 models",
        ]

    def test_every_strength_of_noise_has_its_row(self) -> None:
        labels = [row.split("\n")[1] for row in rows(drawn("before_after", "crafts").axes[0])]
        assert labels[3:] == ["σ = 0.05", "σ = 0.1", "σ = 0.2"]

    def test_a_method_of_one_strength_has_a_row_too(self) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=(1,))
        labels = rows(draw("before_after", BIOS, figure_data.bios_table(grid)).axes[0])
        assert labels[-1] == "Sent-Debias\nγ = 1\n1 model"

    def test_an_item_that_no_trial_defines_is_a_hollow_mark(self) -> None:
        table = tables("crafts").observations.copy()
        lost = (table["upstream_kind"] == "random") & (table["craft"] == "baker/she")
        table.loc[lost, "log_tpr_ratio"] = np.nan
        axes = draw("before_after", CRAFT, table).axes[1]
        assert count(axes, UNDEFINED) == 1
        assert any("n undefined: 2 of 28" in text for text in texts(axes))

    def test_an_intervention_without_models_says_so(self) -> None:
        table = tables("crafts").observations
        figure = draw("before_after", CRAFT, table[table["upstream_kind"] != "uniform"])
        assert all(NO_MODEL in texts(axes) for axes in figure.axes)
        assert "Uniform noise" in rows(figure.axes[0])

    def test_models_of_altered_data_are_left_out(self) -> None:
        table = tables("crafts").observations
        original = table[table["dataset"] == "original"]
        assert texts(draw("before_after", CRAFT, original)) == texts(
            draw("before_after", CRAFT, table)
        )


class TestDoseResponse:
    def test_draws_every_defined_value_and_marks_the_others(self) -> None:
        axes = drawn("dose_response", "bios").axes[1]
        kept = tables("bios").observations
        kept = kept[kept["upstream_kind"].isin(["pretrained", "sentdebias"])]
        kept = kept[kept["dataset"] == "original"].drop_duplicates(["model", "occupation"])
        lost = int(kept["log_tpr_ratio"].isna().sum())
        assert count(axes, DEFINED) == len(kept) - lost
        assert count(axes, UNDEFINED) == lost > 0
        assert axes.get_title(loc="left").endswith(
            f"n undefined: {lost} of {len(kept)}; 1 model a point"
        )

    def test_the_unmodified_model_stands_at_zero_in_order(self) -> None:
        for axes in drawn("dose_response", "bios").axes:
            assert ticks(axes) == ["−50", "−10", "0", "1", "10", "50"]

    def test_an_axis_that_is_not_to_scale_says_so(self) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=(-1, 0, 1))
        even = draw("dose_response", BIOS, figure_data.bios_table(grid)).axes[0]
        assert "to scale" not in even.get_xlabel()
        assert "not to scale" in drawn("dose_response", "bios").axes[0].get_xlabel()

    def test_the_shade_at_zero_is_explained(self) -> None:
        assert "shaded: a strength of zero" in texts(drawn("dose_response", "bios"))

    def test_any_method_of_several_strengths_is_a_dose(self) -> None:
        figure = drawn("dose_response", "crafts")
        assert len(figure.axes) == 2
        assert ticks(figure.axes[0]) == ["0", "0.05", "0.1", "0.2"]
        assert (
            figure.axes[0].get_xlabel() == "Gaussian noise: σ (0 = unmodified model; not to scale)"
        )

    def test_a_method_with_a_strength_of_zero_has_its_own_model_there(self) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=(0, 1))
        table = figure_data.bios_table(grid)
        figure = draw("dose_response", BIOS, table)
        assert [ticks(axes) for axes in figure.axes] == [["0", "1"]] * 2
        assert figure.axes[0].get_xlabel() == "Sent-Debias: γ"

    def test_methods_stand_side_by_side(self) -> None:
        grid = figure_data.upstream_grid(trials=1, uniform=(0.2, 0.5))
        figure = draw("dose_response", BIOS, figure_data.bios_table(grid))
        assert [axes.get_xlabel().split(":")[0] for axes in figure.axes] == [
            "Uniform noise",
            "Sent-Debias",
        ] * 2
        assert off_page(figure) == []
        assert overlaps(figure) == []

    def test_the_ratio_axis_is_logarithmic_with_a_line_at_one(self) -> None:
        axes = drawn("dose_response", "bios").axes[1]
        assert axes.get_yscale() == "log"
        assert references(axes) == [1.0]

    @pytest.mark.parametrize("strengths", [(1,), tuple(range(1, 13))])
    def test_names_six_items_without_overlap(self, strengths: tuple[int, ...]) -> None:
        grid = figure_data.upstream_grid(trials=1, gammas=strengths)
        figure = draw("dose_response", BIOS, figure_data.bios_table(grid))
        assert all(len(axes.texts) == 6 for axes in figure.axes)
        assert overlaps(figure) == []


class TestCoefficients:
    def test_draws_every_coefficient_per_unit_and_per_deviation(self) -> None:
        for axes in drawn("coefficients", "bios").axes:
            assert count(axes, DEFINED) == 2 * len(figure_data.fits(BIOS))

    def test_rows_are_the_groups_of_models_in_the_tables_order(self) -> None:
        assert rows(drawn("coefficients", "wiki").axes[0]) == figure_data.fits(WIKI)

    def test_a_deviation_scales_the_coefficient_and_its_bar(self) -> None:
        unit, deviation = drawn("coefficients", "crafts").axes
        values = [
            [float(np.asarray(line.get_xdata())[0]) for line in axes.lines if line.get_gid()]
            for axes in (unit, deviation)
        ]
        # The line at zero comes first.
        assert values[1][1] == pytest.approx(0.9 * values[0][1])
        assert values[1][2] == pytest.approx(0.25 * values[0][2])

    def test_what_only_goes_together_is_hollow_and_not_called_an_effect(self) -> None:
        figure = drawn("coefficients", "bios")
        for axes in figure.axes:
            marks = [line for line in axes.lines if line.get_gid() == DEFINED]
            assert {line.get_markerfacecolor() for line in marks} == {"white"}
        said = " ".join(texts(figure)).replace("\n", " ")
        assert "What goes with downstream bias" in said
        assert "hollow: how far the two go together" in said
        for causal in ("effect per", "no effect", "moves"):
            assert causal not in said

    def test_bars_are_the_intervals_in_the_table(self) -> None:
        regressions = tables("bios").regressions
        upstream = regressions[regressions["term"] == "pronoun_ranking"]
        found = intervals(drawn("coefficients", "bios").axes[0], "x")[::2]
        expected = upstream[["low_item_clustered", "high_item_clustered"]].to_numpy(dtype=float)
        assert found == pytest.approx(expected)
        of_deviation = intervals(drawn("coefficients", "bios").axes[1], "x")[::2]
        assert of_deviation == pytest.approx(0.9 * expected)

    def test_a_fit_that_could_not_be_made_is_marked_and_said(self) -> None:
        given = tables("bios")
        regressions = given.regressions.copy()
        failed = regressions["column"] == "Mitigated"
        numbers = ["coefficient", "observations", "covariate_sd"]
        numbers += ["low_item_clustered", "high_item_clustered"]
        regressions.loc[failed, numbers] = np.nan
        regressions.loc[failed, "reason"] = "one item only"
        axes = (
            drawing("coefficients")
            .draw(BIOS, without(given, regressions=regressions), NOTE)
            .axes[0]
        )
        assert count(axes, UNDEFINED) == 2
        assert "not estimated\nn undefined: 15" in texts(axes)
        regressions.loc[failed, "reason"] = NO_MODEL
        axes = (
            drawing("coefficients")
            .draw(BIOS, without(given, regressions=regressions), NOTE)
            .axes[0]
        )
        assert count(axes, UNDEFINED) == 0
        assert NO_MODEL in texts(axes)

    def test_writes_what_each_fit_left_out(self) -> None:
        assert "N = 1,540\nn undefined: 5" in texts(drawn("coefficients", "bios").axes[0])


class TestItemScatter:
    def test_draws_every_item_or_marks_it_at_the_edge(self) -> None:
        means = tables("wiki").item_means
        unmodified = (means["upstream_kind"] == "pretrained") & (means["dataset"] == "original")
        means = means[unmodified & (means["twin_of"] == "") & (means["measure"] == "fpr_ratio")]
        lost = int(means["value"].isna().sum())
        axes = drawn("item_scatter", "wiki").axes[0]
        assert count(axes, DEFINED) == 50 - lost
        assert count(axes, UNDEFINED) == lost > 0
        assert f"n undefined: {lost} of 50 identity terms" in axes.get_title(loc="left")

    def test_items_without_either_value_are_marked_too(self) -> None:
        table = tables("crafts").observations.copy()
        table.loc[table["craft"] == "baker/she", ["pronoun_ranking", "log_tpr_ratio"]] = np.nan
        table.loc[table["craft"] == "cooper/she", "pronoun_ranking"] = np.nan
        axes = draw("item_scatter", CRAFT, table).axes[0]
        assert count(axes, DEFINED) == 12
        assert count(axes, UNDEFINED) == 2

    def test_a_correlation_that_is_undefined_is_said_to_be(self) -> None:
        table = tables("crafts").observations.assign(log_tpr_ratio=0.0)
        title = draw("item_scatter", CRAFT, table).axes[0].get_title(loc="left")
        assert f"{RHO} undefined" in title


class TestCorrelations:
    @pytest.mark.parametrize("name", ["item_scatter", "before_after"])
    def test_of_several_groups_they_are_said_to_be_inside_each(self, name: str) -> None:
        given = tables("bios")
        of_groups = {
            table: getattr(given, table).assign(groups=2) for table in ("transfer", "correlations")
        }
        figure = drawing(name).draw(BIOS, without(given, **of_groups), NOTE)
        of_one, of_several = (
            " ".join(" ".join(texts(each)).split()) for each in (drawn(name, "bios"), figure)
        )
        assert ", inside each group" in of_several
        assert ", inside each group" not in of_one


class TestSpread:
    def test_distant_positions_stay(self) -> None:
        assert spread([0.9, 0.1, 0.5], 0.1, 0, 1) == pytest.approx([0.9, 0.1, 0.5])

    def test_close_ones_move_apart_in_order_around_their_mean(self) -> None:
        assert spread([0.52, 0.5, 0.48], 0.1, 0, 1) == pytest.approx([0.6, 0.5, 0.4])

    def test_none_leaves_the_panel(self) -> None:
        assert spread([1.0, 1.0], 0.1, 0, 1) == pytest.approx([0.9, 1.0])
