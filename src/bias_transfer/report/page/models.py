"""Which models a study compares, and how well they predict."""

from collections.abc import Iterator

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.report.page.tables import Table
from bias_transfer.report.page.variants import key_of, variants
from bias_transfer.report.page.words import number, whole


def model_table(
    task: TaskDescription, observations: pd.DataFrame, performance: pd.DataFrame
) -> Table:
    """Count a task's models by intervention and way of fine-tuning, with their accuracy."""
    accuracy = performance.set_index("model")["accuracy"]
    return Table(
        name=f"models-{task.name}",
        caption=f"{task.title}: the models that are compared",
        heads=("Intervention", "Fine-tuning", "Doses", "Models", "Accuracy"),
        rows=tuple(_rows(task, observations, accuracy)),
        file=f"extrinsic/{task.name}/performance.csv",
    )


def _rows(
    task: TaskDescription, observations: pd.DataFrame, accuracy: pd.Series
) -> Iterator[tuple[str, ...]]:
    for way, title in task.adaptations:
        rows = observations[observations["adaptation"] == way]
        made = variants(task, rows) if len(rows) else []
        keys = [
            (row["model"], key_of(row)) for row in rows.drop_duplicates("model").to_dict("records")
        ]
        for kind in dict.fromkeys(each.title for each in made):
            own = [each for each in made if each.title == kind]
            wanted = {each.key for each in own}
            named = [name for name, key in keys if key in wanted]
            found = accuracy.reindex(named).dropna()
            yield (
                kind,
                title,
                "; ".join(each.dose for each in own if each.dose) or "–",
                whole(len(named)),
                _range(found),
            )


def _range(found: pd.Series) -> str:
    if found.empty:
        return "undefined: no test row"
    low, high = number(float(found.min())), number(float(found.max()))
    return low if low == high else f"{low} to {high}"
