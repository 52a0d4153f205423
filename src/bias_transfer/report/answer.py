"""The study's answer in a page of text, every number of which stands in a table."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bias_transfer.analysis.description import TaskDescription
from bias_transfer.analysis.evidence import (
    BETWEEN_TEMPLATES,
    SEEDS,
    TEST_ROWS,
    WITHIN_TEMPLATES,
    Evidence,
)
from bias_transfer.analysis.means import distribution, unmodified
from bias_transfer.analysis.tables import why_missing
from bias_transfer.analysis.verdict import Verdict
from bias_transfer.report.sheet import minus

# What is asked of a bias, by whether interventions moved it, and what the verdicts say then.
_ASKED = {"within": "transfers", "between": "goes with downstream bias"}
_SAID = {
    "within": {
        "transfers": "transfers",
        "transfers, but less than matters": "transfers, but less than matters",
        "is inverted": "is inverted",
        "does not transfer": "does not transfer",
    },
    "between": {
        "transfers": "goes with downstream bias",
        "transfers, but less than matters": "goes with downstream bias, but less than matters",
        "is inverted": "goes against downstream bias",
        "does not transfer": "does not go with downstream bias",
    },
}
_RELIABILITIES = {
    ("upstream", BETWEEN_TEMPLATES): "upstream bias over templates",
    ("upstream", WITHIN_TEMPLATES): "its changes over templates",
    ("downstream", SEEDS): "downstream bias over fine-tuning seeds",
    ("downstream", TEST_ROWS): "downstream bias over test rows",
}


def answer(
    note: str,
    tasks: Sequence[TaskDescription],
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
) -> str:
    """Write the answer as Markdown: a sentence a task, then what it rests on.

    Parameters
    ----------
    note
        What the text is, generated or not.
    tasks
        The study's tasks, in the order of their sections.
    observations, performance
        By task: the observation table and each model's accuracy, of the principal adaptation.
    evidence
        By task: what each adaptation shows, the principal one first.
    """
    head = "\n\n".join(
        [
            "# Does bias survive fine-tuning, or does it come from the data?",
            note,
            *(
                f"**{task.title}.** {verdict_sentence(task, evidence[task.name][0])}"
                for task in tasks
            ),
            _how_to_read(evidence[tasks[0].name][0].smallest_effect),
        ]
    )
    return "\n".join(
        [f"{head}\n", *(_section(task, observations, performance, evidence) for task in tasks)]
    )


def verdict_sentence(task: TaskDescription, of: Evidence) -> str:
    """Say in plain words what one adaptation shows of the model's bias and of the data's."""
    said = {each.source: each for each in of.verdicts}
    model = _said("the pre-trained model's bias", said["model"])
    data = _said("the fine-tuning data's bias", said["data"])
    return f"{dict(task.adaptations)[of.adaptation]}: {model}; {data}."


def _said(bias: str, of: Verdict) -> str:
    """Say what a verdict says of a bias, with its numbers."""
    if of.word == "not estimated":
        return f"whether {bias} {_ASKED[of.effects]} is not estimated ({of.reason})"
    numbers = f"{_signed(of.standardised)}, 95 % interval {_signed(of.low)} to {_signed(of.high)}"
    if of.word != "undecided":
        return f"{bias} {_SAID[of.effects][of.word]} ({numbers})"
    why = of.reason or f"it would have found {of.smallest_detectable:.2f} with a power of 80 %"
    return f"whether {bias} {_ASKED[of.effects]} is undecided ({numbers}; {why})"


def _how_to_read(smallest_effect: float) -> str:
    return (
        "The numbers are slopes in standard deviations of downstream bias a standard deviation of "
        "its source, both over the items of the unmodified model. *Transfers* and *does not "
        "transfer* rest on what interventions changed: how far an item's downstream bias moved "
        "with the source. Where no intervention moved a source, it can only be said whether the "
        f"two *go* together. A slope within ±{smallest_effect:g} does not matter "
        "(`analysis.smallest_effect`); *undecided* means that this study cannot tell."
    )


def _section(
    task: TaskDescription,
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
) -> str:
    rows, found = observations[task.name], evidence[task.name]
    lines = [
        *(verdict_sentence(task, of) for of in found[1:]),
        _reliability(found[0]),
        _explained(found[0]),
        _between(task, found[0]),
        _quality(rows, performance[task.name]),
        _extremes(task, rows),
        *_left_out(task, found),
        _undefined(task, rows),
    ]
    return "\n".join([f"## {task.title}", "", *(f"- {line}" for line in lines), ""])


def _reliability(of: Evidence) -> str:
    """Say how reliable the measures are, as far as it was measured."""
    rows = of.reliability.set_index(["measure", "over"])["value"]
    known = [
        f"{name} {minus(f'{rows[key]:.2f}')}"
        for key, name in _RELIABILITIES.items()
        if math.isfinite(rows[key])
    ]
    if not known:
        return "Reliability: nothing was measured twice."
    return f"Reliability (1: the same again; under 0.5 no verdict): {', '.join(known)}."


def _explained(of: Evidence) -> str:
    """Say which share of downstream bias's variance over items each source explains."""
    rows = of.explained.set_index("source").to_dict("index")
    if rows["model"]["reason"]:
        return f"Variance explained: not estimated, {rows['model']['reason']}."
    model, data = (_share(rows[source]) for source in ("model", "data"))
    return (
        f"Of the variance of downstream bias over items, the model's bias explains {model} and the "
        f"data's {data}."
    )


