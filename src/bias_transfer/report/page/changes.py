"""What every intervention changed in every item, and what happened downstream."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures._look import INK
from bias_transfer.report.page.charts import (
    BEYOND,
    FAINT,
    SHAPES,
    Chart,
    Control,
    Key,
    Option,
    Panel,
    axis,
    broken,
    going_on,
    like,
    of,
    on_axis,
    panel,
    reference,
    span,
    written,
)
from bias_transfer.report.page.dial import COLOURS, SIDES
from bias_transfer.report.page.tables import Table, title_of
from bias_transfer.report.page.variants import Variant, variants
from bias_transfer.report.page.words import (
    UNDEFINED,
    interval,
    number,
    reason,
    rounded,
    whole,
)
from bias_transfer.report.scale import HALF
from bias_transfer.report.sheet import begun

_KIND, _WAY, _ALL = "kind", "way", ""
# The ends of both axes, by way of fine-tuning.
_DOMAINS = "domains"
_INTERVAL = "95 % interval from the counts of test rows; seeds are not in it"
_LINE = "slope within items, all interventions; its 95 % band"
# By how much items must differ to have been moved.
_ROUNDING = 1e-9
_SIDES = (("model", "upstream_change"), ("data", "data_change"))


def changes_chart(
    task: TaskDescription, observations: pd.DataFrame, changes: pd.DataFrame, slopes: pd.DataFrame
) -> Chart:
    """Draw the change of downstream bias against that of each source, a point an item and variant.

    Parameters
    ----------
    task
        Names the quantities.
    observations
        Of all adaptations: says which variant is which intervention.
    changes, slopes
        The tables of these names.
    """
    made = _made(task, observations)
    rows = [_row(task, row, made) for row in changes.to_dict("records")]
    kinds = _kinds(rows)
    ways = [(way, title) for way, title in task.adaptations if way in set(changes["adaptation"])]
    within = slopes[slopes["effects"] == "within"]
    domains = {source: _domains(rows, within, source) for source, _ in _SIDES}
    rows = [
        row | on_axis(row["least"], row["most"], domains["model"][row["way"]][2:]) for row in rows
    ]
    return Chart(
        name=f"changes-{task.name}",
        title=f"{task.title}: what interventions changed, and what followed downstream",
        text=" ".join(_text(task, within[within["adaptation"].isin(dict(ways))])),
        panels=tuple(
            _panel(task, source, quantity, rows, kinds, within, domains[source], ways[:1])
            for source, quantity in (("model", task.before), ("data", task.covariates[0]))
        ),
        table=_table(task, rows),
        controls=(
            Control(_WAY, "Fine-tuning", tuple(Option(way, title) for way, title in ways)),
            Control(
                _KIND,
                "Intervention",
                (Option(_ALL, "all interventions"), *(Option(kind, kind) for kind in kinds)),
            ),
        ),
        keys=(
            *(
                Key(shape, COLOURS[side], f"{kind}: {SIDES[side]}")
                for kind, (side, shape) in kinds.items()
            ),
            *([Key("line", INK, _LINE)] if within["slope"].notna().any() else []),
            *(
                [Key("line", FAINT, _INTERVAL)]
                if any(row["low"] is not None for row in rows)
                else []
            ),
            *([BEYOND] if any(row["below"] or row["above"] for row in rows) else []),
        ),
    )


def _text(task: TaskDescription, within: pd.DataFrame) -> Iterator[str]:
    """Say how to read the picture, of what is in it."""
    yield (
        f"A mark is one of the {task.items} under one intervention: how far its bias moved at the "
        f"source, and how far downstream, both less what the intervention did to the {task.items} "
        "on average."
    )
    if within["slope"].notna().any():
        yield (
            "The black line is the slope that the verdict rests on, all interventions together, "
            "with its 95 % band. A flat line with a narrow band: what happens at the source does "
            "not reach the classifier; with a wide one, that cannot be told."
        )
    if within["slope"].isna().any():
        yield "Where no slope is estimated there is no black line, and the reason stands there."
    crude = [each.title for each in task.interventions if not (each.instrument and each.pretrained)]
    if crude:
        yield f"Left out, as in the slopes: {', '.join(crude)}."


def _kinds(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """Return what each intervention altered, which is its colour, and its shape."""
    sides = {row["kind"]: row["side"] for row in rows}
    shapes = itertools.cycle(SHAPES)
    return {kind: (side, next(shapes)) for kind, side in sides.items()}


def _made(task: TaskDescription, observations: pd.DataFrame) -> dict[str, Variant]:
    """Return the intervention of each variant, as the table of changes names it."""
    every = {
        name: f"{row['upstream']}/{row['dataset']}"
        for name, row in observations.drop_duplicates("model").set_index("model").iterrows()
    }
    one = observations.drop_duplicates("model")
    return {
        str(path): variants(task, rows)[0]
        for path, rows in one.groupby(one["model"].map(every), sort=False)
    }


def _row(
    task: TaskDescription, row: Mapping[Any, Any], made: Mapping[str, Variant]
) -> dict[str, Any]:
    variant = made.get(str(row["variant"]))
    value, error = float(row["outcome_change"]), HALF * float(row["outcome_error"])
    moved = {name: float(row[column]) for name, column in _SIDES}
    return {
        "way": row["adaptation"],
        "kind": variant.title if variant else str(row["variant"]),
        "side": variant.side if variant else "both",
        "done": variant.label if variant else str(row["variant"]),
        "item": title_of(task, row["item"]),
        **{name: rounded(each) if abs(each) > _ROUNDING else None for name, each in moved.items()},
        **{
            f"{name}_told": signed_change(each) if not np.isnan(each) else UNDEFINED
            for name, each in moved.items()
        },
        "y": rounded(value),
        "least": value - error,
        "most": value + error,
        "told": signed_change(value),
        "interval": interval(value - error, value + error),
        "models": whole(row["models"]),
    }


def signed_change(value: float) -> str:
    """Write a change with its sign."""
    if np.isnan(value):
        return UNDEFINED
    return f"+{number(value)}" if value > 0 else number(value)


def _domains(
    rows: Sequence[Mapping[str, Any]], within: pd.DataFrame, source: str
) -> dict[str, tuple[float, float, float, float]]:
    """Return the ends of both axes for each way of fine-tuning.

    The vertical axis is that of both panels: it holds the points of either, and their slopes.
    """
    found = {}
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way and row["y"] is not None]
        along = {
            name: span(
                np.array([*(row[name] or 0.0 for row in own), 0.0]), np.empty(0), np.empty(0)
            )
            for name, _ in _SIDES
        }
        slopes = within[within["adaptation"] == way]
        ends = [
            end
            for name in along
            for line in _lines(slopes, name, {way: along[name]})
            for end in (line["low"], line["high"])
        ]
        up = span(
            np.array([*(row["y"] for row in own), *ends, 0.0]),
            np.array([row["least"] for row in own]),
            np.array([row["most"] for row in own]),
        )
        found[str(way)] = (*along[source], *up)
    return found


def _panel(
    task: TaskDescription,
    source: str,
    quantity: Quantity,
    rows: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, tuple[str, str]],
    within: pd.DataFrame,
    domains: Mapping[str, tuple[float, float, float, float]],
    first: Sequence[tuple[str, str]],
) -> Panel:
    kept = [
        {"x": row[source], "x_told": row[f"{source}_told"]}
        | {
            key: each
            for key, each in row.items()
            if not key.startswith(("model", "data")) and key not in ("least", "most")
        }
        | {"models": row["models"]}
        for row in rows
        if row[source] is not None and row["y"] is not None
    ]
    name = quantity.title if quantity.logarithm else quantity.axis
    x = alt.X("x:Q", scale=_scale(0), axis=axis(f"change of {name}"))
    up = alt.Y("y:Q", scale=_scale(2), axis=axis(f"change of {task.outcome.title}"))
    points = (
        of("points")
        .transform_filter(f"datum.way === {_WAY}")
        .transform_filter(f"{_KIND} === '{_ALL}' || datum.kind === {_KIND}")
    )
    lines = of("lines").transform_filter(f"datum.way === {_WAY}")
    told = [
        alt.Tooltip("item:N", title=begun(task.item.replace("_", " "))),
        alt.Tooltip("done:N", title="Intervention"),
        alt.Tooltip("x_told:N", title=f"Change of {quantity.title}"),
        alt.Tooltip("told:N", title=f"Change of {task.outcome.title}"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("models:N", title="Models"),
    ]
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=None,
    )
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=list(kinds), range=[shape for _, shape in kinds.values()]),
        legend=None,
    )
    layers = [
        *reference(0.0, "y"),
        points.mark_rule(color=FAINT, strokeWidth=1).encode(x=x, y=like(up, "low:Q"), y2="high:Q"),
        *going_on(points, x, up),
        points.mark_point(size=45, opacity=0.85, filled=True).encode(
            x=x, y=up, color=colour, shape=shape, tooltip=told
        ),
        lines.mark_area(color=INK, opacity=0.18, clip=True).encode(
            x=x, y=like(up, "low:Q"), y2="high:Q"
        ),
        lines.mark_line(color=INK, strokeWidth=2, clip=True).encode(x=x, y=up),
        written(of("missing").transform_filter(f"datum.way === {_WAY}")),
        written(
            of("empty")
            .transform_filter(f"datum.way === {_WAY}")
            .transform_filter(f"datum.kind === {_KIND}")
        ),
    ]
    title = f"The {source} altered"
    start = first[0][0] if first else ""
    along = {way: (ends[0], ends[1]) for way, ends in domains.items()}
    missing = list(_missing(within, source))
    # Where there is no slope, no intervention has a mark, and one reason is enough.
    said = set(domains) - {row["way"] for row in missing}
    drawn = {
        "points": kept,
        "lines": list(_lines(within, source, along)),
        "missing": missing,
        "empty": list(_empty(kept, source, kinds, said)),
    }
    parameters = {_WAY: start, _KIND: _ALL, _DOMAINS: domains}
    return panel(f"changes-{task.name}-{source}", title, layers, drawn, parameters)


def _missing(within: pd.DataFrame, source: str) -> Iterator[dict[str, str]]:
    """Yield what is written where a way of fine-tuning has no slope."""
    for row in within[(within["source"] == source) & within["slope"].isna()].to_dict("records"):
        yield {"way": row["adaptation"], "text": broken(f"no slope: {reason(row['reason'])}")}


def _empty(
    kept: Sequence[Mapping[str, Any]], source: str, kinds: Iterable[str], ways: Iterable[str]
) -> Iterator[dict[str, str]]:
    """Yield what is written where an intervention has no mark under a way of fine-tuning."""
    there = {(row["way"], row["kind"]) for row in kept}
    for way, kind in itertools.product(sorted(ways), kinds):
        if (way, kind) not in there:
            text = broken(f"no mark: {kind} did not move the {source}'s bias here")
            yield {"way": way, "kind": kind, "text": text}


def _scale(place: int) -> alt.Scale:
    """Return an axis that fits the way of fine-tuning that is shown."""
    ends = [alt.ExprRef(f"{_DOMAINS}[{_WAY}][{place + end}]") for end in (0, 1)]
    return alt.Scale(domain=ends, nice=False, zero=False)


def _lines(
    within: pd.DataFrame, source: str, along: Mapping[str, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    """Yield the ends of each adaptation's slope through the origin, and of its interval."""
    found = within[(within["source"] == source) & within["slope"].notna()]
    for row in found[found["adaptation"].isin(along)].to_dict("records"):
        # The table has the ends in standard deviations.
        low, high = (row[name] / row["scale"] for name in ("low", "high"))
        first, last = along[row["adaptation"]]
        for x in (first, 0.0, last):
            yield {
                "way": row["adaptation"],
                "x": rounded(x),
                "y": rounded(row["slope"] * x),
                "low": rounded(min(low * x, high * x)),
                "high": rounded(max(low * x, high * x)),
            }


def _table(task: TaskDescription, rows: Sequence[Mapping[str, Any]]) -> Table:
    ways = dict(task.adaptations)
    return Table(
        name=f"moves-{task.name}",
        caption=f"{task.title}: what each intervention changed in each of the {task.items}, less "
        "its mean over them",
        heads=(
            begun(task.item.replace("_", " ")),
            "Intervention",
            "Fine-tuning",
            f"Change of {task.before.title}",
            f"Change of {task.covariates[0].title}",
            f"Change of {task.outcome.title}",
            "95 % interval",
            "Models",
        ),
        rows=tuple(
            (
                row["item"],
                row["done"],
                ways[row["way"]],
                row["model_told"],
                row["data_told"],
                row["told"],
                row["interval"],
                row["models"],
            )
            for row in rows
        ),
        file="analysis/changes.csv",
    )
