"""The printed tables: what they show, that LaTeX reads them, and that browsers do."""

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from bias_transfer.analysis.correlation import correlations
from bias_transfer.analysis.tables import fit, regression_table
from bias_transfer.paper.printed import of_table, of_table2
from bias_transfer.paper.tables import TABLES, paper_tables
from bias_transfer.report.correlations import correlation_sheet
from bias_transfer.report.html import html
from bias_transfer.report.interventions import dataset_doses
from bias_transfer.report.latex import escape, latex
from bias_transfer.report.regressions import regression_sheet
from bias_transfer.report.sheet import (
    Cell,
    Footnotes,
    Head,
    Row,
    Sheet,
    count,
    decimal,
    probability,
    significance_note,
    stars,
)
from tests.unit import paper_grid
from tests.unit.paper_grid import BIOS, WIKI

NOTE = "Generated text: 100 % & more_of {it}."
HOSTILE = r"a\b{c}$d&e#f%g_h^i~j<k>l"

TRICKY = Sheet(
    name="table3",
    number=3,
    title=f"Title {HOSTILE}",
    columns=2,
    heads=((Head("Both", 2),), (Head("<one>"), Head("two & a half"))),
    blocks=(
        (Row(Cell("Group_1"), (), "group"), Row(Cell("x_1"), (Cell("−0.1", 2), Cell()))),
        (
            Row(Cell("N", marks=(1,)), (Cell("1,400"), Cell("–", marks=(1, 2)))),
            Row(Cell("paper"), (Cell("0.5", 3, " (df = 2)"), Cell()), "paper"),
        ),
    ),
    footnotes=(f"First {HOSTILE}", "Second"),
    notes=(NOTE,),
)


@pytest.fixture(scope="module")
def wiki():
    return paper_grid.wiki()


@pytest.fixture(scope="module")
def sheets(wiki):
    """Every table on the paper's grid, by the paper's number; and a task's own, by name."""
    bios = paper_grid.bios()
    found = paper_tables([BIOS, WIKI], {"bios": bios, "wiki": wiki}, "lsdv", NOTE).sheets
    own = regression_sheet(list(fit(BIOS, regression_table(BIOS), bios)), "lsdv", NOTE)
    return {each.number or each.name: each for each in (*found.values(), own)} | {
        "correlations-wiki": correlation_sheet(
            correlations(wiki, WIKI), [WIKI], NOTE, name="correlations-wiki"
        )
    }


TABLE_4 = TABLES["wiki"][0]


every_table = pytest.mark.parametrize(
    "number", [*range(2, 9), "regressions-bios", "correlations-wiki"]
)


def texts(row):
    return [cell.text + "*" * cell.stars + cell.after for cell in row.cells]


def rows_labelled(sheet, label):
    return [row for block in sheet.blocks for row in block if row.label.text == label]


def row_below(sheet, label, steps=1):
    rows = [row for block in sheet.blocks for row in block]
    (index,) = (i for i, row in enumerate(rows) if row.label.text == label)
    return rows[index + steps]


# Numbers


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.4851, "0.485"),
        (-0.0684, "−0.068"),
        (12.3456, "12.346"),
        (0.0, "0.000"),
        (0.00001, "0.00001"),
        (-0.00049, "−0.0005"),
        (3e-12, "3e−12"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
    ],
)
def test_a_number_has_three_decimals_or_shows_its_first_digit(value, printed):
    assert decimal(value) == printed


@pytest.mark.parametrize(
    ("p_value", "number"),
    [(0.0, 3), (0.0099, 3), (0.01, 2), (0.05, 1), (0.0999, 1), (0.1, 0), (float("nan"), 0)],
)
def test_stars_are_the_papers(p_value, number):
    assert stars(p_value) == number


def test_small_probabilities_and_counts():
    assert [probability(p) for p in (0.0001, 0.001, 0.25)] == ["<0.001", "0.001", "0.250"]
    assert probability(float("nan")) == "–"
    assert count(12516) == "12,516"
    assert significance_note() == "*p<0.1; **p<0.05; ***p<0.01"


def test_the_same_footnote_has_one_number():
    footnotes = Footnotes()
    assert [footnotes.mark(text) for text in ("a", "b", "a")] == [1, 2, 1]
    assert footnotes.texts == ("a", "b")


# What stands in a table


