"""The report: what it leads with, what it shows of every number, and what it never does."""

import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest
from jsonschema import ValidationError

from bias_transfer.analysis.evidence import BETWEEN_TEMPLATES, SEEDS, TEST_ROWS, evidence
from bias_transfer.analysis.means import item_means
from bias_transfer.report.figures._look import BLUE, COLOURS, INK, ORANGE
from bias_transfer.report.page import words
from bias_transfer.report.page.charts import BEYOND, QUIET, SHAPES, axis, on_axis, span
from bias_transfer.report.page.dial import dial_chart
from bias_transfer.report.page.lineage import Made, file_table, step_table
from bias_transfer.report.page.specification import specification_chart
from bias_transfer.report.page.tables import reliability_table, slope_table, verdict_table
from bias_transfer.report.page.template import embedded
from bias_transfer.report.page.undefined import undefined_estimates, undefined_values
from bias_transfer.report.page.variants import variants
from bias_transfer.report.sheet import begun
from tests.unit import page_data, test_any_task
from tests.unit.page_data import HOSTILE, NOTE

NAN = float("nan")
# As Python writes what is none; in the name of a model it is part of a word.
NO_NUMBER = re.compile(r"(?<![\w-])(nan|NaN|None|inf)(?![\w-])")


class Page(HTMLParser):
    """What a page says and how it is built, its code and its data left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.parts: list[str] = []
        # By the name of the panel or of the dial that they are for.
        self.data: dict[str, str] = {}
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag in ("script", "style"):
            named = self.elements[-1][1]
            self._inside.append(named.get("data-for") or named.get("id") or "")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.parts.append(data)
        elif self._inside[-1]:
            self.data[self._inside[-1]] = data

    @property
    def text(self):
        return " ".join(" ".join(self.parts).split())

    def of(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def two_tasks():
    """Return a task in which the data's bias transfers, and one with gaps."""
    rows = page_data.observations()
    own = page_data.task(name="own", title="Own", adaptations=(("full", "Full fine-tuning"),))
    gaps = page_data.with_gaps(rows[rows["adaptation"] == "full"])
    return {"bios": (page_data.task(), rows), "own": (own, gaps)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def source(folder):
    return page_data.made(folder, two_tasks()).read_text()


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


@pytest.fixture(scope="module")
def trades(tmp_path_factory):
    """Return the page of a task of one's own, not generated, without a paper and with a method."""
    task = test_any_task.description(interventions=(test_any_task.PRUNED,))
    tasks = {"trades": (task, test_any_task.observations(task))}
    folder = tmp_path_factory.mktemp("trades")
    config = {"name": HOSTILE, "seed": 7}
    return page_data.made(folder, tasks, paper=False, generated=False, config=config).read_text()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """Return the page of a task without templates and interventions."""
    task = test_any_task.description(templates=(), interventions=())
    tasks = {"trades": (task, test_any_task.observations(task))}
    return page_data.made(tmp_path_factory.mktemp("untouched"), tasks, paper=False).read_text()


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Return the page of a task of too few items for a slope."""
    rows = page_data.observations(items=page_data.transfer_data.ITEMS[:4])
    tasks = {"bios": (page_data.task(), rows)}
    warnings = ["bios: only 4 of <b>them</b>"]
    return page_data.made(tmp_path_factory.mktemp("few"), tasks, warnings=warnings).read_text()


# What it leads with


def test_it_says_first_that_text_is_generated_then_asks_answers_and_shows_one_picture(page):
    parts = [
        "Offensive content:",
        "Does bias survive fine-tuning, or does it come from the data?",
        "BIOS.",
        "Own.",
        "Where does a fine-tuned model's bias come from?",
        "The numbers are slopes",
    ]
    after_the_mark = page.text.partition(NOTE)[2]
    places = [after_the_mark.index(part) for part in parts]
    assert places == sorted(places)


def test_its_sentences_are_those_of_the_answer(page, folder):
    answer = (folder / "analysis/answer.md").read_text()
    for line in re.findall(r"^(?:- |\*\*(?=\w))(.*)$", answer, flags=re.MULTILINE):
        plain = line.replace("**", "").replace("`", "")
        assert " ".join(plain.split()) in page.text.replace(" ;", ";").replace(" .", ".")


def test_a_section_that_the_contents_name_is_there(page):
    anchors = {each["id"] for _, each in page.elements if "id" in each}
    links = [each["href"] for each in page.of("a")]
    assert links
    assert {link.removeprefix("#") for link in links} <= anchors


def test_text_that_is_not_generated_is_not_marked_as_such(trades):
    found = Page(trades)
    assert not [each for each in found.of("aside") if "generated" in each.get("class", "").split()]
    assert "Generated text says nothing of the world" not in found.text


# What it shows


def test_no_number_is_printed_that_does_not_exist(page):
    assert not NO_NUMBER.search(page.text)
    for each in page.data.values():
        json.loads(each, parse_constant=pytest.fail)


def test_every_picture_is_one_that_vega_lite_knows(source, trades, untouched, few):
    panels = [
        [
            json.loads(text)
            for name, text in Page(each).data.items()
            # That of the other source is drawn by the same code.
            if name.endswith(("-model", "-share"))
        ]
        for each in (source, trades, untouched, few)
    ]
    assert [len(each) for each in panels] == [9, 5, 4, 5]
    for panel in itertools.chain(*panels):
        alt.LayerChart.validate(panel)
    # The schema is asked.
    with pytest.raises(ValidationError):
        alt.LayerChart.validate({**panels[0][0], "height": {"steps": "many"}})


def test_every_figure_has_a_text_and_a_table_of_its_numbers(page):
    figures = [each["id"] for each in page.of("figure")]
    assert figures == [
        *("transfer", "dial-bios", "changes-bios", "dial-own", "changes-own"),
        *("specification-bios", "specification-own", "data-bios", "data-own"),
    ]
    drawings = [each for each in page.of("div") if each.get("class") == "drawing"]
    anchors = {each["id"] for _, each in page.elements if "id" in each}
    for each in drawings:
        assert each["role"] == "img"
        assert each["aria-label"]
        assert each["aria-describedby"] in anchors
    assert len(page.of("details")) >= len(figures)


def test_every_table_is_captioned_and_its_heads_say_what_they_head(page):
    assert len(page.of("caption")) == len(page.of("table"))
    assert {each.get("scope") for each in page.of("th")} <= {"col", "row", "colgroup", "rowgroup"}


def test_every_control_has_a_label(source):
    for form in re.findall(r"<form.*?</form>", source, flags=re.DOTALL):
        assert form.count("<label>") == len(re.findall(r"<select|<input", form))


def test_the_dial_has_every_dose_of_a_method_and_the_strongest_is_shown_first(page):
    doses = json.loads(page.data["dial-bios-dial-doses"])
    # What the slopes leave out comes last.
    assert list(doses) == ["Counterfactual", "Dataset re-balancing", "Not pre-trained"]
    assert [label for _, label in doses["Counterfactual"]] == ["s = 0", "s = 0.5", "s = 1"]
    panel = json.loads(page.data["dial-bios-model"])
    shown = {each["name"]: each["value"] for each in panel["params"]}["shown"]
    assert shown == doses["Counterfactual"][-1][0]


def test_each_item_tells_its_bias_with_intervals_and_the_rows_that_it_rests_on(page):
    rows = json.loads(page.data["dial-bios"])["items"]
    first = next(row for row in rows if row["item"] == "craft 1")
    assert re.fullmatch(r"−?[\d.]+ \(−?[\d.]+ to −?[\d.]+\)", first["outcome"])
    assert first["counts"] == "2 models; test rows: she 30, he 20; training rows: 50"


def test_what_is_undefined_is_counted_with_its_reason(page):
    said = page.text.partition("Own: values that do not exist, and why")[2]
    assert re.search(r"no row of group male recognised \d+ \d+ craft 12", said)
    assert "BIOS: values that do not exist, and why: none." in page.text


def test_the_paper_stands_beside_it_where_it_is_laid_over(page):
    assert "Table 3. Beside the paper" in page.text


def test_the_files_behind_it_are_named_with_their_digests(page, folder):
    from bias_transfer.runtime.artifacts import sha256

    digest = sha256(folder / "analysis/verdicts.csv")[:12]
    assert f"analysis/verdicts.csv {digest}" in page.text
    assert "from elsewhere" in page.text


def test_the_config_is_shown_whole(trades):
    assert "seed: 7" in trades
    assert HOSTILE not in trades


# Any task


def test_a_task_of_ones_own_has_its_page_without_a_paper(trades, untouched):
    moved = "Trades: when an item's bias is moved, does downstream bias move with it?"
    for source, altered in ((trades, True), (untouched, False)):
        found = Page(source)
        assert (moved in found.text) == altered
        assert "The tables of Steed et al." not in found.text
        assert not NO_NUMBER.search(found.text)
    assert "p = 0.5" in Page(trades).data["dial-trades-dial-doses"]


def test_what_was_warned_of_is_told_once_beside_the_answer(few, page):
    told = "Warned of while the study was made: bios: only 4 of <b>them</b>"
    assert Page(few).text.count(told) == 1
    assert "Warned of" not in page.text


def test_a_task_without_any_slope_says_why(few):
    found = Page(few)
    reason = "the unmodified model has every number for 4 items, and 6 are needed"
    assert f"is not estimated ({reason})" in found.text
    assert not NO_NUMBER.search(found.text)
    estimates = found.text.partition("BIOS: estimates that could not be made, and why")[2]
    assert reason in estimates


def test_a_reason_names_quantities_as_the_page_does():
    table = pd.DataFrame({"reason": ["pronoun_ranking's values are constant"]})
    (row,) = undefined_estimates(page_data.task(), {"transfer": table}).rows
    assert row == ("Transfer", "pronoun ranking's values are constant", "1", "1")


def test_a_measure_that_is_missing_everywhere_is_undefined_everywhere():
    task = page_data.task()
    rows = page_data.observations().assign(pronoun_ranking=NAN, undefined="")
    table = undefined_values(task, rows)
    (row,) = (row for row in table.rows if row[0] == "Pronoun ranking")
    assert row[2] == row[3]


# What a stranger must not conclude


def crude_task():
    """Return a task whose dial is no instrument, and its observations."""
    task = page_data.task(adaptations=(("full", "Full fine-tuning"),))
    dial = page_data.transfer_data.DIAL
    crude = dial.model_copy(update={"instrument": False, "title": "Sent-Debias"})
    changed = tuple(crude if each == dial else each for each in task.interventions)
    rows = page_data.observations(adaptations=("full",))
    return task.model_copy(update={"interventions": changed}), rows


def keys_of(source, chart):
    """Return the words of a chart's key."""
    figure = re.search(rf'<figure id="{chart}".*?</figure>', source, flags=re.DOTALL)[0]
    return re.findall(r"</svg>([^<]*)</li>", figure)


def figure_text(source, chart):
    return re.search(rf'<figcaption id="{chart}-text">(.*?)</figcaption>', source)[1]


def test_what_the_slope_leaves_out_is_a_cross_that_says_why(tmp_path):
    source = page_data.made(tmp_path, {"bios": crude_task()}).read_text()
    found = Page(source)
    rows = json.loads(found.data["dial-bios"])["items"]
    crude = [row for row in rows if row["done"].startswith("Sent-Debias")]
    why = "altered by Sent-Debias (which may change more than the bias that it moves)"
    assert {(row["cross"], row["out"]) for row in crude} == {(True, why)}
    kept = [row for row in rows if row["done"].startswith(("Dataset", "Unmodified"))]
    assert {(row["cross"], row["out"]) for row in kept} == {(False, "no")}
    assert "the model altered, left out of the slope" in keys_of(source, "dial-bios")
    assert "(Not pre-trained; Sent-Debias)" in figure_text(source, "dial-bios")
    assert "Sent-Debias (not in the slope)</option>" in source
    panel = json.loads(found.data["dial-bios-model"])
    assert any(layer["mark"].get("shape") == "cross" for layer in panel["layer"])
    assert "Left out, as in the slopes: Not pre-trained, Sent-Debias." in found.text


def test_an_intervention_of_which_some_models_are_left_out_is_a_dot_that_says_so():
    task, rows = page_data.task(), page_data.observations()
    rows = rows[rows["adaptation"] == "full"]
    known = page_data.performance(rows)
    failed = known["model"] == "counterfactual-s1/original/full/seed1"
    known.loc[failed, "accuracy"] = known.loc[failed, "majority_accuracy"]
    chart = dial_chart(task, rows, known, item_means(rows, task), 10)
    said = {row["out"] for row in chart.data["items"] if row["done"] == "Counterfactual, s = 1"}
    assert said == {"1 of 2 models that did not learn the task (how it fails is no bias)"}
    assert not any(
        row["cross"]
        for row in chart.data["items"]
        if row["side"] == "upstream" and row["done"].startswith("Counterfactual")
    )


def test_an_item_of_too_few_test_rows_is_a_cross_that_says_so(tmp_path):
    task = page_data.task(adaptations=(("full", "Full fine-tuning"),))
    items, rows = page_data.transfer_data.ITEMS, page_data.observations(adaptations=("full",))
    few = rows["occupation"] == items[0]
    rows = rows.assign(smaller_group_rows=np.where(few, 9, 10))
    source = page_data.made(tmp_path, {"bios": (task, rows)}).read_text()
    drawn = json.loads(Page(source).data["dial-bios"])["items"]
    altered = [row for row in drawn if row["done"].startswith("Counterfactual")]
    why = "its log TPR ratio is of fewer than 10 test rows"
    assert {row["out"] for row in altered if row["cross"]} == {why}
    assert {row["item"] for row in altered if row["cross"]} == {"craft 1"}
    (ring,) = (row for row in drawn if not row["side"] and row["item"] == "craft 1")
    assert (ring["cross"], ring["out"]) == (False, why)
    # What is left out whole is named as such, and the item is not taken for it.
    said = figure_text(source, "dial-bios")
    assert "(Not pre-trained; of fewer than 10 test rows or of none: craft 1)" in said
    assert "the model altered, left out of the slope" in keys_of(source, "dial-bios")


@pytest.mark.parametrize("name", ["dial-bios", "changes-bios"])
def test_every_interval_ends_inside_the_axes(page, name):
    panel = json.loads(page.data[f"{name}-model"])
    (domains,) = (each["value"] for each in panel["params"] if each["name"] == "domains")
    rows = json.loads(page.data[name])["items"] if name in page.data else None
    key, rows = ("variant", rows) if rows else ("way", panel["datasets"]["points"])
    assert any(row["low"] is not None for row in rows)
    for row in rows:
        first, last = domains[row[key]][2:]
        if row["low"] is not None:
            assert first <= row["low"] <= row["high"] <= last
            assert not row["below"]
            assert not row["above"]


def test_what_is_not_estimated_has_words_and_no_mark(few):
    panel = json.loads(Page(few).data["transfer-model"])
    shapes = {str(layer["mark"].get("shape")) for layer in panel["layer"]}
    assert "diamond" not in shapes
    (row, *_) = panel["datasets"]["verdicts"]
    assert (row["said"], row["slope"]) == ("not estimated", None)
    # Whatever has a place on the axis is of estimates only.
    for layer in panel["layer"]:
        if layer["mark"]["type"] != "text":
            assert {"filter": "isValid(datum.slope)"} in layer["transform"]
    assert keys_of(few, "transfer") == []
    assert figure_text(few, "transfer") == "No slope could be estimated; the table says why."


def test_no_line_is_promised_that_is_not_drawn(few, source):
    promise = "The black line is the slope that the verdict rests on"
    assert promise in figure_text(source, "changes-bios")
    assert any(key.startswith("slope within items") for key in keys_of(source, "changes-bios"))
    assert promise not in figure_text(few, "changes-bios")
    assert not any(key.startswith("slope within") for key in keys_of(few, "changes-bios"))
    panel = json.loads(Page(few).data["changes-bios-model"])
    (said, *_) = panel["datasets"]["missing"]
    assert "no slope: the unmodified model has every number" in " ".join(said["text"].split())
    assert panel["datasets"]["lines"] == []


def test_a_choice_of_which_a_panel_shows_nothing_says_so(page):
    model, data = (
        json.loads(page.data[f"changes-bios-{source}"])["datasets"] for source in ("model", "data")
    )
    said = {(row["way"], row["kind"]): " ".join(row["text"].split()) for row in data["empty"]}
    assert (
        said["full", "Counterfactual"]
        == "no mark: Counterfactual did not move the data's bias here"
    )
    assert ("full", "Dataset re-balancing") not in said
    assert {row["kind"] for row in model["empty"]} == {"Dataset re-balancing"}
    # Where there is no slope at all, that is said, and once.
    missing = {row["way"] for row in data["missing"]}
    assert not missing & {row["way"] for row in data["empty"]}


def test_only_a_slope_within_items_is_said_to_tell_what_moves_what(page, untouched):
    said = "These do not say what moves what: where interventions moved a source, the slopes "
    for each in (page, Page(untouched)):
        assert f"{said}within items do." in each.text
        assert "undefined without two templates" in each.text


def test_a_page_without_interventions_speaks_of_none(untouched):
    found = Page(untouched)
    assert "changes-trades" not in [each["id"] for each in found.of("figure")]
    assert keys_of(untouched, "dial-trades") == ["unmodified model"]
    assert "No intervention moved its bias" in figure_text(untouched, "dial-trades")
    assert not any(key.startswith("filled") for key in keys_of(untouched, "transfer"))
    # The question that has an answer is asked first, and the other one is not.
    questions = re.search(r'data-parameter="effects".*?</select>', untouched, flags=re.DOTALL)[0]
    assert re.findall(r'value="(\w*)"', questions) == ["between"]


def test_a_verdict_on_what_goes_together_is_not_called_transfer_in_the_table_either():
    verdicts = pd.DataFrame(
        [
            {
                **{"task": "bios", "adaptation": "full", "source": "data", "effects": "between"},
                **{"verdict": "goes with downstream bias", "standardised": 0.5},
                **{"low": 0.4, "high": 0.6, "smallest_effect": 0.2},
                **{"smallest_detectable": 0.1, "reason": ""},
            }
        ]
    )
    (row,) = verdict_table([page_data.task()], verdicts).rows
    assert "goes with it" in row
    assert "transfers" not in row


def test_a_colour_has_one_meaning(page):
    meanings = {}
    for text in page.data.values():
        panel = json.loads(text)
        for layer in panel.get("layer", []) if isinstance(panel, dict) else []:
            colour = layer["encoding"].get("color", {})
            for side, shown in zip(
                colour.get("scale", {}).get("domain", []),
                colour.get("scale", {}).get("range", []),
                strict=True,
            ):
                meanings.setdefault(shown, set()).add(side)
    assert meanings == {BLUE: {"upstream"}, ORANGE: {"data"}, INK: {"both"}}


def test_interventions_are_told_apart_without_colour(page):
    panel = json.loads(page.data["changes-bios-model"])
    (shapes,) = (
        layer["encoding"]["shape"]["scale"]
        for layer in panel["layer"]
        if "shape" in layer["encoding"]
    )
    assert shapes["domain"] == ["Counterfactual", "Dataset re-balancing"]
    assert len(set(shapes["range"])) == 2
    assert set(shapes["range"]) <= set(SHAPES)


@pytest.mark.parametrize("clusters, said", [(12, "12"), (7, "7"), (NAN, "12")])
def test_of_a_slope_those_items_are_counted_that_can_tell_it(clusters, said):
    task, rows = page_data.task(), page_data.observations()
    of = next(evidence(rows, page_data.performance(rows), task, 0.2, 10, 1))
    table = slope_table(task, of.slopes.assign(adaptation="full", clusters=clusters))
    assert {row[table.heads.index("Items")] for row in table.rows} == {said}


def test_why_a_reliability_is_unknown_is_said_as_it_is():
    rows = pd.DataFrame(
        [
            ("full", "upstream", BETWEEN_TEMPLATES, NAN, 4, 5),
            ("full", "downstream", SEEDS, NAN, 12, 1),
            # Seeds of which none left an item with a number.
            ("full", "downstream", SEEDS, NAN, 0, 0),
            ("full", "downstream", TEST_ROWS, 0.9, 12, 1),
        ],
        columns=["adaptation", "measure", "over", "value", "items", "replicates"],
    )
    said = [row[3] for row in reliability_table(page_data.task(), rows).rows]
    assert said == [
        "unknown: 4 items, and 6 are needed",
        "unknown: measured once",
        "unknown: 0 items, and 6 are needed",
        "0.900",
    ]


def test_the_unmodified_model_beside_itself_is_no_estimate_that_is_missing(page):
    assert "the unmodified model itself" not in page.text


def test_a_method_has_one_spelling():
    from bias_transfer.upstream import methods

    assert methods()["sentdebias"].title == "Sent-Debias"


# What it never does


def test_it_needs_nothing_beside_it(page, source):
    for _, attributes in page.elements:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert "default-src 'none'" in source
    assert "@import" not in source
    assert not re.search(r"url\((?!#)", source.partition('<script type="module">')[0])
    assert len(source.encode()) < 5_000_000


def test_names_are_never_taken_for_code(tmp_path):
    task = page_data.task(
        title=HOSTILE,
        item_titles=dict.fromkeys(page_data.transfer_data.ITEMS, HOSTILE),
        adaptations=(("full", HOSTILE),),
    )
    rows = page_data.observations(seeds=(1,), adaptations=("full",))
    text = page_data.made(tmp_path, {"bios": (task, rows)}).read_text()
    assert HOSTILE not in text
    assert text.count("<script") == text.count("</script>")


# Its parts


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (words.number(0.12345), "0.123"),
        (words.number(NAN), "undefined"),
        (words.signed(-0.001), "+0.00"),
        (words.signed(-0.126), "−0.13"),
        (words.percentage(0.345), "34 %"),
        (words.percentage(NAN), "undefined"),
        (words.whole(12345.0), "12,345"),
        (words.interval(NAN, 1.0), "unknown"),
        (words.interval(-1.0, 1.0), "−1.000 to 1.000"),
        (words.emphasised("*x* & `y_z`"), "<em>x</em> &amp; <code>y_z</code>"),
        (words.rounded(0.123456), 0.1235),
        (words.rounded(NAN), None),
    ],
)
def test_numbers_are_written_for_people(text, printed):
    assert text == printed


