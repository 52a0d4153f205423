"""The report as readers meet it: on a desk, on a phone, on paper, by keyboard and by ear."""

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.browser.conftest import DESKTOP, OPEN_ALL, PHONE, WIDTH

pytestmark = pytest.mark.browser

SMALLEST = 14  # pixels that a letter must be high to be read on a phone

# The size of every text that is seen, by the text; a footnote's raised number is small by nature.
SIZES = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const parent = walker.currentNode.parentElement;
    const beside = parent.closest("script, style, sup, option");
    if (text && !beside && parent.checkVisibility()) {
      found.push([text.slice(0, 40), parseFloat(getComputedStyle(parent).fontSize)]);
    }
  }
  return found;
}"""
FOCUSED = """() => {
  const style = getComputedStyle(document.activeElement);
  return [document.activeElement.tagName, style.outlineStyle, parseFloat(style.outlineWidth)];
}"""


def dots(page, figure):
    """Return where the filled dots of a figure's first panel are."""
    return (
        page.locator(f"#{figure} .drawing")
        .first.locator(".mark-symbol path")
        .evaluate_all(
            "marks => marks.filter(each => each.getAttribute('fill') !== 'white')"
            ".map(each => each.getAttribute('transform'))"
        )
    )


def first(page, beginning):
    """Return the anchor of the first figure of a kind."""
    return page.locator(f"figure[id^='{beginning}']").first.get_attribute("id")


def test_it_complains_of_nothing_and_asks_for_nothing(desk, path):
    assert desk.complaints == []
    assert [each for each in desk.requests if not each.startswith("data:")] == [path.as_uri()]


def test_the_page_cannot_ask_for_anything(open_page):
    opened = open_page()
    refused = opened.page.evaluate(
        "fetch('https://example.org/').then(() => 'answered').catch(error => error.name)"
    )
    assert refused == "TypeError"
    assert any("Content Security Policy" in each for each in opened.complaints)


def test_every_figure_is_drawn(desk):
    for drawing in desk.page.locator(".drawing").all():
        assert drawing.locator("svg").count() == 1
        assert drawing.bounding_box()["height"] > 100
        assert drawing.locator("svg").text_content().strip()


def test_it_leads_with_the_verdicts_and_the_picture_on_the_first_screen(desk):
    page = desk.page
    assert page.locator(".mark").bounding_box()["y"] == 0
    assert page.locator(".verdict").first.bounding_box()["y"] < 300
    assert page.locator("#transfer .drawing").first.bounding_box()["y"] < DESKTOP[1] / 2 + 150


def test_the_dial_moves_the_items(open_page):
    page = open_page().page
    figure = first(page, "dial-")
    dial = page.locator(f"#{figure} input[type=range]")
    output = page.locator(f"#{figure} output")
    seen = {output.inner_text(): dots(page, figure)}
    dial.focus()
    for _ in range(int(dial.get_attribute("max"))):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(100)
        seen[output.inner_text()] = dots(page, figure)
    assert len(seen) == int(dial.get_attribute("max")) + 1 > 1
    assert len({str(each) for each in seen.values()}) == len(seen)
    assert dial.get_attribute("aria-valuetext") == output.inner_text()


def test_every_intervention_can_be_chosen_and_one_without_doses_stills_the_dial(open_page):
    page = open_page().page
    figure = first(page, "dial-")
    select = page.locator(f"#{figure} select")
    dial = page.locator(f"#{figure} input[type=range]")
    for name in select.locator("option").evaluate_all("all => all.map(each => each.value)"):
        select.select_option(name)
        page.wait_for_timeout(100)
        assert dots(page, figure), name
        assert dial.is_disabled() == (dial.get_attribute("max") == "0")


def test_a_filter_leaves_the_dots_of_one_intervention(open_page):
    page = open_page().page
    figure = first(page, "changes-")
    kinds = page.locator(f"#{figure} select[data-parameter=kind]")
    every = len(dots(page, figure))
    options = kinds.locator("option").evaluate_all("all => all.map(each => each.value)")
    left = []
    for kind in options[1:]:
        kinds.select_option(kind)
        page.wait_for_timeout(100)
        left.append(len(dots(page, figure)))
    assert sum(left) == every
    assert len(set(left)) > 1


def test_a_panel_without_any_mark_says_why(open_page):
    page = open_page().page
    figure = first(page, "changes-")
    controls = [
        page.locator(f"#{figure} select[data-parameter={each}]") for each in ("way", "kind")
    ]
    ways, kinds = (
        each.locator("option").evaluate_all("all => all.map(each => each.value)")
        for each in controls
    )
    empty = 0
    for way, kind in itertools.product(ways, kinds):
        controls[0].select_option(way)
        controls[1].select_option(kind)
        page.wait_for_timeout(100)
        for drawing in page.locator(f"#{figure} .drawing").all():
            if not drawing.locator(".mark-symbol path").count():
                empty += 1
                written = drawing.locator("text").all_text_contents()
                assert any(each.startswith("no ") for each in written), (way, kind)
    assert empty