@every_table
def test_every_row_has_a_cell_a_column(sheets, number):
    sheet = sheets[number]
    for heads in sheet.heads:
        assert sum(head.columns for head in heads) == sheet.columns
    for block in sheet.blocks:
        for row in block:
            assert len(row.cells) == (0 if row.style == "group" else sheet.columns)


@every_table
def test_every_mark_has_its_footnote_and_every_footnote_its_mark(sheets, number):
    sheet = sheets[number]
    cells = [cell for block in sheet.blocks for row in block for cell in (row.label, *row.cells)]
    marks = {mark for cell in cells for mark in cell.marks}
    assert marks == set(range(1, len(sheet.footnotes) + 1))


@every_table
def test_the_notes_tell_of_the_text_first(sheets, number):
    assert sheets[number].notes[0] == NOTE


def test_the_heads_are_those_of_a_regression_table(sheets):
    heads = [[(head.text, head.columns) for head in row] for row in sheets[5].heads]
    assert heads == [
        [("Dependent variable:", 5)],
        [("Log TPR ratio (downstream bias)", 4), ("Pronoun ranking after fine-tuning", 1)],
        [("OLS", 2), ("panel linear", 3)],
        [
            ("Upstream", 1),
            ("With data", 1),
            ("Upstream, panel", 1),
            ("With data, panel", 1),
            ("After fine-tuning", 1),
        ],
        [(f"({n})", 1) for n in range(1, 6)],
    ]


def test_an_estimate_stands_above_its_error_and_the_papers(wiki, sheets):
    (first, *_) = fit(WIKI, TABLE_4, wiki)
    estimate = first.result.coefficients.set_index("term").loc["toxic_share"]
    (own,) = rows_labelled(sheets[4], "Toxic share of mentions")
    assert own.cells[0].text == decimal(estimate["coefficient"])
    assert own.cells[0].stars == stars(estimate["p_value_lsdv"])
    error, paper, paper_error = (
        row_below(sheets[4], "Toxic share of mentions", steps) for steps in (1, 2, 3)
    )
    assert error.style == "below"
    assert error.cells[0].text == f"({decimal(estimate['standard_error_lsdv'])})"
    assert (paper.style, paper.label.text) == ("paper", "paper")
    assert texts(paper) == ["0.650***", "0.556***", "0.425***", "0.716***", "0.626***"]
    assert texts(paper_error) == ["(0.068)", "(0.013)", "(0.015)", "(0.018)", "(0.011)"]


def test_a_term_that_a_column_lacks_is_an_empty_cell(sheets):
    (own,) = rows_labelled(sheets[8], "Prevalence of identity term")
    assert [cell.text == "" for cell in own.cells] == [True, False, True, False, False]
    assert texts(row_below(sheets[8], "Prevalence of identity term", 2)) == [
        "",
        "2.611",
        "",
        "−1.074",
        "2.682**",
    ]


def test_the_sizes_stand_above_the_papers(sheets):
    (own,) = rows_labelled(sheets[4], "Observations")
    sizes = ["315", "6,615", "3,150", "5,901", "12,516"]
    assert texts(own) == sizes
    assert texts(row_below(sheets[4], "Observations")) == sizes
    assert texts(rows_labelled(sheets[4], "Models")[0]) == ["1", "21", "10", "19", "40"]
    degrees = row_below(sheets[4], "F Statistic (df)")
    assert texts(degrees) == ["(9; 305)", "(9; 6585)", "(9; 3131)", "(9; 5873)", "(9; 12467)"]
    assert texts(row_below(sheets[4], "F Statistic (df)", 3)) == texts(degrees)


def test_template_dummies_and_effects_are_told(sheets):
    assert texts(rows_labelled(sheets[6], "Template dummies?")[0]) == ["Yes"] * 3 + ["No"] * 3
    assert texts(rows_labelled(sheets[6], "Fixed effects?")[0]) == ["No"] * 3 + ["template"] * 3
    assert texts(rows_labelled(sheets[3], "Fixed effects?")[0]) == ["No"] + ["model"] * 5


def test_rows_left_out_are_counted_with_their_reason_and_items_named(sheets):
    sheet = sheets[4]
    (row,) = rows_labelled(sheet, "Rows left out")
    assert texts(row) == ["35", "735", "350", "1,099", "1,834"]
    (mark,) = row.label.marks
    assert sheet.footnotes[mark - 1] == "Left out: no training comment mentions the term."
    (items,) = rows_labelled(sheet, "Items left out whole")
    names = ", ".join(sorted(paper_grid.UNSEEN))
    for cell in items.cells:
        assert cell.text == "5"
        assert sheet.footnotes[cell.marks[0] - 1] == f"Every row left out: {names}."


