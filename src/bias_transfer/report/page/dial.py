"""Turn a dial: items move as an intervention's dose moves their bias, downstream or not."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.cells import left_out, of_few_test_rows
from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.analysis.means import INTERVENTION
from bias_transfer.errors import counted
from bias_transfer.report.figures._look import BLUE, GREY, INK, ORANGE
from bias_transfer.report.page.charts import (
    BEYOND,
    FAINT,
    Chart,
    Control,
    Key,
    Option,
    Panel,
    axis,
    broken,
    domain,
    going_on,
    like,
    of,
    on_axis,
    panel,
    reference,
    written,
)
from bias_transfer.report.page.tables import Table, texts, title_of
from bias_transfer.report.page.variants import Variant, key_of, variants
from bias_transfer.report.page.words import UNDEFINED, listed, number, rounded, whole
from bias_transfer.report.scale import drawn
from bias_transfer.report.sheet import begun, continued

# Which intervention is shown.
_SHOWN = "shown"
# The ends of both axes, by intervention.
_DOMAINS = "domains"
_NONE = float("nan")
_ITEMS = "items"
# How columns begin that count the rows of the test part.
_TEST_ROWS = "test_"
# By what was altered.
COLOURS = {"upstream": BLUE, "data": ORANGE, "both": INK}
SIDES = {"upstream": "the model altered", "data": "the data altered", "both": "both altered"}


@dataclass(frozen=True)
class _Value:
    """A number of one item under one intervention, as it is drawn."""

    value: float
    low: float
    high: float
    told: str


@dataclass(frozen=True)
class _Out:
    """Why the slopes leave an intervention out, and whether all its models; or an item."""

    words: str = ""
    whole: bool = False
    item: bool = False


@dataclass(frozen=True)
class _Point:
    """One item under one intervention: both sources of bias, and downstream bias."""

    item: str
    variant: Variant
    model: _Value
    data: _Value
    outcome: _Value
    counts: str
    out: _Out

    @property
    def is_out(self) -> bool:
        """Whether the slope that the verdict rests on holds it in none of its models."""
        return self.out.whole and bool(self.variant.side)

    @property
    def why_out(self) -> str:
        """Why the slope leaves it out, or some of its models; "no" where it does not."""
        numbers = (self.model.value, self.data.value, self.outcome.value)
        if self.out.words:
            return self.out.words
        return "no" if np.isfinite(numbers).all() else "yes: a number of it is undefined"


def dial_chart(
    task: TaskDescription,
    observations: pd.DataFrame,
    performance: pd.DataFrame,
    means: pd.DataFrame,
    fewest_test_rows: int,
) -> Chart:
    """Draw downstream bias against each source of bias, under one intervention at a time.

    Parameters
    ----------
    task
        Names the quantities; observations and means are of its principal adaptation.
    observations, performance
        One row a model, item and template: gives the data's bias; with how well each model
        predicts, it tells which models the slopes leave out.
    means
        The table `item_means`: gives upstream and downstream bias.
    fewest_test_rows
        That an item's downstream bias must rest on, to be in the slopes.
    """
    found = variants(task, observations)
    way = continued(dict(task.adaptations)[task.principal_adaptation])
    out = _left_out(task, observations, performance)
    rows = counted(fewest_test_rows, "test row")
    scarce = of_few_test_rows(observations, task.outcome, fewest_test_rows)
    few = dict.fromkeys(
        map(str, observations.loc[scarce, task.item]),
        _Out(f"its {task.outcome.title} is of fewer than {rows}", whole=True, item=True),
    )
    points = list(_points(task, observations, means, found, out, few))
    controls = _controls(found, out)
    start = controls[0].options[0].doses[-1][0] if controls else found[0].name
    domains = {
        source: _domains(task, points, source, quantity) for source, quantity in _sources(task)
    }
    title = (
        "when an item's bias is moved, does downstream bias move with it?"
        if controls
        else "do items with more bias at its source have more downstream bias?"
    )
    return Chart(
        name=f"dial-{task.name}",
        title=f"{task.title}: {title}",
        text=" ".join(_text(task, way, points, bool(controls), rows)),
        panels=tuple(
            _panel(task, points, domains[source], source, quantity, start)
            for source, quantity in _sources(task)
        ),
        table=_table(task, points),
        data={_ITEMS: _rows(points, domains["model"])},
        controls=controls,
        keys=tuple(_keys(task, points, domains["model"])),
    )


def _sources(task: TaskDescription) -> tuple[tuple[str, Quantity], ...]:
    return ("model", task.before), ("data", task.covariates[0])


def _text(
    task: TaskDescription, way: str, points: Sequence[_Point], moved: bool, rows: str
) -> Iterator[str]:
    """Say how to read the picture, of what is in it."""
    if not moved:
        yield (
            f"A ring is one of the {task.items} in the unmodified model. No intervention moved its "
            "bias, so that the picture shows what goes together, not what moves what."
        )
    else:
        yield (
            f"A ring is one of the {task.items} in the unmodified model, the mark at the other end "
            "of its line is the same one after the intervention. Movement along means that the "
            "intervention changed the source of bias; movement up or down, that downstream bias "
            "changed, which within the grey line may be chance."
        )
    crosses = [each for each in points if each.is_out]
    titles = dict.fromkeys(each.variant.title for each in crosses if not each.out.item)
    scarce = list(dict.fromkeys(each.item for each in crosses if each.out.item))
    if crosses:
        who = [*titles, *([f"of fewer than {rows} or of none: {listed(scarce)}"] if scarce else [])]
        yield (
            "A cross instead of a dot: left out of the slope that the verdict rests on "
            f"({'; '.join(who)}). Pointing at a mark tells why."
        )
    yield f"All are of {way}."


def _keys(
    task: TaskDescription, points: Sequence[_Point], domains: Mapping[str, Sequence[float]]
) -> Iterator[Key]:
    yield Key("ring", GREY, "unmodified model")
    inside = [each for each in points if not each.is_out]
    for side, text in SIDES.items():
        if any(each.variant.side == side for each in inside):
            yield Key("dot", COLOURS[side], text)
    for side, text in SIDES.items():
        if any(each.variant.side == side for each in points if each.is_out):
            yield Key("cross", COLOURS[side], f"{text}, left out of the slope")
    rows = _rows(points, domains)
    if any(row["low"] is not None for row in rows):
        way = "Wilson's" if task.outcome.proportion else "a normal approximation"
        yield Key("line", FAINT, f"95 % interval of downstream bias, {way}; seeds are not in it")
    if any(row["below"] or row["above"] for row in rows):
        yield BEYOND
    if any(row["y"] is None for row in rows):
        yield Key("hollow", INK, "undefined downstream: at the foot, without a value")
    neutral = (task.before, task.covariates[0], task.outcome)
    for text in dict.fromkeys(each.neutral_text for each in neutral if each.neutral is not None):
        yield Key("dash", INK, text)


def _left_out(
    task: TaskDescription, observations: pd.DataFrame, performance: pd.DataFrame
) -> dict[tuple[Any, ...], _Out]:
    """Return why the slopes leave an intervention's models out, where they do."""
    reasons = left_out(observations, performance, task)
    models: dict[tuple[Any, ...], list[str]] = {}
    for row in observations.drop_duplicates("model").to_dict("records"):
        models.setdefault(key_of(row), []).append(str(row["model"]))
    said: dict[tuple[Any, ...], _Out] = {}
    for key, names in models.items():
        gone = [reasons[name] for name in names if name in reasons]
        if gone:
            whole = len(gone) == len(names)
            some = "" if whole else f"{len(gone)} of {len(names)} models "
            said[key] = _Out(f"{some}{'; '.join(dict.fromkeys(gone))}", whole)
    return said


