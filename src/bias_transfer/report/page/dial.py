"""Turn a dial: items move as an intervention's dose moves their bias, downstream or not."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.means import INTERVENTION
from bias_transfer.report.figures._look import BLUE, GREY, INK, ORANGE
from bias_transfer.report.page.charts import (
    FAINT,
    HALF,
    Chart,
    Control,
    Key,
    Option,
    Panel,
    axis,
    domain,
    drawn,
    like,
    of,
    panel,
    reference,
)
from bias_transfer.report.page.tables import Table, texts, title_of
from bias_transfer.report.page.variants import Variant, key_of, variants
from bias_transfer.report.page.words import UNDEFINED, number, rounded, whole

# Which intervention is shown.
_SHOWN = "shown"
# The ends of both axes, by intervention.
_DOMAINS = "domains"
_NONE = float("nan")
_ITEMS = "items"
# How columns begin that count the rows of the test part.
_TEST_ROWS = "test_"
# By what was altered.
_COLOURS = {"upstream": BLUE, "data": ORANGE, "both": INK, "": GREY}


@dataclass(frozen=True)
class _Value:
    """A number of one item under one intervention, as it is drawn."""

    value: float
    low: float
    high: float
    told: str


@dataclass(frozen=True)
class _Point:
    """One item under one intervention: both sources of bias, and downstream bias."""

    item: str
    variant: Variant
    model: _Value
    data: _Value
    outcome: _Value
    counts: str


def dial_chart(task: TaskDescription, observations: pd.DataFrame, means: pd.DataFrame) -> Chart:
    """Draw downstream bias against each source of bias, under one intervention at a time.

    Parameters
    ----------
    task
        Names the quantities; observations and means are of its principal adaptation.
    observations
        One row a model, item and template: gives the data's bias.
    means
        The table `item_means`: gives upstream and downstream bias.
    """
    found = variants(task, observations)
    way = dict(task.adaptations)[task.principal_adaptation].lower()
    points = list(_points(task, observations, means, found))
    controls = _controls(found)
    start = controls[0].options[0].doses[-1][0] if controls else found[0].name
    sources: tuple[tuple[str, str, Quantity], ...] = (
        ("model", "Downstream bias against the model's bias", task.before),
        ("data", "Downstream bias against the data's bias", task.covariates[0]),
    )
    return Chart(
        name=f"dial-{task.name}",
        title=f"{task.title}: when an item's bias is moved, does downstream bias move with it?",
        text=(
            f"A ring is one of the {task.items} in the unmodified model, the dot at the other end "
            "of its line is the same one after the intervention. Movement along means that the "
            "intervention changed the source of bias; movement up or down means that downstream "
            f"bias followed. All are of {way}."
        ),
        panels=tuple(
            _panel(task, points, source, title, quantity, start)
            for source, title, quantity in sources
        ),
        table=_table(task, points),
        data={_ITEMS: _rows(points)},
        controls=controls,
        keys=(
            Key("ring", GREY, "unmodified model"),
            Key("dot", BLUE, "the model altered"),
            Key("dot", ORANGE, "the data altered"),
            Key("line", FAINT, "95 % interval of downstream bias; seeds are not in it"),
            Key("diamond", INK, "undefined downstream"),
            *(
                Key("dash", INK, text)
                for text in dict.fromkeys(
                    each.neutral_text
                    for each in (task.before, task.covariates[0], task.outcome)
                    if each.neutral is not None
                )
            ),
        ),
    )


def _controls(found: Sequence[Variant]) -> tuple[Control, ...]:
    """Return the choice of intervention with the dial of its doses, the strongest shown first."""
    titles = dict.fromkeys(each.title for each in found if each.side)
    options = [
        Option(title, title, tuple((each.name, each.dose) for each in found if each.title == title))
        for title in titles
    ]
    dosed = [each for each in options if len(each.doses) > 1]
    options = [*dosed, *(each for each in options if each not in dosed)]
    return (Control(_SHOWN, "Intervention", tuple(options), dial="Dose"),) if options else ()


def _points(
    task: TaskDescription,
    observations: pd.DataFrame,
    means: pd.DataFrame,
    found: Sequence[Variant],
) -> Iterator[_Point]:
    own = means[texts(means["twin_of"]) == ""]
    rows = {(key_of(row), row["measure"], str(row["item"])): row for row in own.to_dict("records")}
    contents = _held(task, observations)
    items = dict.fromkeys(str(each) for each in observations[task.item])
    for variant in found:
        for item in items:
            before = rows.get((variant.key, task.before.column, item))
            after = rows.get((variant.key, task.outcome.column, item))
            if before is None and after is None:
                continue
            held = contents.get((variant.key, item), {})
            yield _Point(
                item=title_of(task, item),
                variant=variant,
                model=_value(task.before, before),
                data=_exact(task.covariates[0], held.get(task.covariates[0].column, _NONE)),
                outcome=_value(task.outcome, after),
                counts=_counts(task, after, held),
            )


def _held(
    task: TaskDescription, observations: pd.DataFrame
) -> dict[tuple[tuple[Any, ...], str], dict[Hashable, float]]:
    """Return what training and test part hold of each item, under each intervention.

    The data's bias and the counts of rows, by their columns; means over the models.
    """
    wanted = (task.covariates[0].column, task.contents.total)
    columns = [name for name in observations if name in wanted or str(name).startswith(_TEST_ROWS)]
    grouped = observations.groupby([*INTERVENTION, task.item], sort=False, dropna=False)
    return {
        (key_of(dict(zip(INTERVENTION, key, strict=False))), str(key[-1])): values
        for key, values in grouped[columns].mean().to_dict("index").items()
        if isinstance(key, tuple)
    }


def _value(quantity: Quantity, row: Mapping[Hashable, Any] | None) -> _Value:
    if row is None or pd.isna(row["value"]):
        return _Value(_NONE, _NONE, _NONE, UNDEFINED)
    error = float(row["standard_error"])
    ends = float(row["value"]) + np.array([0, -HALF * error, HALF * error])
    value, low, high = (float(each) for each in drawn(quantity, ends))
    told = number(value)
    if np.isfinite(error):
        told += f" ({number(low)} to {number(high)})"
    return _Value(value, low, high, told)


def _exact(quantity: Quantity, value: float) -> _Value:
    shown = float(drawn(quantity, np.array([value]))[0])
    return _Value(shown, _NONE, _NONE, number(shown))


def _counts(
    task: TaskDescription, row: Mapping[Hashable, Any] | None, held: Mapping[Hashable, float]
) -> str:
    """Write how many models, test rows and training rows a value rests on."""
    if row is None:
        return "not measured"
    models = f"{whole(row['models'])} model{'' if row['models'] == 1 else 's'}"
    missing = f", {whole(row['undefined'])} undefined" if row["undefined"] else ""
    tested = ", ".join(
        f"{str(name).removeprefix(_TEST_ROWS).replace('_', ' ')} {whole(value)}"
        for name, value in held.items()
        if str(name).startswith(_TEST_ROWS)
    )
    total = held.get(task.contents.total, _NONE)
    return "; ".join(
        [
            f"{models}{missing}",
            *([f"test rows: {tested}"] if tested else []),
            *([f"training rows: {whole(total)}"] if np.isfinite(total) else []),
        ]
    )


def _panel(
    task: TaskDescription,
    points: Sequence[_Point],
    source: str,
    title: str,
    quantity: Quantity,
    start: str,
) -> Panel:
    x = alt.X(f"{source}:Q", scale=_scale(quantity, 0), axis=axis(quantity.axis))
    y = alt.Y("y:Q", scale=_scale(task.outcome, 2), axis=axis(task.outcome.axis))
    told = [
        alt.Tooltip("item:N", title=task.item.replace("_", " ").capitalize()),
        alt.Tooltip("done:N", title="Intervention"),
        alt.Tooltip(f"{source}_told:N", title=quantity.title.capitalize()),
        alt.Tooltip("outcome:N", title=(task.outcome.drawn or task.outcome.title).capitalize()),
        alt.Tooltip("counts:N", title="Rests on"),
    ]
    every = of(_ITEMS)
    unmodified = every.transform_filter("datum.side === ''")
    shown = every.transform_filter(f"datum.variant === {_SHOWN}")
    defined = shown.transform_filter("isValid(datum.y)")
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
        legend=None,
    )
    layers = [
        *reference(quantity.neutral, "x"),
        *reference(task.outcome.neutral, "y"),
        defined.transform_filter(f"isValid(datum.{source}0) && isValid(datum.y0)")
        .mark_rule(color=GREY, strokeWidth=1, clip=True)
        .encode(x=like(x, f"{source}0:Q"), y=like(y, "y0:Q"), x2=f"{source}:Q", y2="y:Q"),
        defined.mark_rule(color=FAINT, strokeWidth=2, clip=True).encode(
            x=x, y=like(y, "low:Q"), y2="high:Q"
        ),
        unmodified.transform_filter("isValid(datum.y)")
        .mark_point(size=42, stroke=GREY, strokeWidth=1.3, fill="white", opacity=1)
        .encode(x=x, y=y, tooltip=told),
        defined.mark_circle(size=64, opacity=1).encode(x=x, y=y, color=colour, tooltip=told),
        shown.transform_filter("!isValid(datum.y)")
        .mark_point(shape="diamond", size=70, stroke=INK, fill="white", opacity=1)
        .encode(x=x, y=alt.value(alt.ExprRef("height - 6")), tooltip=told),
    ]
    parameters = {_SHOWN: start, _DOMAINS: _domains(task, points, source, quantity)}
    return panel(f"dial-{task.name}-{source}", title, layers, {}, parameters)


def _rows(points: Sequence[_Point]) -> list[dict[str, Any]]:
    """Return the points as both panels draw them, each with where it was before."""
    before = {each.item: each for each in points if not each.variant.side}
    return [_row(each, before.get(each.item)) for each in points]


def _row(point: _Point, before: _Point | None) -> dict[str, Any]:
    return {
        "item": point.item,
        "variant": point.variant.name,
        "side": point.variant.side,
        "done": point.variant.label,
        "model": rounded(point.model.value),
        "model0": rounded(before.model.value) if before else None,
        "model_told": point.model.told,
        "data": rounded(point.data.value),
        "data0": rounded(before.data.value) if before else None,
        "data_told": point.data.told,
        "y": rounded(point.outcome.value),
        "y0": rounded(before.outcome.value) if before else None,
        "low": rounded(point.outcome.low),
        "high": rounded(point.outcome.high),
        "outcome": point.outcome.told,
        "counts": point.counts,
    }


def _scale(quantity: Quantity, place: int) -> alt.Scale:
    """Return an axis that fits the doses of the intervention that is shown."""
    ends = [alt.ExprRef(f"{_DOMAINS}[{_SHOWN}][{place + end}]") for end in (0, 1)]
    if quantity.logarithm:
        return alt.Scale(type="log", domain=ends, nice=False)
    return alt.Scale(domain=ends, nice=False, zero=False)


def _domains(
    task: TaskDescription, points: Sequence[_Point], source: str, quantity: Quantity
) -> dict[str, list[float]]:
    """Return the ends of both axes for each variant, the same for all doses of an intervention."""
    groups: dict[str, list[_Point]] = {}
    for point in points:
        groups.setdefault(point.variant.title, []).append(point)
    unmodified = [point for point in points if not point.variant.side]
    found: dict[str, list[float]] = {}
    for group in groups.values():
        together = [*unmodified, *group]
        both = [
            *_ends(quantity, [getattr(each, source) for each in together]),
            *_ends(task.outcome, [each.outcome for each in together]),
        ]
        found |= {point.variant.name: both for point in group}
    return found


def _ends(quantity: Quantity, values: Sequence[_Value]) -> list[float]:
    outer = [end for each in values for end in (each.low, each.high)]
    return domain(quantity, np.array([each.value for each in values]), np.array(outer))


def _table(task: TaskDescription, points: Sequence[_Point]) -> Table:
    return Table(
        name=f"items-{task.name}",
        caption=f"{task.title}: bias of each of the {task.items} under each intervention, "
        "with 95 % intervals",
        heads=(
            task.item.replace("_", " ").capitalize(),
            "Intervention",
            task.before.title.capitalize(),
            task.covariates[0].title.capitalize(),
            (task.outcome.drawn or task.outcome.title).capitalize(),
            "Rests on",
        ),
        rows=tuple(
            (
                each.item,
                each.variant.label,
                each.model.told,
                each.data.told,
                each.outcome.told,
                each.counts,
            )
            for each in points
        ),
        file="analysis/item_means.csv",
    )