def test_nothing_left_out_is_said_too(sheets):
    assert texts(rows_labelled(sheets[3], "Rows left out")[0]) == ["0"] * 6


def test_the_clustered_p_value_is_that_of_upstream_bias(wiki, sheets):
    expected = [
        probability(each.result.coefficients["p_value_item_clustered"].iloc[0])
        for each in fit(WIKI, TABLE_4, wiki)
    ]
    assert texts(rows_labelled(sheets[4], "Upstream p, clustered by item")[0]) == expected


@pytest.mark.parametrize("hc3", ["lsdv", "within", "arellano"])
def test_the_errors_printed_are_named(wiki, hc3):
    fits = list(fit(WIKI, TABLE_4, wiki))
    sheet = regression_sheet(fits, hc3, NOTE)
    assert any(f"({hc3})" in note for note in sheet.notes)
    errors = [each.result.coefficients[f"standard_error_{hc3}"].iloc[0] for each in fits]
    found = row_below(sheet, "Negative sentiment (upstream)")
    assert texts(found) == [f"({decimal(error)})" for error in errors]
    reasons = [sheet.footnotes[mark - 1] for mark in found.cells[0].marks]
    missing = (
        "Standard errors not defined: arellano sums over fixed effects, and there is only one."
    )
    assert reasons == ([missing] if hc3 == "arellano" else [])
    assert not any(cell.marks for cell in found.cells[1:])


def test_a_column_that_could_not_be_fitted_says_why_and_keeps_the_papers_numbers(wiki):
    fits = list(fit(WIKI, TABLE_4, wiki))
    fits[0] = dataclasses.replace(fits[0], result="no such model in this study")
    sheet = regression_sheet(fits, "lsdv", NOTE, of_table(4))
    (own,) = rows_labelled(sheet, "Observations")
    assert own.cells[0].text == "–"
    assert sheet.footnotes[own.cells[0].marks[0] - 1] == (
        "Not estimated: no such model in this study."
    )
    assert sheet.heads[2][0] == Head("not estimated")
    assert texts(row_below(sheet, "Constant", 2))[0] == "−0.373***"


def test_a_table_of_your_own_prints_nothing_of_the_papers(sheets):
    sheet = sheets["regressions-bios"]
    assert not any(row.style == "paper" for block in sheet.blocks for row in block)
    assert not any("paper" in note for note in sheet.notes)
    assert texts(rows_labelled(sheet, "Models")[0]) == ["1", "10", "21", "13", "10", "43"]
    assert [head.text for head in sheet.heads[1]] == ["Log TPR ratio (downstream bias)"]


@pytest.mark.parametrize("name", ["regressions-bios", "correlations-wiki"])
def test_stars_are_the_papers_only(sheets, name):
    assert not any(
        cell.stars for block in sheets[name].blocks for row in block for cell in row.cells
    )
    assert not any(significance_note() in note for note in sheets[name].notes)
    for number in range(2, 9):
        assert significance_note() in sheets[number].notes[-1]


def test_a_table_of_your_own_prints_errors_and_intervals_clustered_by_item(sheets):
    sheet = sheets["regressions-bios"]
    fits = list(fit(BIOS, regression_table(BIOS), paper_grid.bios()))
    label = "Pronoun ranking (upstream)"
    own = [each.result.coefficients.iloc[0] for each in fits]
    assert texts(rows_labelled(sheet, label)[0]) == [decimal(each["coefficient"]) for each in own]
    assert texts(row_below(sheet, label)) == [
        f"({decimal(each['standard_error_item_clustered'])})" for each in own
    ]
    assert texts(row_below(sheet, label, 2)) == [
        f"[{decimal(each['low_item_clustered'])}; {decimal(each['high_item_clustered'])}]"
        for each in own
    ]
    assert any("clustered by item (CR1)" in note for note in sheet.notes)


def test_a_table_of_your_own_says_why_an_error_is_not_defined(wiki):
    exact = wiki.assign(fpr=0.1 + 0.3 * wiki["toxic_share"])
    sheet = regression_sheet(list(fit(WIKI, regression_table(WIKI), exact)), "lsdv", NOTE)
    error = row_below(sheet, "Toxic share of mentions").cells[0]
    assert [sheet.footnotes[mark - 1] for mark in error.marks] == [
        "Standard errors not defined: the fit is exact, so that nothing is left to judge it by."
    ]
    assert texts(row_below(sheet, "Toxic share of mentions", 2))[0] == ""


