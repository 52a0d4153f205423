"""What every intervention changed in every item, and what happened downstream."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.report.figures._look import COLOURS, INK
from bias_transfer.report.page.charts import (
    FAINT,
    HALF,
    Chart,
    Control,
    Key,
    Option,
    Panel,
    axis,
    like,
    of,
    panel,
    reference,
    span,
)
from bias_transfer.report.page.tables import Table, title_of
from bias_transfer.report.page.variants import Variant, variants
from bias_transfer.report.page.words import UNDEFINED, interval, number, rounded, whole

_KIND, _WAY, _ALL = "kind", "way", ""
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
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    colours = {kind: COLOURS[i % len(COLOURS)] for i, kind in enumerate(kinds)}
    ways = [(way, title) for way, title in task.adaptations if way in set(changes["adaptation"])]
    y = _domain(rows, "y", ("low", "high"))
    quantities = dict(zip(("model", "data"), (task.before, task.covariates[0]), strict=True))
    return Chart(
        name=f"changes-{task.name}",
        title=f"{task.title}: all changes that interventions made, and what followed downstream",
        text=(
            f"A dot is one of the {task.items} under one intervention: how far its bias moved at "
            "the source, and how far downstream, both less what the intervention did to the "
            f"{task.items} on average. The black line is the slope that the verdict rests on, all "
            "interventions together, with its 95 % band. A flat line: what happens at the source "
            "does not reach the classifier."
        ),
        panels=tuple(
            _panel(task, source, quantities[source], rows, colours, slopes, y, ways[:1])
            for source, _ in _SIDES
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
            *(Key("dot", colour, kind) for kind, colour in colours.items()),
            Key("line", INK, "slope within items, all interventions; its 95 % band"),
            Key("line", FAINT, "95 % interval from the counts of test rows; seeds are not in it"),
        ),
    )


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
        "done": variant.label if variant else str(row["variant"]),
        "item": title_of(task, row["item"]),
        **{name: rounded(each) if abs(each) > _ROUNDING else None for name, each in moved.items()},
        **{
            f"{name}_told": signed_change(each) if not np.isnan(each) else UNDEFINED
            for name, each in moved.items()
        },
        "y": rounded(value),
        "low": rounded(value - error),
        "high": rounded(value + error),
        "told": signed_change(value),
        "interval": interval(value - error, value + error),
        "models": whole(row["models"]),
    }


def signed_change(value: float) -> str:
    """Write a change with its sign."""
    if np.isnan(value):
        return UNDEFINED
    return f"+{number(value)}" if value > 0 else number(value)


def _domain(
    rows: Sequence[Mapping[str, Any]], name: str, ends: Sequence[str] = ()
) -> tuple[float, float]:
    values = [row[name] for row in rows if row[name] is not None]
    outer = [row[end] for row in rows for end in ends if row[end] is not None]
    return span(np.array([*values, 0.0]), np.array(outer))


def _panel(
    task: TaskDescription,
    source: str,
    quantity: Quantity,
    rows: Sequence[Mapping[str, Any]],
    colours: Mapping[str, str],
    slopes: pd.DataFrame,
    y: tuple[float, float],
    first: Sequence[tuple[str, str]],
) -> Panel:
    kept = [
        {"x": row[source], "x_told": row[f"{source}_told"]}
        | {key: each for key, each in row.items() if not key.startswith(("model", "data"))}
        | {"models": row["models"]}
        for row in rows
        if row[source] is not None and row["y"] is not None
    ]
    domain = _domain(kept, "x")
    name = quantity.title if quantity.logarithm else quantity.axis
    x = alt.X("x:Q", scale=_linear(domain), axis=axis(f"change of {name}"))
    up = alt.Y("y:Q", scale=_linear(y), axis=axis(f"change of {task.outcome.title}"))
    points = (
        of("points")
        .transform_filter(f"datum.way === {_WAY}")
        .transform_filter(f"{_KIND} === '{_ALL}' || datum.kind === {_KIND}")
    )
    lines = of("lines").transform_filter(f"datum.way === {_WAY}")
    told = [
        alt.Tooltip("item:N", title=task.item.replace("_", " ").capitalize()),
        alt.Tooltip("done:N", title="Intervention"),
        alt.Tooltip("x_told:N", title=f"Change of {quantity.title}"),
        alt.Tooltip("told:N", title=f"Change of {task.outcome.title}"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("models:N", title="Models"),
    ]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=None,
    )
    layers = [
        *reference(0.0, "y"),
        points.mark_rule(color=FAINT, strokeWidth=1, clip=True).encode(
            x=x, y=like(up, "low:Q"), y2="high:Q"
        ),
        points.mark_circle(size=34, opacity=0.85).encode(x=x, y=up, color=colour, tooltip=told),
        lines.mark_area(color=INK, opacity=0.18, clip=True).encode(
            x=x, y=like(up, "low:Q"), y2="high:Q"
        ),
        lines.mark_line(color=INK, strokeWidth=2, clip=True).encode(x=x, y=up),
    ]
    title = f"The {'model' if source == 'model' else 'data'} altered"
    start = first[0][0] if first else ""
    drawn = {"points": kept, "lines": list(_lines(slopes, source, domain))}
    return panel(f"changes-{task.name}-{source}", title, layers, drawn, {_WAY: start, _KIND: _ALL})


def _linear(domain: tuple[float, float]) -> alt.Scale:
    return alt.Scale(domain=list(domain), nice=False, zero=False)


def _lines(slopes: pd.DataFrame, source: str, domain: tuple[float, float]) -> Any:
    """Yield the ends of each adaptation's slope through the origin, and of its interval."""
    found = slopes[(slopes["source"] == source) & (slopes["effects"] == "within")]
    for row in found[found["slope"].notna()].to_dict("records"):
        # The table has the ends in standard deviations.
        low, high = (row[name] / row["scale"] for name in ("low", "high"))
        for x in (domain[0], 0.0, domain[1]):
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
            task.item.replace("_", " ").capitalize(),
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