def test_another_outcome_or_question_changes_the_curve(open_page):
    page = open_page().page
    figure = first(page, "specification-")
    before = dots(page, figure)
    page.locator(f"#{figure} select[data-parameter=effects]").select_option("between")
    page.wait_for_timeout(100)
    assert dots(page, figure) != before


def test_a_dot_tells_its_item_its_counts_and_its_interval(open_page):
    page = open_page().page
    figure = first(page, "dial-")
    marks = page.locator(f"#{figure} .drawing").first.locator(".mark-symbol path")
    marks.last.scroll_into_view_if_needed()
    marks.last.hover(force=True)
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    mark, place = marks.last.bounding_box(), tooltip.bounding_box()
    assert 0 <= place["x"] <= DESKTOP[0] - place["width"]
    assert abs(place["y"] - mark["y"]) < 2 * place["height"]
    told = tooltip.inner_text()
    assert "Intervention" in told
    assert "Rests on" in told
    assert "model" in told
    assert " to " in told or "undefined" in told


def test_it_fits_a_phone(phone):
    assert phone.page.locator("main").bounding_box()["width"] <= PHONE[0]
    # As its fixture says of the page before its details were opened.
    assert phone.page.evaluate(WIDTH) <= PHONE[0]


def test_it_fits_a_phone_without_scripts(open_page):
    page = open_page(PHONE, scripts=False).page
    assert page.locator("main").bounding_box()["width"] <= PHONE[0]


def test_the_table_of_slopes_fits_a_desk_with_all_its_columns(desk):
    tables = desk.page.locator("table[id^=slopes-]").all()
    assert tables
    for table in tables:
        heads = table.locator("thead th")
        assert heads.last.inner_text() in ("Items", "Why not estimated")
        edge = heads.last.bounding_box()
        place = table.locator("xpath=..").bounding_box()
        assert edge["x"] + edge["width"] <= place["x"] + place["width"] + 1


def test_a_table_that_goes_on_to_a_side_shows_that_it_does(phone):
    going_on = phone.page.evaluate(
        "[...document.querySelectorAll('.scroll')]"
        ".filter(each => each.scrollWidth > each.clientWidth)"
        ".map(each => [getComputedStyle(each).overflowX, getComputedStyle(each).backgroundImage])"
    )
    assert going_on
    for overflow, shadow in going_on:
        assert overflow == "auto"
        assert shadow.count("gradient") == 4


def test_what_the_slope_leaves_out_is_drawn_otherwise(open_page):
    page = open_page().page
    figure = first(page, "dial-")
    select = page.locator(f"#{figure} select")
    labels = select.locator("option").all_inner_texts()
    out = [label for label in labels if label.endswith("(not in the slope)")]
    marks = page.locator(f"#{figure} .drawing").first.locator(
        ".mark-symbol path[transform*=rotate]"
    )
    assert out
    assert marks.count() == 0
    select.select_option(label=out[0])
    page.wait_for_timeout(100)
    assert marks.count() > 0
    marks.first.scroll_into_view_if_needed()
    marks.first.hover(force=True)
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert "Left out of the slope" in tooltip.inner_text()


def test_its_letters_are_large_enough_on_a_phone(phone):
    sizes = phone.page.evaluate(SIZES)
    assert len(sizes) > 100
    assert [text for text, size in sizes if size < SMALLEST] == []


def test_without_scripts_the_pictures_and_their_numbers_are_there(open_page):
    page = open_page(scripts=False).page
    assert page.locator(".verdict").count() > 0
    for drawing in page.locator(".drawing").all():
        assert drawing.locator("svg").count() == 1
    assert page.get_by_text("Without JavaScript the figures stand still").is_visible()
    assert not page.locator(".controls").first.is_visible()


def test_it_is_printed_with_its_verdicts_and_without_its_controls(open_page, tmp_path):
    page = open_page().page
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator(".controls").first.is_visible()
    printed = tmp_path / "report.pdf"
    page.pdf(path=printed, format="A4", print_background=True)
    assert printed.stat().st_size > 10_000
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext to read the paper with")
    words = " ".join(_read(printed).split())
    verdict = " ".join(page.locator(".verdict").first.inner_text().split())
    assert verdict.partition(":")[0] in words
    for said in page.locator(".verdict strong").all_inner_texts():
        assert said in words
    # Pages of a PDF are parted by form feeds. The picture stands with the answer on the first.
    first_page = " ".join(_read(printed).partition("\f")[0].split())
    assert "From the pre-trained model?" in first_page


def test_every_part_is_reached_by_keyboard_and_seen_when_it_is(open_page):
    page = open_page().page
    page.locator("body").focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        tag, style, width = page.evaluate(FOCUSED)
        assert style != "none", tag
        assert width >= 2, tag
        reached.append(tag)
    assert reached[0] == "A"
    assert {"A", "SUMMARY", "SELECT", "INPUT"} <= set(reached)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(open_page, size):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page(size).page
    page.evaluate(OPEN_ALL)
    found = Axe().run(page)
    assert [
        (each["id"], each["impact"], [node["target"] for node in each["nodes"]][:3])
        for each in found.response["violations"]
    ] == []


def _read(pdf: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout
