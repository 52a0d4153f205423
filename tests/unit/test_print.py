"""Figures that a paper can print: width, letters, fonts, colours, and one place for the look."""

import ast
import re
import zlib
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from bias_transfer.report import figures
from bias_transfer.report.figures import _look, drawing, drawings
from bias_transfer.report.figures._look import COLOURS, PAGE, save_figure
from tests.unit.test_figures import NOTE, TASKS, tables

FOLDER = Path(figures.__file__).parent
SMALLEST = 6.5  # points

every_figure = pytest.mark.parametrize("name", drawings())


def drawn(name: str, task: str):
    return drawing(name).draw(TASKS[task], tables(task), NOTE)


def streams(pdf: bytes) -> list[bytes]:
    """Return the content of every compressed stream of a PDF."""
    found = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    return [zlib.decompressobj().decompress(each) for each in found]


@every_figure
def test_a_figure_is_as_wide_as_a_page_and_its_letters_can_be_read(name):
    figure = drawn(name, "wiki")
    assert figure.get_size_inches()[0] == pytest.approx(PAGE) == 6.9
    sizes = {
        text.get_fontsize()
        for text in figure.findobj(Text)
        if text.get_text().strip() and text.get_visible()
    }
    assert min(sizes) >= SMALLEST


@every_figure
def test_no_module_has_sizes_or_colours_of_its_own(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in ("fontsize", "labelsize"):
            assert not isinstance(node.value, ast.Constant), ast.unparse(node)
    assert not re.search(r"rcParams|rc_context", ast.unparse(tree))
    assert re.search(r"@look\(\)\ndef _draw", (FOLDER / f"{name}.py").read_text())


@pytest.mark.parametrize("name", ["adaptation", "dose_response"])
def test_fonts_are_embedded_as_truetype(name, tmp_path):
    save_figure(drawn(name, "bios"), tmp_path / "figure.pdf")
    pdf = (tmp_path / "figure.pdf").read_bytes()
    whole = b"\n".join([pdf, *streams(pdf)])
    assert b"/Type3" not in whole
    fonts = set(re.findall(rb"/BaseFont /(?:[A-Z]{6}\+)?([\w-]+)", whole))
    assert fonts == {b"DejaVuSans", b"DejaVuSans-Bold"}
    # A descriptor a font, and each names the file in the PDF.
    descriptors = whole.count(b"/Type /FontDescriptor")
    assert descriptors == len(re.findall(rb"/FontFile2 \d+ 0 R", whole)) > 0
    # Only text that can be copied out of the PDF is text.
    assert whole.count(b"/ToUnicode") == descriptors


def test_an_embedded_font_holds_the_glyphs_in_use_and_nothing_that_lays_them_out(tmp_path):
    save_figure(drawn("templates", "bios"), tmp_path / "figure.pdf")
    files = [
        each for each in streams((tmp_path / "figure.pdf").read_bytes()) if each[:4] == b"\0\1\0\0"
    ]
    assert files
    for number, content in enumerate(files):
        path = tmp_path / f"{number}.ttf"
        path.write_bytes(content)
        font = TTFont(path)
        assert not _look._LAYOUT_TABLES & set(font.keys())
        assert font["maxp"].numGlyphs < 200


def test_fonts_are_cut_as_before_once_a_figure_is_written(tmp_path):
    from fontTools import subset

    whole = subset.load_font
    save_figure(drawn("templates", "bios"), tmp_path / "figure.pdf")
    assert subset.load_font is whole


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2), 0 for black and 1 for white."""
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4
        for each in to_rgb(colour)
    ]
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def seen_without_green(colour: str) -> tuple[float, ...]:
    """Return a colour as a reader without green cones sees it (Viénot, Brettel and Mollon 1999)."""
    red, green, blue = (each**2.2 for each in to_rgb(colour))
    return tuple(
        max(0.0, each) ** (1 / 2.2)
        for each in (
            0.29275 * red + 0.70725 * green,
            0.29275 * red + 0.70725 * green,
            -0.02234 * red + 0.02234 * green + blue,
        )
    )


def test_the_two_sources_are_told_apart_by_any_reader():
    blue, orange = (seen_without_green(each) for each in COLOURS[:2])
    assert sum((a - b) ** 2 for a, b in zip(blue, orange, strict=True)) ** 0.5 > 0.4


def test_ranks_go_from_dark_to_light():
    shades = [luminance(colormaps["viridis"](0.92 * share / 10)) for share in range(11)]
    assert shades == sorted(shades)
