"""How figures look: settings, colours, the page with its panels, and the file it is saved in."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bias_transfer.errors import StudyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

INK = "#222222"
GREY = "#8a8a8a"
PALE = "#c8c8c8"
# Behind what is too little to matter.
BAND = "#e6e6e6"
BLUE = "#0072B2"
ORANGE = "#D55E00"
# Okabe and Ito's colours, which readers with any colour vision tell apart.
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4B2A", "#5B3FA0")

# As wide as the text of a page of two columns, in inches: what is drawn is printed as it is, and no
# letter of it smaller than 6.5 points.
PAGE = 6.9
# Sizes of letters, in points.
SMALL = 6.5
TICK = 7.0
LABEL = 7.5
PANEL_TITLE = 8.0
_LEGEND = 7.0
_TITLE = 9.0
_LOOK: dict[str, object] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": LABEL,
    "axes.titlesize": PANEL_TITLE,
    "axes.titlelocation": "left",
    # Not looked for in every drawing: no ticks stand above a panel.
    "axes.titley": 1.0,
    "axes.labelsize": LABEL,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "text.color": INK,
    # A dollar sign in somebody's label is no formula.
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
    "legend.frameon": False,
    "legend.fontsize": _LEGEND,
    # TrueType, as journals want it, and no Type 3.
    "pdf.fonttype": 42,
}
# Letters of a line are this wide on average, and at most in a short name, in the size of the font.
_AVERAGE, _WIDEST = 0.53, 0.58
# Bold letters are wider.
_BOLD = 0.62
# Beside the texts of the legend's columns: their marks, and the space between.
_LEGEND_MARKS = 0.6
# Nothing that changes from one save to the next may reach the file.
_METADATA: dict[str, dict[str, str | None]] = {
    ".pdf": {"CreationDate": None},
    ".png": {"Software": None},
}


# Of a font, what says how letters are to be placed.
_LAYOUT_TABLES = frozenset({"GDEF", "GPOS", "GSUB", "kern"})


@contextmanager
def look() -> Iterator[None]:
    """Draw with the figures' own settings, whatever the reader's matplotlibrc says."""
    from matplotlib import style

    with style.context(["default", _LOOK]):
        yield


def inches(texts: Sequence[str], size: float) -> float:
    """Return the inches that the longest line of some texts takes, rather too many than too few."""
    letters = max((len(line) for text in texts for line in text.split("\n")), default=0)
    return letters * _WIDEST * size / 72


def wrap(text: str, room: float, size: float, letter: float = _AVERAGE) -> str:
    """Break a text into lines that fit the room, in inches."""
    return textwrap.fill(text, width=max(12, int(room * 72 / (letter * size))))


@dataclass(frozen=True)
class Page:
    """A figure without its panels: the title at the top, the legend and the note at the foot.

    Sizes are inches: a fixed layout never depends on a second drawing.

    Attributes
    ----------
    width
        Of the whole figure.
    title
        The question that the figure answers.
    note
        What the reader must know of the data, such as "Generated text: …".
    handles
        The entries of the legend, which has two columns.
    """

    width: float
    title: str
    note: str
    handles: Sequence[Line2D]

    @property
    def head(self) -> float:
        """The height that the title takes."""
        return 0.12 + 0.17 * (self._title.count("\n") + 1)

    @property
    def foot(self) -> float:
        """The height that the legend and the note take."""
        return self._note_height + self._legend_height + 0.05

    def figure(self, height: float) -> Figure:
        """Return the page as a figure with room of this height between its head and its foot."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        whole = self.head + height + self.foot
        figure = Figure(figsize=(self.width, whole))
        FigureCanvasAgg(figure)
        left = 0.1 / self.width
        figure.text(left, 1 - 0.12 / whole, self._title, fontsize=_TITLE, weight="bold", va="top")
        figure.text(
            left, 0.08 / whole, self._note, fontsize=SMALL, color=GREY, va="bottom", gid="note"
        )
        if self.handles:
            figure.legend(
                handles=list(self.handles),
                labels=self._labels,
                loc="lower left",
                bbox_to_anchor=(left, self._note_height / whole),
                ncols=2,
                borderaxespad=0,
            )
        return figure

    @property
    def _title(self) -> str:
        return wrap(self.title, self.width - 0.2, _TITLE, _BOLD)

    @property
    def _note(self) -> str:
        return wrap(self.note, self.width - 0.2, SMALL)

    @property
    def _note_height(self) -> float:
        return 0.12 + 0.14 * (self._note.count("\n") + 1)

    @property
    def _labels(self) -> list[str]:
        labels = [str(handle.get_label()) for handle in self.handles]
        half = math.ceil(len(labels) / 2)
        first = [wrap(label, self.width / 2 - _LEGEND_MARKS, _LEGEND) for label in labels[:half]]
        room = self.width - inches(first, _LEGEND) - 2 * _LEGEND_MARKS
        return [*first, *(wrap(label, room, _LEGEND) for label in labels[half:])]

    @property
    def _legend_height(self) -> float:
        labels = self._labels
        half = math.ceil(len(labels) / 2)
        columns = (labels[:half], labels[half:])
        return 0.1 + max(
            sum(0.18 + 0.125 * label.count("\n") for label in column) for column in columns
        )


def add_panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add a panel at a place given in inches."""
    whole_width, whole_height = (float(side) for side in figure.get_size_inches())
    return figure.add_axes(
        (
            left / whole_width,
            bottom / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )


def legend_entry(**style: Any) -> Line2D:
    """Return an entry of the legend: its label, and the line or the marker of this style."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)


def inches_wide(axes: Axes) -> float:
    """Return the width of a panel in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(axes.get_position().width * figure.get_size_inches()[0])


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PDF or PNG, the format by the suffix; equal figures make equal bytes."""
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise StudyError(f"{path}: a figure is saved as .pdf or .png; rename the file")
    with look(), _glyphs_alone():
        figure.savefig(path, format=suffix[1:], dpi=150, metadata=_METADATA[suffix])


@contextmanager
def _glyphs_alone() -> Iterator[None]:
    """Embed fonts without the tables that lay text out: a PDF says where each glyph stands.

    To cut these tables down to the glyphs in use takes most of the time that a PDF costs.
    """
    from fontTools import subset

    whole = subset.load_font

    def load_font(*arguments: Any, **options: Any) -> Any:
        font = whole(*arguments, **options)
        for table in _LAYOUT_TABLES & set(font.keys()):
            del font[table]
        return font

    subset.load_font = load_font
    try:
        yield
    finally:
        subset.load_font = whole