def test_data_end_no_element_of_the_page():
    assert "<" not in embedded({"text": HOSTILE})
    assert json.loads(embedded({"text": HOSTILE})) == {"text": HOSTILE}
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded(NAN)


def test_the_title_of_an_axis_fits_a_phone():
    title = axis("change of negative sentiment of completions (mean probability)").to_dict()[
        "title"
    ]
    assert title == ["change of negative sentiment of", "completions", "(mean probability)"]


NONE = np.empty(0)


def test_an_axis_holds_its_values_and_their_intervals():
    low, high = span(np.array([0.0, 1.0]), np.array([-1.5, 0.9]), np.array([0.5, 2.5]))
    assert -1.8 < low < -1.5
    assert 2.5 < high < 2.8
    assert span(np.array([NAN]), NONE, NONE) == (-1.0, 1.0)
    # One value does not say what much is.
    assert span(np.array([3.0]), NONE, NONE) == (2.5, 3.5)


def test_an_interval_without_end_does_not_flatten_all_others_and_says_that_it_goes_on():
    low, high = np.array([-100.0, 0.4, 0.9]), np.array([1.0, 0.6, 1.1])
    ends = span(np.array([0.0, 0.5, 1.0]), low, high)
    assert -3 < ends[0] < -2
    cut = on_axis(-100.0, 1.0, ends)
    assert (cut["below"], cut["above"], cut["high"]) == (True, False, 1.0)
    assert cut["low"] == pytest.approx(ends[0], rel=1e-3)
    assert on_axis(NAN, NAN, ends) == {"low": None, "high": None, "below": False, "above": False}


