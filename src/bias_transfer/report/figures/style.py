"""What figures share: the look, the names and units of the measures, the undefined marks."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from numpy.typing import NDArray
from scipy.stats import pearsonr

from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import identity_title, occupation_title

Array = NDArray[np.float64]
Side = Literal["bottom", "left", "right"]

INK = "#222222"
GREY = "#8a8a8a"
PALE = "#c8c8c8"
BLUE = "#0072B2"
ORANGE = "#D55E00"
# Okabe and Ito's colours, which readers with any colour vision tell apart.
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A4B2A", "#5B3FA0")

RHO = "\N{GREEK SMALL LETTER RHO}"
GAMMA = "\N{GREEK SMALL LETTER GAMMA}"
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
MINUS = "\N{MINUS SIGN}"
NO_MODEL = "no such model in this study"

# Names by which a drawn mark is found again, in a test or in an edited drawing.
DEFINED = "defined"
UNDEFINED = "undefined"
REFERENCE = "reference"

SMALL = 7.0
_UNDEFINED_MARKER = "D"
_LOOK: dict[str, object] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "pdf.fonttype": 42,
}
# Nothing that changes from one save to the next may reach the file.
_METADATA: dict[str, dict[str, str | None]] = {
    ".pdf": {"CreationDate": None},
    ".png": {"Software": None},
}
# Ticks of a ratio, from fine to coarse: the first that suits the range is taken.
_RATIO_TICKS: tuple[tuple[float, ...], ...] = (
    (0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4, 1.6),
    (0.5, 0.6, 0.7, 0.85, 1, 1.2, 1.5, 2),
    (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5),
    (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
    (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
)


@dataclass(frozen=True)
class Measure:
    """A bias as a figure names it.

    Attributes
    ----------
    column
        Column of the observation table.
    axis
        Axis label, with the unit.
    neutral
        The drawn value that means "no bias"; None where no value means that.
    neutral_text
        What the neutral value means, in words.
    logarithm
        Whether the column holds the logarithm of what is drawn; the axis is then logarithmic.
    repeated
        Whether the value repeats over the templates of one model and item.
    """

    column: str
    axis: str
    neutral: float | None
    neutral_text: str
    logarithm: bool = False
    repeated: bool = False

    def drawn(self, values: Array) -> Array:
        """Return values of the column as the axis shows them."""
        return np.exp(values) if self.logarithm else values


@dataclass(frozen=True)
class Task:
    """A task, and how a figure speaks of it."""

    name: str
    item: str
    items: str
    title: Callable[[str], str]
    upstream: Measure
    downstream: Measure


BIOS = Task(
    name="BIOS",
    item="occupation",
    items="occupations",
    title=occupation_title,
    upstream=Measure(
        column="pronoun_ranking",
        axis=f"pronoun ranking, she {MINUS} he (log-probability difference, nats)",
        neutral=0.0,
        neutral_text="0 nats: the language model prefers neither pronoun",
    ),
    downstream=Measure(
        column="log_tpr_ratio",
        axis="TPR ratio, she / he (ratio, log scale)",
        neutral=1.0,
        neutral_text="TPR ratio of 1: she and he are recognised equally often",
        logarithm=True,
        repeated=True,
    ),
)
WIKI = Task(
    name="WIKI",
    item="identity_term",
    items="identity terms",
    title=identity_title,
    upstream=Measure(
        column="negative_sentiment",
        axis="negative sentiment of completions (mean probability)",
        neutral=None,
        neutral_text="",
    ),
    downstream=Measure(
        column="fpr_ratio",
        axis="FPR ratio, term / all comments (ratio)",
        neutral=1.0,
        neutral_text="FPR ratio of 1: flagged by mistake as often as any comment",
        repeated=True,
    ),
)

FPR_GAP = Measure(
    column="fpr_gap",
    axis=f"FPR gap, term {MINUS} all comments (difference of rates)",
    neutral=0.0,
    neutral_text="FPR gap of 0: flagged by mistake as often as any comment",
    repeated=True,
)
# Kinds of checkpoint that meet scrubbed comments, and kinds of scrubbing, as figures name them.
CHECKPOINTS = {"pretrained": "Pre-trained", "random": "Not pre-trained"}
SCRUBBINGS = {"scrub-toxic": "toxic mentions", "scrub-all": "all mentions"}


@contextmanager
def look() -> Iterator[None]:
    """Draw with the figures' own settings, whatever the reader's matplotlibrc says."""
    with matplotlib.style.context(["default", _LOOK]):
        yield


def new_figure(width: float, height: float, title: str, note: str) -> Figure:
    """Return an empty figure with its title at the top and its note at the foot.

    Parameters
    ----------
    width, height
        Size in inches.
    title
        The question that the figure answers.
    note
        What the reader must know of the data, such as "Generated text: …".
    """
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.text(0.1 / width, 1 - 0.12 / height, title, fontsize=11, weight="bold", va="top")
    add_note(figure, note)
    return figure


def add_note(figure: Figure, note: str) -> None:
    """Write the note at the foot of a figure, in as many lines as it needs."""
    width, height = (float(side) for side in figure.get_size_inches())
    lines = textwrap.fill(note, width=int(width * 18.5))
    figure.text(
        0.1 / width, 0.08 / height, lines, fontsize=SMALL, color=GREY, va="bottom", gid="note"
    )


def foot_height(note: str, width: float) -> float:
    """Return the inches that the note takes at the foot of a figure of this width."""
    return 0.12 + 0.14 * max(1, len(textwrap.wrap(note, width=int(width * 18.5))))


def add_panel(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add a panel at a place given in inches: a fixed layout never depends on a second drawing."""
    whole_width, whole_height = (float(side) for side in figure.get_size_inches())
    return figure.add_axes(
        (
            left / whole_width,
            bottom / whole_height,
            width / whole_width,
            height / whole_height,
        )
    )