def _controls(found: Sequence[Variant], out: Mapping[tuple[Any, ...], _Out]) -> tuple[Control, ...]:
    """Return the choice of intervention with the dial of its doses, the strongest shown first.

    Those come first that are in the slope and have several doses.
    """
    titles = dict.fromkeys(each.title for each in found if each.side)
    options = []
    for title in titles:
        own = [each for each in found if each.title == title]
        gone = all(out.get(each.key, _Out()).whole for each in own)
        label = f"{title} (not in the slope)" if gone else title
        option = Option(title, label, tuple((each.name, each.dose) for each in own))
        options.append((gone, len(own) == 1, option))
    ordered = tuple(option for *_, option in sorted(options, key=lambda each: each[:2]))
    return (Control(_SHOWN, "Intervention", ordered, dial="Dose"),) if ordered else ()


def _points(
    task: TaskDescription,
    observations: pd.DataFrame,
    means: pd.DataFrame,
    found: Sequence[Variant],
    out: Mapping[tuple[Any, ...], _Out],
    few: Mapping[str, _Out],
) -> Iterator[_Point]:
    own = means[texts(means["twin_of"]) == ""]
    rows = {(key_of(row), row["measure"], str(row["item"])): row for row in own.to_dict("records")}
    contents = _held(task, observations)
    items = dict.fromkeys(str(each) for each in observations[task.item])
    for variant in found:
        own_out = out.get(variant.key, _Out())
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
                out=own_out if own_out.whole else few.get(item, own_out),
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
    ends = np.array([row["value"], row["low"], row["high"]], dtype=float)
    value, low, high = (float(each) for each in drawn(quantity, ends))
    told = number(value)
    if np.isfinite(low):
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
    domains: Mapping[str, Sequence[float]],
    source: str,
    quantity: Quantity,
    start: str,
) -> Panel:
    x = alt.X(f"{source}:Q", scale=_scale(quantity, 0), axis=axis(quantity.axis))
    y = alt.Y("y:Q", scale=_scale(task.outcome, 2), axis=axis(task.outcome.axis))
    told = [
        alt.Tooltip("item:N", title=begun(task.item.replace("_", " "))),
        alt.Tooltip("done:N", title="Intervention"),
        alt.Tooltip(f"{source}_told:N", title=begun(quantity.title)),
        alt.Tooltip("outcome:N", title=begun(task.outcome.drawn or task.outcome.title)),
        alt.Tooltip("counts:N", title="Rests on"),
        alt.Tooltip("out:N", title="Left out of the slope"),
    ]
    every = of(_ITEMS)
    unmodified = every.transform_filter("datum.side === ''")
    shown = every.transform_filter(f"datum.variant === {_SHOWN}")
    placed = shown.transform_filter(f"isValid(datum.{source})")
    defined = placed.transform_filter("isValid(datum.y)")
    after = defined.transform_filter("datum.side !== ''")
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=None,
    )
    layers = [
        *reference(quantity.neutral, "x"),
        *reference(task.outcome.neutral, "y"),
        defined.transform_filter(f"isValid(datum.{source}0) && isValid(datum.y0)")
        .mark_rule(color=GREY, strokeWidth=1, clip=True)
        .encode(x=like(x, f"{source}0:Q"), y=like(y, "y0:Q"), x2=f"{source}:Q", y2="y:Q"),
        defined.mark_rule(color=FAINT, strokeWidth=2).encode(x=x, y=like(y, "low:Q"), y2="high:Q"),
        *going_on(defined, x, y),
        unmodified.transform_filter("isValid(datum.y)")
        .mark_point(size=42, stroke=GREY, strokeWidth=1.3, fill="white", opacity=1)
        .encode(x=x, y=y, tooltip=told),
        after.transform_filter("!datum.cross")
        .mark_circle(size=64, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=told),
        after.transform_filter("datum.cross")
        .mark_point(shape="cross", angle=45, size=90, filled=True, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=told),
        placed.transform_filter("!isValid(datum.y)")
        .mark_point(shape="diamond", size=70, stroke=INK, fill="white", opacity=1)
        .encode(x=x, y=alt.value(alt.ExprRef("height - 6")), tooltip=told),
        written(of("missing").transform_filter(f"datum.variant === {_SHOWN}")),
    ]
    nowhere = broken(f"{quantity.title} is undefined under this intervention")
    missing = [{"variant": name, "text": nowhere} for name in _undefined(points, source)]
    parameters = {_SHOWN: start, _DOMAINS: domains}
    title = f"Downstream bias against the {source}'s bias"
    return panel(f"dial-{task.name}-{source}", title, layers, {"missing": missing}, parameters)