def test_an_exact_fit_shows_its_estimates_and_why_nothing_judges_them(wiki):
    exact = wiki.assign(fpr=0.1 + 0.3 * wiki["toxic_share"])
    sheet = regression_sheet(list(fit(WIKI, TABLE_4, exact)), "lsdv", NOTE)
    (own,) = rows_labelled(sheet, "Toxic share of mentions")
    assert texts(own)[0] == "0.300"
    error = row_below(sheet, "Toxic share of mentions").cells[0]
    assert error.text == "(–)"
    assert [sheet.footnotes[mark - 1] for mark in error.marks] == [
        "Standard errors not defined: the fit is exact, so that nothing is left to judge it by."
    ]
    assert texts(rows_labelled(sheet, "R²")[0])[0] == "1.000"
    assert texts(rows_labelled(sheet, "F Statistic (df)")[0])[0] == "–"


# Correlations


def test_a_tasks_own_correlations_have_no_rows_of_the_papers(sheets):
    (block,) = sheets["correlations-wiki"].blocks
    assert {row.style for row in block} == {"group", "own", "below"}
    assert block[0].label.text == "WIKI: negative sentiment, FPR ratio"
    assert not any("paper" in note for note in sheets["correlations-wiki"].notes)


def test_a_tasks_own_correlations_have_their_p_values_below(wiki, sheets):
    random = "upstream_kind == 'random' and dataset == 'original'"
    found = correlations(wiki, WIKI).query(random).set_index("measure")
    before, after = found.loc["negative_sentiment"], found.loc["fpr_ratio"]
    label = "Not pre-trained"
    assert texts(row_below(sheets["correlations-wiki"], label)) == [
        "",
        *(f"({probability(before[name])})" for name in ("pearson_p", "kendall_p")),
        "",
        *(f"({probability(after[name])})" for name in ("pearson_p", "kendall_p")),
        "",
    ]
    assert "p values in parentheses." in sheets["correlations-wiki"].notes


def test_an_altered_checkpoint_on_altered_data_is_named_by_both(wiki):
    kinds = wiki["upstream_kind"].isin(["pretrained", "gaussian"])
    rows = wiki[kinds & (wiki["dataset"].isin(["original", "scrub-all-0.5"]))]
    crossed = rows["upstream_kind"] == "gaussian"
    rows = rows.assign(
        dataset=rows["dataset"].mask(crossed, "scrub-all-0.5"),
        dataset_kind=rows["dataset_kind"].mask(crossed, "scrub-all"),
    )
    sheet = correlation_sheet(correlations(rows, WIKI), [WIKI], NOTE)
    label = "Scrubbing all mentions, gaussian noise (σ = 0.1, scrub-all-0.5)"
    assert len(rows_labelled(sheet, label)) == 1


def test_a_data_set_is_called_by_how_far_it_is_altered(wiki):
    rows = wiki.assign(scrubbed_fraction=wiki["dataset"].str.rpartition("-")[2])
    scrubbed = rows["dataset_kind"] != "original"
    rows["scrubbed_fraction"] = rows["scrubbed_fraction"].where(scrubbed, np.nan).astype(float)
    doses = dataset_doses(WIKI, rows)
    sheet = correlation_sheet(correlations(rows, WIKI), [WIKI], NOTE, doses=doses)
    assert rows_labelled(sheet, "Scrubbing all mentions (fraction = 0.5)")
    two = pd.DataFrame([{"dataset": "b", "dataset_kind": "balance"}])
    levels = {"oversample": 1.0, "undersample": 0.0}
    assert dataset_doses(BIOS, two.assign(**levels)) == {("bios", "b"): "α = 1, β = 0"}


def test_items_left_out_whole_have_their_titles_and_columns_their_models(wiki):
    gone = wiki["identity_term"] == "term 1"
    rows = wiki.assign(toxic_share=wiki["toxic_share"].mask(gone))
    task = WIKI.model_copy(update={"item_titles": {"term 1": "Term One"}})
    sheet = regression_sheet(list(fit(task, regression_table(task), rows)), "lsdv", NOTE)
    assert any(each.startswith("Every row left out: Term One, ") for each in sheet.footnotes)
    (models,) = (each for each in sheet.notes if each.startswith("Models. "))
    assert models.startswith("Models. Pre-trained: the unmodified model; Random: ")
    assert "Noise added: the unmodified model, Uniform noise, Gaussian noise" in models
    assert models.endswith("; All pre-trained: every model whose checkpoint is pre-trained.")
    assert any("not what moves what" in each for each in sheet.notes)