def inches_wide(axes: Axes) -> float:
    """Return the width of a panel in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(axes.get_position().width * figure.get_size_inches()[0])


def add_legend(figure: Figure, bottom: float, handles: Sequence[Line2D]) -> None:
    """Add the legend in two columns, its lower edge at a height given in inches."""
    width, height = figure.get_size_inches()
    figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(0.1 / width, bottom / height),
        ncols=2,
    )


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PDF or PNG, the format by the suffix; equal figures make equal bytes."""
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise StudyError(f"{path}: a figure is saved as .pdf or .png; rename the file")
    with look():
        figure.savefig(path, format=suffix[1:], dpi=150, metadata=_METADATA[suffix])


def unmodified_data(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of models that were fine-tuned on the data set as it is."""
    return table[table["dataset_kind"] == "original"]


def unmodified_twins(table: pd.DataFrame, changed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that show, on the data set as it is, the checkpoints of `changed`.

    Checkpoints that never met changed data would shift the mean that the change is compared with.
    """
    return unmodified_data(table[table["upstream"].isin(changed["upstream"])])


def item_means(table: pd.DataFrame, task: Task, measure: Measure) -> pd.DataFrame:
    """Average a measure over the models and templates of a table.

    Parameters
    ----------
    table
        Observation rows of the models to average over.
    task, measure
        What an item is and which bias to average.

    Returns
    -------
    pandas.DataFrame
        One row an item, indexed by it in alphabetical order: `value` (mean of the defined
        observations, empty if there are none), `observations` and `undefined` (their numbers).
    """
    rows = table.drop_duplicates(["model", task.item]) if measure.repeated else table
    values = pd.to_numeric(rows[measure.column]).astype(float)
    finite = values.where(np.isfinite(values))
    groups = finite.groupby(rows[task.item])
    means = pd.DataFrame({"value": groups.mean(), "observations": groups.size()})
    means["undefined"] = means["observations"] - groups.count()
    return means


def correlation(first: pd.Series, second: pd.Series) -> tuple[float, float, int]:
    """Return Pearson's coefficient, its p value and the number of items that both series define.

    The first two are not a number where fewer than three items or no variation are left.
    """
    both = pd.concat([first, second], axis=1, join="inner").dropna().to_numpy(dtype=float)
    if len(both) < 3 or bool(np.any(np.ptp(both, axis=0) < 1e-12)):
        return float("nan"), float("nan"), len(both)
    coefficient, p_value = pearsonr(both[:, 0], both[:, 1])
    return float(coefficient), float(p_value), len(both)


def signed(value: float, digits: int = 2) -> str:
    """Write a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def correlation_text(coefficient: float) -> str:
    """Write Pearson's coefficient, or that it cannot be computed."""
    return f"{RHO} = {signed(coefficient)}" if np.isfinite(coefficient) else f"{RHO} undefined"


def undefined_text(undefined: int, observations: int) -> str:
    """Write how many observations have no value."""
    return f"n undefined: {undefined} of {observations:,}"


def mark_undefined(axes: Axes, positions: Array, side: Side, colour: str = INK) -> None:
    """Draw one hollow mark a position at an edge of the panel, for values that do not exist.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    positions
        Where along the edge, in data units.
    side
        The edge.
    colour
        The marks' outline.
    """
    if len(positions) == 0:
        return
    edge = np.full(len(positions), 1.0 if side == "right" else 0.0)
    along_x = side == "bottom"
    axes.scatter(
        positions if along_x else edge,
        edge if along_x else positions,
        transform=axes.get_xaxis_transform() if along_x else axes.get_yaxis_transform(),
        marker=_UNDEFINED_MARKER,
        s=20,
        facecolors="white",
        edgecolors=colour,
        linewidths=0.9,
        clip_on=False,
        zorder=5,
        gid=UNDEFINED,
    )


def undefined_handle() -> Line2D:
    """Return the legend entry for the marks of `mark_undefined`."""
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=_UNDEFINED_MARKER,
        markersize=4.5,
        markerfacecolor="white",
        markeredgecolor=INK,
        label="undefined: no value to draw",
    )