def _share(row: Mapping[Hashable, Any]) -> str:
    share = f"{row['share']:.0%}"
    if not math.isfinite(row["low"]):
        return share
    return f"{share} (interval {row['low']:.0%} to {row['high']:.0%})"


def _between(task: TaskDescription, of: Evidence) -> str:
    """Say which items go together, where the verdict rests on what interventions changed."""
    between = of.slopes[of.slopes["effects"] == "between"]
    rows = between.set_index("source").to_dict("index")
    said = []
    for source, quantity in (("model", task.before), ("data", task.covariates[0])):
        row = rows[source]
        if row["reason"]:
            said.append(f"with {quantity.title} not estimated, {row['reason']}")
            continue
        said.append(
            f"with {quantity.title} {_signed(row['standardised'])} ({_signed(row['low'])} to "
            f"{_signed(row['high'])})"
        )
    return f"Between {task.items}, {task.outcome.title} goes {'; '.join(said)}."


def _left_out(task: TaskDescription, found: Sequence[Evidence]) -> Iterator[str]:
    for of in found:
        counts = ", ".join(f"{count} {reason}" for reason, count in of.cells.left_out.items())
        if counts:
            title = dict(task.adaptations)[of.adaptation]
            yield f"{title}: models that the slopes leave out: {counts}."


def _signed(value: float) -> str:
    # Adding zero takes the sign off a zero.
    return minus(f"{round(value, 2) + 0.0:+.2f}")


def _quality(observations: pd.DataFrame, performance: pd.DataFrame) -> str:
    control = performance["model"].isin(observations.loc[unmodified(observations), "model"])
    models, others = _counted(len(performance), "model"), performance.loc[~control, "accuracy"]
    said = [models]
    if control.any():
        quality = performance[control].mean(numeric_only=True)
        said.append(
            f"from the unmodified checkpoint accuracy is {quality['accuracy']:.3f} on "
            f"{quality['test_rows']:.0f} test rows (majority class "
            f"{quality['majority_accuracy']:.3f})"
        )
    if not others.empty:
        said.append(f"over the others it runs from {others.min():.3f} to {others.max():.3f}")
    return f"{'; '.join(said)}."


def _extremes(task: TaskDescription, observations: pd.DataFrame) -> str:
    """Name the items at both ends of downstream bias, in the unmodified model."""
    control = observations[unmodified(observations)]
    means = distribution(control, task.item, task.outcome.column).dropna()
    by_item = means.sort_index().sort_values(kind="stable")
    if by_item.empty:
        return f"{task.outcome.title} is not defined for any item."
    name = task.outcome.drawn or task.outcome.title
    return (
        f"Lowest {name}: {_named(by_item.head(3), task)}. "
        f"Highest: {_named(by_item.tail(3)[::-1], task)}."
    )


def _undefined(task: TaskDescription, observations: pd.DataFrame) -> str:
    """Count the cells for which the outcome does not exist, by reason."""
    cells = observations.drop_duplicates(["model", task.item])
    column = task.outcome.column
    gone = cells[cells[column].isna()] if column in cells else cells
    counts = why_missing(gone, task.outcome, task).value_counts()
    reasons = ", ".join(f"{count} times {reason}" for reason, count in counts.items())
    total = f"Undefined cells, of a model and an item: {len(gone)} of {len(cells)}."
    return f"{total} {reasons}".rstrip()


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _named(values: pd.Series, task: TaskDescription) -> str:
    """Print values of the outcome, of a logarithm what it is the logarithm of."""
    drawn = values.map(math.exp) if task.outcome.drawn else values
    return ", ".join(
        f"{task.item_titles.get(str(item), item)} {value:.2f}" for item, value in drawn.items()
    )