def test_what_no_description_tells_of_is_named_by_its_kinds(wiki):
    rows = wiki.assign(upstream_kind=wiki["upstream_kind"].replace("random", "pruned"))
    sheet = correlation_sheet(correlations(rows, WIKI), [WIKI], NOTE)
    assert rows_labelled(sheet, "pruned, original")


# Table 2


def test_each_strength_has_a_row_and_each_kind_the_papers_below(sheets):
    bios = [row.label.text for row in sheets[2].blocks[0]]
    gammas = [f"Sent-Debias (γ = {str(g).replace('-', '−')})" for g in range(-6, 7) if g]
    assert bios[:7] == [
        "BIOS: pronoun ranking, log TPR ratio",
        "Not pre-trained",
        "paper: Not pre-trained",
        "Uniform noise (c = 0.1)",
        "paper: Uniform noise",
        "Gaussian noise (σ = 0.1)",
        "paper: Gaussian noise",
    ]
    assert bios[7:20] == [*gammas, "paper: Sent-Debias (γ = 50)"]
    assert bios[20].startswith("Dataset re-balancing (balance-a0.1")
    assert bios[-1] == "paper: Dataset re-balancing (β = 1.0)"


def test_the_papers_correlations_are_those_of_its_row(sheets):
    (row,) = rows_labelled(sheets[2], "paper: Scrubbing all mentions, not pre-trained")
    assert texts(row) == ["", "0.30**", "0.21**", "", "0.09", "0.10", ""]


def test_the_unmodified_upstream_model_is_not_correlated_with_itself(sheets):
    (row,) = rows_labelled(sheets[2], "Scrubbing all mentions (scrub-all-0.5)")
    assert texts(row)[:4] == ["1", "", "", ""]
    assert re.fullmatch(r"−?\d\.\d{3}\**", texts(row)[4])
    assert texts(row)[6] == "50"


def test_what_is_not_in_the_study_and_what_is_undefined_is_said(wiki):
    kept = wiki["upstream_kind"].isin(["pretrained", "random"]) & (wiki["dataset"] == "original")
    rows = wiki[kept].assign(fpr_ratio=wiki["fpr_ratio"].mask(wiki["upstream_kind"] == "random", 1))
    sheet = correlation_sheet(correlations(rows, WIKI), [WIKI], NOTE, printed=of_table2())
    assert rows_labelled(sheet, "paper: Uniform noise (not in this study)")
    (row,) = rows_labelled(sheet, "Not pre-trained")
    assert texts(row)[4:] == ["–", "–", "50"]
    assert sheet.footnotes == ("Not defined: the intervention's values are constant.",)


def test_items_that_are_undefined_are_counted_beside_those_of_a_correlation(wiki):
    kept = wiki["upstream_kind"].isin(["pretrained", "random"]) & (wiki["dataset"] == "original")
    gone = wiki["identity_term"].isin(sorted(wiki["identity_term"].unique())[:4])
    rows = wiki[kept].assign(fpr_ratio=wiki["fpr_ratio"].mask(gone))
    sheet = correlation_sheet(correlations(rows, WIKI), [WIKI], NOTE, printed=of_table2())
    (row,) = rows_labelled(sheet, "Not pre-trained")
    assert texts(row)[6].startswith("46")
    assert "Items that are undefined: 4." in sheet.footnotes


# LaTeX


def body_rows(text):
    (body,) = re.findall(r"\\toprule\n(.*)\\bottomrule", text, re.DOTALL)
    return [line for line in body.splitlines() if line.endswith(r"\\")]


def width(line):
    """Count the columns that a row fills."""
    cells = re.split(r"(?<!\\)&", line)
    spans = [re.search(r"\\multicolumn\{(\d+)\}", cell) for cell in cells]
    return sum(int(span.group(1)) if span else 1 for span in spans)


def all_sheets(sheets):
    return [*sheets.values(), TRICKY]