def dot_handle(colour: str, label: str, marker: str = "o") -> Line2D:
    """Return the legend entry of a dot."""
    return Line2D(
        [], [], linestyle="none", marker=marker, markersize=4.5, color=colour, label=label
    )


def text_handle(label: str) -> Line2D:
    """Return a legend entry that explains what is written, not drawn."""
    return Line2D([], [], linestyle="none", label=label)


def draw_reference(axes: Axes, value: float, axis: Literal["x", "y"]) -> None:
    """Draw the dashed line at the value that means "no bias"."""
    draw = axes.axvline if axis == "x" else axes.axhline
    draw(value, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1.5, gid=REFERENCE)


def reference_handle(text: str) -> Line2D:
    """Return the legend entry for the line of `draw_reference`."""
    return Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label=text)


def say_no_model(axes: Axes) -> None:
    """Leave a panel empty and say why."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, NO_MODEL, transform=axes.transAxes, ha="center", va="center", color=GREY)


def say_no_model_in_row(axes: Axes, height: float) -> None:
    """Leave one row of a panel empty and say why."""
    axes.text(
        0.5,
        height,
        NO_MODEL,
        transform=axes.get_yaxis_transform(),
        ha="center",
        va="center",
        color=GREY,
        path_effects=halo(),
    )


def halo() -> list[withStroke]:
    """Return the white outline that keeps text legible across a line."""
    return [withStroke(linewidth=2.5, foreground="white")]


def set_limits(
    axes: Axes, axis: Literal["x", "y"], values: Array, measure: Measure, margin: float
) -> None:
    """Fit an axis to the drawn values and the neutral one, logarithmic where the measure is.

    Parameters
    ----------
    axes, axis
        The panel, and which of its axes.
    values
        Drawn values; those that are not finite are passed over.
    measure
        Gives the neutral value and the scale.
    margin
        Room below the lowest and above the highest value, as a share of the span.
    """
    shown = values[np.isfinite(values)]
    if measure.neutral is not None:
        shown = np.append(shown, measure.neutral)
    if len(shown) == 0:
        shown = np.array([0.0, 1.0])
    scaled = np.log(shown) if measure.logarithm else shown
    low, high = float(scaled.min()), float(scaled.max())
    # A panel whose values hardly differ is not blown up until noise looks like bias.
    least = 0.2 if measure.logarithm or measure.neutral is not None else 0.02
    missing = max(0.0, least - (high - low)) / 2
    low, high = low - missing, high + missing
    span = high - low
    low, high = low - margin * span, high + margin * span
    if measure.logarithm:
        low, high = float(np.exp(low)), float(np.exp(high))
        _set_ratio_ticks(axes, axis, low, high)
    if axis == "x":
        axes.set_xlim(low, high)
    else:
        axes.set_ylim(low, high)


def _set_ratio_ticks(axes: Axes, name: Literal["x", "y"], low: float, high: float) -> None:
    """Put round ratios on a logarithmic axis, which by itself would label powers of ten only."""
    if name == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    ticks = next((t for t in _RATIO_TICKS if t[0] <= low and high <= t[-1]), _RATIO_TICKS[-1])
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
    axis.set_minor_locator(NullLocator())


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions apart, as little as needed, until neighbours are `gap` from each other.

    The order is kept and the result stays between `low` and `high` where it fits.
    """
    order = sorted(range(len(positions)), key=lambda index: (positions[index], index))
    # Neighbours that collide form a block around their mean; blocks that touch are joined.
    blocks: list[tuple[float, list[int]]] = []
    for index in order:
        centre, members = positions[index], [index]
        while True:
            half = gap * (len(members) - 1) / 2
            centre = min(max(centre, low + half), high - half)
            if not blocks:
                break
            last_centre, last_members = blocks[-1]
            if centre - half - (last_centre + gap * (len(last_members) - 1) / 2) >= gap:
                break
            blocks.pop()
            members = last_members + members
            centre = float(np.mean([positions[member] for member in members]))
        blocks.append((centre, members))
    moved = [0.0] * len(positions)
    for centre, members in blocks:
        for rank, member in enumerate(members):
            moved[member] = centre + gap * (rank - (len(members) - 1) / 2)
    return moved


