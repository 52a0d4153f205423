"""Names beside what they name: moved apart where they would collide, left out where none fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bias_transfer.report.figures._look import SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patheffects import withStroke

# Where a name may stand beside its point, in points to the right and up; the first that is free.
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


def halo() -> list[withStroke]:
    """Return the white outline that keeps text legible across a line."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground="white")]


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
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    names: Sequence[str],
    chosen: Sequence[int],
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