def test_an_interval_that_goes_on_beyond_the_axis_is_marked_and_explained():
    low, high = [-40.0, 0.3, 0.4], [0.2, 0.5, 0.6]
    own = {"source": "model", "effects": "within", "measure": "pronoun_ranking", "template": "is"}
    own |= {"outcome": "log_tpr_ratio", "items": 12, "default": False, "reason": ""}
    curve = pd.DataFrame(
        [
            own | {"standardised": value, "low": first, "high": last}
            for value, first, last in zip([0.1, 0.4, 0.5], low, high, strict=True)
        ]
    )
    chart = specification_chart(page_data.task(), curve, 0.2)
    assert BEYOND in chart.keys
    rows = chart.panels[0].specification["datasets"]["choices"]
    assert [(row["below"], row["above"]) for row in rows] == [(True, False), *[(False, False)] * 2]
    held = specification_chart(page_data.task(), curve.iloc[1:], 0.2)
    assert BEYOND not in held.keys


def test_a_name_begins_with_a_capital_and_keeps_its_own():
    assert begun("TPR ratio (she / he)") == "TPR ratio (she / he)"
    assert begun("log FPR") == "Log FPR"


def test_interventions_are_listed_by_what_they_alter_and_by_dose():
    found = variants(page_data.task(), page_data.observations())
    assert [each.label for each in found] == [
        "Unmodified model",
        "Not pre-trained",
        *(f"Counterfactual, s = {dose}" for dose in ("0", "0.5", "1")),
        "Dataset re-balancing",
    ]
    assert [each.side for each in found] == ["", *["upstream"] * 4, "data"]