def label_points(
    axes: Axes, x: Array, y: Array, names: Sequence[str], chosen: Sequence[int]
) -> None:
    """Write names beside chosen points where they hide no point, no other name and no edge.

    A name that fits nowhere is left out; earlier ones in `chosen` take precedence.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    x, y
        All points, in data units.
    names
        Their names.
    chosen
        Which to name.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    pixels = axes.transData.transform(np.column_stack([x, y]))
    taken = [(px - 4, py - 4, px + 4, py + 4) for px, py in pixels]
    frame = axes.get_window_extent(renderer)
    for index in chosen:
        for right, up in _OFFSETS:
            text = axes.annotate(
                names[index],
                (float(x[index]), float(y[index])),
                xytext=(right, up),
                textcoords="offset points",
                ha="left" if right > 0 else "right" if right < 0 else "center",
                va="bottom" if up > 0 else "top" if up < 0 else "center",
                fontsize=SMALL,
                zorder=6,
                path_effects=halo(),
            )
            box = text.get_window_extent(renderer)
            inside = (
                box.x0 >= frame.x0 + 8
                and box.x1 <= frame.x1 + 4
                and box.y0 >= frame.y0 + 8
                and box.y1 <= frame.y1
            )
            if inside and not any(
                box.x0 < x1 and x0 < box.x1 and box.y0 < y1 and y0 < box.y1
                for x0, y0, x1, y1 in taken
            ):
                taken.append((box.x0 - 2, box.y0, box.x1 + 2, box.y1))
                break
            text.remove()


_OFFSETS = (
    (5, 0),
    (-5, 0),
    (0, 5),
    (0, -5),
    (4, 4),
    (-4, 4),
    (4, -4),
    (-4, -4),
)