def test_latex_environments_and_braces_are_balanced(sheets):
    for sheet in all_sheets(sheets):
        text = latex(sheet)
        opened: list[str] = []
        for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
            if what == "begin":
                opened.append(name)
            else:
                assert opened.pop() == name
        assert opened == []
        for line in text.splitlines():
            bare = re.sub(r"\\[{}]", "", line)
            assert bare.count("{") == bare.count("}"), line


def test_every_latex_row_fills_the_table(sheets):
    for sheet in all_sheets(sheets):
        for line in body_rows(latex(sheet)):
            assert width(line) == sheet.columns + 1, line


def test_latex_uses_no_letter_that_its_first_encodings_lack(sheets):
    for sheet in all_sheets(sheets):
        assert latex(sheet).isascii()


def test_latex_has_no_command_that_its_packages_lack(sheets):
    known = {
        *("begin", "end", "caption", "label", "centering", "scriptsize", "setlength", "tabcolsep"),
        *("renewcommand", "arraystretch", "thetable", "raggedright", "arraybackslash", "linewidth"),
        *("toprule", "midrule", "bottomrule", "cmidrule", "multicolumn", "parbox", "dimexpr"),
        *("relax", "textit", "textcolor", "textsuperscript", "tnote", "item", "usepackage"),
        *("textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater"),
        *("rho", "tau", "gamma", "sigma", "alpha", "beta", "infty"),
    }
    for sheet in all_sheets(sheets):
        assert set(re.findall(r"\\([a-z]+)", latex(sheet))) <= known


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & c", r"a\_b \& c"),
        ("50 %, #1, $2", r"50 \%, \#1, \$2"),
        ("{x}", r"\{x\}"),
        ("\\", r"\textbackslash{}"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("p<0.1", r"p\textless{}0.1"),
        ("−1 – 2", "$-$1 -- 2"),
        ("R²", r"R\textsuperscript{2}"),
        ("two\n\nlines", "two  lines"),
    ],
)
def test_latex_prints_text_as_it_stands(text, escaped):
    assert escape(text) == escaped


def test_latex_stars_marks_and_the_papers_grey():
    text = latex(TRICKY)
    assert r"x\_1 & $-$0.1\textsuperscript{**} &  \\" in text
    assert r"N\tnote{1} & 1,400 & --\tnote{1,2} \\" in text
    assert r"\textcolor{black!60}{\textit{0.5\textsuperscript{***} (df = 2)}}" in text
    assert r"\item[2] Second" in text
    assert r"\renewcommand{\thetable}{3}" in text
    assert r"\label{tab:3}" in text


def test_a_table_without_a_number_is_told_by_its_name():
    own = dataclasses.replace(TRICKY, name="regressions-own", number=None, title="Own")
    text = latex(own)
    assert r"\thetable" not in text
    assert r"\label{tab:regressions-own}" in text
    assert '<table id="regressions-own">' in html(own)
    assert "<caption>Own</caption>" in html(own)
    assert '<table id="table3">' in html(TRICKY)
    assert "<caption>Table 3. Title" in html(TRICKY)


# HTML


class Page(HTMLParser):
    """Collect the text of each cell, the tags, and whether every tag is closed."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.attributes = [], Counter(), []
        self.rows: list[list[str]] = []
        self.spans: list[int] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
            self.spans.append(0)
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.spans[-1] += int(dict(attrs).get("colspan", 1))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_html_is_a_complete_page_that_needs_nothing_else(sheets):
    for sheet in all_sheets(sheets):
        text = html(sheet)
        page = Page(text)
        assert text.startswith("<!DOCTYPE html>")
        assert page.open == []
        assert ("meta", "charset", "utf-8") in page.attributes
        assert page.tags["title"] == page.tags["table"] == page.tags["caption"] == 1
        assert not {"script", "link", "img", "iframe"} & set(page.tags)
        assert not {"src", "href"} & {name for _, name, _ in page.attributes}
        assert "url(" not in text
        assert "@import" not in text


def test_every_html_row_fills_the_table(sheets):
    for sheet in all_sheets(sheets):
        assert set(Page(html(sheet)).spans) == {sheet.columns + 1}


def test_html_shows_text_as_it_stands():
    text = html(TRICKY)
    page = Page(text)
    assert ["", "<one>", "two & a half"] in page.rows
    assert ["x_1", "−0.1**", ""] in page.rows
    assert ["N1", "1,400", "–1,2"] in page.rows
    assert "<one>" not in text
    assert '<tr class="paper">' in text
    assert "<li>Second</li>" in text