def _undefined(points: Sequence[_Point], source: str) -> Iterator[str]:
    """Yield the variants under which a source of bias is undefined for every item."""
    for name in dict.fromkeys(each.variant.name for each in points):
        own = [getattr(each, source).value for each in points if each.variant.name == name]
        if not np.isfinite(own).any():
            yield name


def _rows(points: Sequence[_Point], domains: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Return the points as both panels draw them, each with where it was before.

    Both panels have one vertical axis, whose ends stand last in the domains of either.
    """
    before = {each.item: each for each in points if not each.variant.side}
    return [_row(each, before.get(each.item), domains[each.variant.name][2:]) for each in points]


def _row(point: _Point, before: _Point | None, ends: Sequence[float]) -> dict[str, Any]:
    return {
        "item": point.item,
        "variant": point.variant.name,
        "side": point.variant.side,
        "done": point.variant.label,
        "cross": point.is_out,
        "out": point.why_out,
        "model": rounded(point.model.value),
        "model0": rounded(before.model.value) if before else None,
        "model_told": point.model.told,
        "data": rounded(point.data.value),
        "data0": rounded(before.data.value) if before else None,
        "data_told": point.data.told,
        "y": rounded(point.outcome.value),
        "y0": rounded(before.outcome.value) if before else None,
        **on_axis(point.outcome.low, point.outcome.high, (ends[0], ends[1])),
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
            *_ends(quantity, [getattr(each, source) for each in together], ()),
            *_ends(task.outcome, *[[each.outcome for each in together]] * 2),
        ]
        found |= {point.variant.name: both for point in group}
    return found


def _ends(
    quantity: Quantity, values: Sequence[_Value], intervals: Sequence[_Value]
) -> tuple[float, float]:
    """Return the ends of an axis that holds values, and the intervals that are drawn along it."""
    value = np.array([each.value for each in values])
    low, high = (np.array([getattr(each, end) for each in intervals]) for end in ("low", "high"))
    return domain(quantity, value, low, high)


def _table(task: TaskDescription, points: Sequence[_Point]) -> Table:
    return Table(
        name=f"items-{task.name}",
        caption=f"{task.title}: bias of each of the {task.items} under each intervention, "
        "with 95 % intervals",
        heads=(
            begun(task.item.replace("_", " ")),
            "Intervention",
            begun(task.before.title),
            begun(task.covariates[0].title),
            begun(task.outcome.drawn or task.outcome.title),
            "Rests on",
            "Left out of the slope",
        ),
        rows=tuple(
            (
                each.item,
                each.variant.label,
                each.model.told,
                each.data.told,
                each.outcome.told,
                each.counts,
                each.why_out,
            )
            for each in points
        ),
        file="analysis/item_means.csv",
    )