def test_steps_are_counted_by_command_and_code():
    made = [
        Made(f"scores/{i}.csv", "f" * 64, "score-upstream", "c0de", False, {}) for i in range(3)
    ] + [Made("analysis/verdicts.csv", "a" * 64, "analyse", "5eed", True, {})]
    assert step_table(made).rows == (("analyse", "5eed", "1"), ("score-upstream", "c0de", "3"))
    assert file_table(made).rows == (("analysis/verdicts.csv", "a" * 12, "analyse", "5eed"),)


# Colours


def _linear(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return np.array([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts])


def _luminance(colour):
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _contrast(colour):
    """Return a colour's contrast with white, as WCAG 2 defines it."""
    return 1.05 / (_luminance(colour) + 0.05)


# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
DEFICIENCIES = {
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "any": np.eye(3),
}


def _lab(linear):
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.clip(to_xyz @ np.clip(linear, 0, 1) / [0.9505, 1.0, 1.089], 0, None)
    f = [c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", DEFICIENCIES)
def test_readers_of_any_colour_vision_tell_the_two_sources_apart(vision):
    matrix = np.array(DEFICIENCIES[vision])
    model, data = (_lab(matrix @ _linear(colour)) for colour in (BLUE, ORANGE))
    # Ten is seen at a glance; marks of a few pixels want much more.
    assert np.linalg.norm(model - data) > 40


@pytest.mark.parametrize("vision", DEFICIENCIES)
def test_readers_of_any_colour_vision_tell_the_first_interventions_apart(vision):
    matrix = np.array(DEFICIENCIES[vision])
    seen = [_lab(matrix @ _linear(colour)) for colour in COLOURS[:4]]
    for i, first in enumerate(seen):
        for second in seen[:i]:
            assert np.linalg.norm(first - second) > 10


def test_text_and_marks_stand_out_from_white():
    for colour in (INK, QUIET):
        assert _contrast(colour) >= 4.5
    for colour in (BLUE, ORANGE):
        assert _contrast(colour) >= 3


def test_the_styles_have_the_figures_colours():
    styles = Path(words.__file__).with_name("template") / "style.css"
    text = styles.read_text()
    assert f"--model: {BLUE};" in text
    assert f"--data: {ORANGE};" in text
