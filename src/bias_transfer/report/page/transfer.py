"""The one picture: how far each source of bias moves downstream bias, by way of fine-tuning."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import OPEN, TaskDescription
from bias_transfer.report.figures._look import BLUE, INK, ORANGE
from bias_transfer.report.figures._text import short_verdict
from bias_transfer.report.page.charts import (
    BAND,
    QUIET,
    Chart,
    Key,
    Panel,
    of,
    panel,
    span,
)
from bias_transfer.report.page.tables import verdict_table
from bias_transfer.report.page.words import interval, number, reason, rounded, signed
from bias_transfer.report.sheet import continued

COLOURS = {"model": BLUE, "data": ORANGE}
_TITLES = {
    "model": "From the pre-trained model?",
    "data": "From the fine-tuning data?",
}
_FILLED = "filled: interventions changed the source, and downstream bias moved so far"
_HOLLOW = "hollow: nothing changed it; how far it goes with downstream bias, item by item"
_ROW, _STRIP = 66, 20


def transfer_chart(tasks: Sequence[TaskDescription], verdicts: pd.DataFrame) -> Chart:
    """Draw the slope behind each verdict, its interval, and the band that does not matter.

    A panel is a source of bias, a row a task and a way of fine-tuning, the same in both panels.
    """
    order = [(task.name, way) for task in tasks for way, _ in task.adaptations]
    matters = verdicts["smallest_effect"].max() if len(verdicts) else 0.0
    numbers = verdicts[["standardised", "low", "high"]].to_numpy(dtype=float).ravel()
    held = np.append(numbers, [1.5 * matters, -1.5 * matters])
    low, high = span(held, np.empty(0), np.empty(0))
    panels = tuple(
        _panel(source, list(_rows(tasks, verdicts, source)), len(order), matters, (low, high))
        for source in _TITLES
    )
    known = verdicts[verdicts["standardised"].notna()]
    filled, hollow = (effects in set(known["effects"]) for effects in ("within", "between"))
    return Chart(
        name="transfer",
        title="Where does a fine-tuned model's bias come from?",
        text=" ".join(_text(len(verdicts), len(known), hollow)),
        panels=panels,
        table=verdict_table(tasks, verdicts),
        keys=(
            *([Key("dot", INK, _FILLED)] if filled else []),
            *([Key("ring", INK, _HOLLOW)] if hollow else []),
            *([Key("line", INK, "95 % interval")] if len(known) else []),
            *(
                [Key("band", BAND, f"too little to matter: within ±{matters:g}")]
                if len(known)
                else []
            ),
        ),
    )


def _text(every: int, known: int, hollow: bool) -> Iterator[str]:
    """Say how to read the picture, of what is in it."""
    if not known:
        yield "No slope could be estimated; the table says why."
        return
    yield (
        "Each row is a task and a way of fine-tuning. The mark says how far downstream bias moves "
        "with a source of bias, in standard deviations per standard deviation; the line is its "
        "95 % interval. A line right of zero: bias transfers, inside the grey band too little to "
        "matter. Inside the band otherwise: it does not transfer. Left of zero and not inside: it "
        "is inverted. Else, or where a measure is unreliable: undecided."
    )
    if hollow:
        yield (
            "A hollow mark only says how far the two go together, item by item: no intervention "
            "has tested whether one moves the other, and “goes with it” stands in place of "
            "“transfers”."
        )
    if known < every:
        yield "What is not estimated has no mark; the table says why."


def _rows(
    tasks: Sequence[TaskDescription], verdicts: pd.DataFrame, source: str
) -> Iterator[dict[str, Any]]:
    own = verdicts[verdicts["source"] == source].to_dict("records")
    found = {(row["task"], row["adaptation"]): row for row in own}
    place = 0
    for task in tasks:
        for way, title in task.adaptations:
            if (task.name, way) in found:
                yield _row(place, f"{task.title}, {continued(title)}", found[task.name, way])
            place += 1


def _row(place: int, title: str, verdict: Mapping[Hashable, Any]) -> dict[str, Any]:
    word = str(verdict["verdict"])
    return {
        "place": place,
        "title": title,
        "said": short_verdict(word),
        "open": word in OPEN,
        "hollow": verdict["effects"] == "between",
        "slope": rounded(verdict["standardised"]),
        "low": rounded(verdict["low"]),
        "high": rounded(verdict["high"]),
        "told": signed(verdict["standardised"]),
        "interval": interval(verdict["low"], verdict["high"]),
        "detectable": number(verdict["smallest_detectable"]),
        "why": reason(verdict["reason"]),
    }


def _panel(
    source: str,
    rows: list[dict[str, Any]],
    places: int,
    matters: float,
    domain: tuple[float, float],
) -> Panel:
    colour = COLOURS[source]
    x = alt.Scale(domain=list(domain), nice=False, zero=False)
    y = alt.Y("place:O", axis=None, scale=alt.Scale(domain=list(range(places))))
    estimated = any(row["slope"] is not None for row in rows)
    named = (
        alt.Axis(title="how far downstream bias moves (SDs per SD)")
        if estimated
        else alt.Axis(title=None, labels=False, ticks=False, domain=False)
    )
    slope = alt.X("slope:Q", scale=x, axis=named)
    base = of("verdicts").encode(y=y)
    told = [
        alt.Tooltip("title:N", title="Task, fine-tuning"),
        alt.Tooltip("said:N", title="Verdict"),
        alt.Tooltip("told:N", title="Slope"),
        alt.Tooltip("interval:N", title="95 % interval"),
        alt.Tooltip("detectable:N", title="Would be found with 80 % power"),
        *([alt.Tooltip("why:N", title="Why")] if any(row["why"] for row in rows) else []),
    ]
    known = base.transform_filter("isValid(datum.slope)")
    # Below the words of a row.
    low = 17
    layers = [
        known.mark_bar(size=_STRIP, color=BAND, yOffset=low).encode(
            x=alt.datum(-matters, scale=x), x2=alt.datum(matters)
        ),
        known.mark_tick(orient="vertical", size=_STRIP, thickness=1, color=INK, yOffset=low).encode(
            x=alt.datum(0)
        ),
        base.mark_text(
            align="left", dy=-22, fontSize=14, color=QUIET, limit=alt.ExprRef("width")
        ).encode(x=alt.value(4), text="title:N"),
        base.mark_text(
            align="left", dy=-4, fontSize=15, fontWeight="bold", limit=alt.ExprRef("width")
        ).encode(
            x=alt.value(4),
            text="said:N",
            color=alt.condition("datum.open", alt.value(QUIET), alt.value(INK)),
            tooltip=told,
        ),
        known.mark_rule(strokeWidth=2.5, color=colour, yOffset=low).encode(
            x=alt.X("low:Q", scale=x, axis=named), x2="high:Q", tooltip=told
        ),
        known.mark_point(size=110, filled=True, opacity=1, stroke=colour, yOffset=low).encode(
            x=slope,
            fill=alt.condition("datum.hollow", alt.value("white"), alt.value(colour)),
            shape=alt.value("circle" if source == "model" else "square"),
            tooltip=told,
        ),
    ]
    return panel(
        f"transfer-{source}", _TITLES[source], layers, {"verdicts": rows}, height=_ROW * places
    )
