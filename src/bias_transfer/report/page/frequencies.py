"""What the training data hold of each item: how often it occurs, and one group's share in it."""

import altair as alt
import numpy as np
import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.figures._look import INK, ORANGE
from bias_transfer.report.page.charts import Chart, Key, of, panel, reference, span
from bias_transfer.report.page.tables import contents_table, title_of
from bias_transfer.report.page.words import percentage, rounded, whole
from bias_transfer.report.sheet import begun


def frequency_chart(task: TaskDescription, contents: pd.DataFrame) -> Chart:
    """Draw one group's share against how often an item occurs, a point an item."""
    group = task.contents.groups[0]
    rows = [
        {
            "item": title_of(task, row["item"]),
            "total": rounded(row["total"]),
            "share": rounded(row["share"]),
            "counted": whole(row["total"]),
            "told": percentage(row["share"]),
        }
        for row in contents.to_dict("records")
    ]
    overall = contents["overall_share"].mean() if len(contents) else float("nan")
    absent = [title_of(task, item) for item in contents.loc[contents["total"] == 0, "item"]]
    never = f" {len(absent)} {task.contents.none_text}: {', '.join(absent)}." if absent else ""
    told = [
        alt.Tooltip("item:N", title=begun(task.item.replace("_", " "))),
        alt.Tooltip("counted:N", title=f"Training {task.contents.counted}"),
        alt.Tooltip("told:N", title=f"Share of {group}"),
    ]
    points = (
        of("items")
        .transform_filter("isValid(datum.share)")
        .mark_circle(size=60, color=ORANGE, opacity=0.9)
        .encode(
            x=alt.X(
                "total:Q",
                scale=alt.Scale(type="log", domain=_decades(contents["total"]), nice=False),
                axis=alt.Axis(title=f"training {task.contents.counted}, log scale"),
            ),
            y=alt.Y(
                "share:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(
                    title=f"share of {group}", labelExpr="format(100 * datum.value, 'd') + ' %'"
                ),
            ),
            tooltip=told,
        )
    )
    overall_line = reference(float(overall), "y") if np.isfinite(overall) else []
    return Chart(
        name=f"data-{task.name}",
        title=f"{task.title}: what the original training data hold of each of the {task.items}",
        text=(
            f"A dot is one of the {task.items}: how many training {task.contents.counted} it has, "
            f"and the share of {group} among them. Few rows make an uncertain rate.{never}"
        ),
        panels=(panel(f"data-{task.name}-share", "", [*overall_line, points], {"items": rows}),),
        table=contents_table(task, contents),
        keys=(
            Key("dot", ORANGE, f"the data on one of the {task.items}"),
            *(
                [Key("dash", INK, f"share of {group} among all, {percentage(float(overall))}")]
                if overall_line
                else []
            ),
        ),
    )


def _decades(totals: pd.Series) -> list[float]:
    """Return the ends of a logarithmic axis around the counts, zeros left out."""
    logarithms = np.log10(totals[totals > 0].to_numpy(dtype=float))
    return [float(10**end) for end in span(logarithms, np.empty(0), np.empty(0))]
