"""The slopes under every choice that could as well have been made otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures._look import INK
from bias_transfer.report.page.charts import (
    BAND,
    BEYOND,
    Chart,
    Control,
    Key,
    Option,
    Panel,
    broken,
    going_on,
    like,
    of,
    on_axis,
    once,
    panel,
    reference,
    span,
    written,
)
from bias_transfer.report.page.tables import EFFECTS, Table
from bias_transfer.report.page.transfer import COLOURS
from bias_transfer.report.page.words import interval, reason, rounded, signed, whole
from bias_transfer.report.sheet import begun

_EFFECTS, _OUTCOME, _ALL = "effects", "outcome", ""
_TITLES = {"model": "Slope on the model's bias", "data": "Slope on the data's bias"}


def specification_chart(
    task: TaskDescription, curve: pd.DataFrame, smallest_effect: float
) -> Chart:
    """Draw each slope with its interval, from the smallest to the largest."""
    rows = [_row(task, row) for row in curve.to_dict("records")]
    missing = sum(row["slope"] is None for row in rows)
    outcomes = dict.fromkeys(row["outcome"] for row in rows)
    numbers = curve[["standardised", "low", "high"]].to_numpy(dtype=float)
    domain = span(
        np.append(numbers[:, 0], [smallest_effect, -smallest_effect]), numbers[:, 1], numbers[:, 2]
    )
    rows = [row | on_axis(row["least"], row["most"], domain) for row in rows]
    known = {row[_EFFECTS] for row in rows if row["slope"] is not None}
    # A question without any answer is not asked.
    questions = {name: words for name, words in EFFECTS.items() if name in known} or EFFECTS
    return Chart(
        name=f"specification-{task.name}",
        title=f"{task.title}: would other choices have said something else?",
        text=" ".join(_text(missing, len(rows))),
        panels=tuple(
            _panel(task, source, rows, domain, smallest_effect, questions) for source in _TITLES
        ),
        table=_table(task, rows),
        controls=(
            Control(
                _EFFECTS,
                "Question",
                tuple(Option(name, words) for name, words in questions.items()),
            ),
            Control(
                _OUTCOME,
                "Outcome",
                (Option(_ALL, "all outcomes"), *(Option(each, each) for each in outcomes)),
            ),
        ),
        keys=(
            Key("dot", INK, "the study's own choice"),
            *(Key("dot", COLOURS[source], _TITLES[source].lower()) for source in _TITLES),
            Key("band", BAND, f"too little to matter: within ±{smallest_effect:g}"),
            *([BEYOND] if any(row["below"] or row["above"] for row in rows) else []),
        ),
    )


def _text(missing: int, every: int) -> Iterator[str]:
    """Say how to read the picture, of what is in it."""
    if missing == every:
        yield f"Not one of the {every} slopes could be estimated; the table says why."
        return
    yield (
        "A dot is the slope under one choice of upstream measure, template and outcome, in the "
        "order of size, with its 95 % interval; the dark ones are this study's own choice. Where "
        "all intervals lie on the same side of zero, or all inside the band, the finding does not "
        "hang on the choice."
    )
    if missing:
        yield f"{missing} of the {every} slopes are not estimated; the table says why."


def _row(task: TaskDescription, row: Mapping[Any, Any]) -> dict[str, Any]:
    measures = {each.column: each.title for each in task.measures} | {
        column: f"{each.title} ({column.removeprefix(f'{each.column}_')})"
        for each in task.measures
        for column in each.alternatives
        if column != each.column
    }
    outcomes = {each.column: each.title for each in (*task.outcomes, task.outcome)}
    return {
        "source": row["source"],
        "effects": row["effects"],
        "measure": measures.get(str(row["measure"]), str(row["measure"])),
        "template": str(row["template"]).replace("_", " "),
        "outcome": outcomes.get(str(row["outcome"]), str(row["outcome"])),
        "slope": rounded(row["standardised"]),
        "least": float(row["low"]),
        "most": float(row["high"]),
        "told": signed(row["standardised"]),
        "interval": interval(row["low"], row["high"]),
        "items": whole(row["items"]),
        "own": bool(row["default"]),
        "why": reason(row["reason"]),
    }


def _panel(
    task: TaskDescription,
    source: str,
    rows: Sequence[Mapping[str, Any]],
    domain: tuple[float, float],
    matters: float,
    questions: Mapping[str, str],
) -> Panel:
    unseen = ("source", "why", "least", "most")
    kept = [
        {key: each for key, each in row.items() if key not in unseen}
        for row in rows
        if row["source"] == source and row["slope"] is not None
    ]
    scale = alt.Scale(domain=list(domain), nice=False, zero=False)
    base = (
        of("choices")
        .transform_filter(f"datum.effects === {_EFFECTS}")
        .transform_filter(f"{_OUTCOME} === '{_ALL}' || datum.outcome === {_OUTCOME}")
        .transform_window(rank="row_number()", sort=[alt.SortField("slope")])
    )
    x = alt.X(
        "rank:Q",
        # The same for both questions, of which one may have no answer.
        scale=alt.Scale(domain=[0, _most(kept) + 1], nice=False),
        axis=alt.Axis(title="choices, in order of the slope", tickMinStep=1),
    )
    y = alt.Y("slope:Q", scale=scale, axis=alt.Axis(title="slope (SDs per SD)"))
    told = [
        alt.Tooltip("measure:N", title="Upstream measure"),
        alt.Tooltip("template:N", title="Template"),
        alt.Tooltip("outcome:N", title="Outcome"),
        alt.Tooltip("told:N", title="Slope"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("items:N", title=begun(task.items)),
    ]
    colour = alt.condition("datum.own", alt.value(INK), alt.value(COLOURS[source]))
    layers = [
        once()
        .mark_rect(color=BAND)
        .encode(y=alt.datum(-matters, scale=scale), y2=alt.datum(matters)),
        *reference(0.0, "y"),
        base.mark_rule(strokeWidth=1.2, opacity=0.6).encode(
            x=x, y=like(y, "low:Q"), y2="high:Q", color=colour
        ),
        *going_on(base, x, y),
        base.mark_circle(opacity=1).encode(
            x=x,
            y=y,
            color=colour,
            size=alt.condition("datum.own", alt.value(110), alt.value(40)),
            tooltip=told,
        ),
        written(
            of("missing")
            .transform_filter(f"datum.effects === {_EFFECTS}")
            .transform_filter(f"datum.outcome === {_OUTCOME}")
        ),
    ]
    start = {_EFFECTS: next(iter(questions)), _OUTCOME: _ALL}
    missing = list(_missing([row for row in rows if row["source"] == source]))
    return panel(
        f"specification-{task.name}-{source}",
        _TITLES[source],
        layers,
        {"choices": kept, "missing": missing},
        start,
        height=280,
    )


def _missing(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield what is written where a setting of the controls has no slope."""
    for effects in dict.fromkeys(row[_EFFECTS] for row in rows):
        asked = [row for row in rows if row[_EFFECTS] == effects]
        for outcome in (_ALL, *dict.fromkeys(row[_OUTCOME] for row in asked)):
            own = [row for row in asked if outcome in (_ALL, row[_OUTCOME])]
            if all(row["slope"] is None for row in own):
                why = "; ".join(dict.fromkeys(row["why"] for row in own))
                yield {_EFFECTS: effects, _OUTCOME: outcome, "text": broken(f"no slope: {why}")}


def _most(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return how many slopes the question with the most of them has."""
    return max((sum(row[_EFFECTS] == each for row in rows) for each in EFFECTS), default=0)


def _table(task: TaskDescription, rows: Sequence[Mapping[str, Any]]) -> Table:
    sources = {"model": "the model's bias", "data": "the data's bias"}
    return Table(
        name=f"choices-{task.name}",
        caption=f"{task.title}: the slope under every choice, in standard deviations per standard "
        "deviation",
        heads=(
            "Source",
            "Question",
            "Upstream measure",
            "Template",
            "Outcome",
            "Slope",
            "95 % interval",
            "Items",
            "The study's own",
            "Why undefined",
        ),
        rows=tuple(
            (
                sources[row["source"]],
                EFFECTS[row["effects"]],
                row["measure"],
                row["template"],
                row["outcome"],
                row["told"],
                row["interval"],
                row["items"],
                "yes" if row["own"] else "no",
                row["why"],
            )
            for row in rows
        ),
        file="analysis/specification_curve.csv",
    )
