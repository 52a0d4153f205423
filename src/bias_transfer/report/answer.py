"""The study's answer in words, every number of which stands in a table."""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
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
from bias_transfer.errors import counted
from bias_transfer.report.sheet import minus
from bias_transfer.section import Section

_QUESTION = "Does bias survive fine-tuning, or does it come from the data?"
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


class Phrase(Section):
    """A part of a sentence."""

    text: str
    """Its words, with the spaces around them."""
    source: str = ""
    """Of a verdict, what it is on: "model" or "data"; empty for all other words."""


class TaskAnswer(Section):
    """What is said of one task."""

    name: str
    """Its key in the config."""
    title: str
    """As it is printed."""
    sentence: tuple[Phrase, ...]
    """What the principal way of fine-tuning shows."""
    lines: tuple[str, ...]
    """What it rests on, a sentence or two each."""


class Answer(Section):
    """The study's answer, as `answer.md` and the report print it."""

    question: str
    """What is asked."""
    note: str
    """What the text is, generated or not."""
    how_to_read: str
    """What the numbers and the verdicts mean, with the emphasis and code marks of Markdown."""
    tasks: tuple[TaskAnswer, ...]
    """In the order of the study."""


def answer(
    note: str,
    tasks: Sequence[TaskDescription],
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
) -> Answer:
    """Put the answer into words: a sentence a task, then what it rests on.

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
    return Answer(
        question=_QUESTION,
        note=note,
        how_to_read=_how_to_read(evidence[tasks[0].name][0].smallest_effect),
        tasks=tuple(
            TaskAnswer(
                name=task.name,
                title=task.title,
                sentence=tuple(_sentence(task, evidence[task.name][0])),
                lines=tuple(_lines(task, observations, performance, evidence)),
            )
            for task in tasks
        ),
    )


def markdown(of: Answer) -> str:
    """Write an answer as Markdown: the sentences of all tasks first, then a section each."""
    head = "\n\n".join(
        [
            f"# {of.question}",
            of.note,
            *(f"**{task.title}.** {_joined(task.sentence)}" for task in of.tasks),
            of.how_to_read,
        ]
    )
    sections = (
        "\n".join([f"## {task.title}", "", *(f"- {line}" for line in task.lines), ""])
        for task in of.tasks
    )
    return "\n".join([f"{head}\n", *sections])


def _sentence(task: TaskDescription, of: Evidence) -> Iterator[Phrase]:
    """Say in plain words what one adaptation shows of the model's bias and of the data's."""
    said = {each.source: each for each in of.verdicts}
    yield Phrase(text=f"{dict(task.adaptations)[of.adaptation]}: ")
    yield from _said("the pre-trained model's bias", said["model"])
    yield Phrase(text="; ")
    yield from _said("the fine-tuning data's bias", said["data"])
    yield Phrase(text=".")


def _joined(phrases: Iterable[Phrase]) -> str:
    return "".join(phrase.text for phrase in phrases)


def _said(bias: str, of: Verdict) -> Iterator[Phrase]:
    """Say what a verdict says of a bias, with its numbers."""
    if of.word == "not estimated":
        yield Phrase(text=f"whether {bias} {_ASKED[of.effects]} is ")
        yield Phrase(text="not estimated", source=of.source)
        yield Phrase(text=f" ({of.reason})")
        return
    numbers = f"{_signed(of.standardised)}, 95 % interval {_signed(of.low)} to {_signed(of.high)}"
    if of.word != "undecided":
        yield Phrase(text=f"{bias} ")
        yield Phrase(text=_SAID[of.effects][of.word], source=of.source)
        yield Phrase(text=f" ({numbers})")
        return
    seen = f"it would have found {of.smallest_detectable:.2f} with a power of 80 %"
    why = minus(of.reason) or seen
    yield Phrase(text=f"whether {bias} {_ASKED[of.effects]} is ")
    yield Phrase(text="undecided", source=of.source)
    yield Phrase(text=f" ({numbers}; {why})")


def _how_to_read(smallest_effect: float) -> str:
    return (
        "The numbers are slopes in standard deviations of downstream bias a standard deviation of "
        "its source, both over the items of the unmodified model. *Transfers* and *does not "
        "transfer* rest on what interventions changed: how far an item's downstream bias moved "
        "with the source. Where no intervention moved a source, it can only be said whether the "
        f"two *go* together. A slope within ±{smallest_effect:g} does not matter "
        "(`analysis.smallest_effect`); *undecided* means that this study cannot tell."
    )


def _lines(
    task: TaskDescription,
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
) -> Iterator[str]:
    """Say what a task's sentence rests on."""
    rows, found = observations[task.name], evidence[task.name]
    yield from (_joined(_sentence(task, of)) for of in found[1:])
    yield _reliability(found[0])
    yield _explained(found[0])
    yield _between(task, found[0])
    yield _quality(rows, performance[task.name])
    yield _extremes(task, rows)
    yield from _left_out(task, found)
    yield _undefined(task, rows)


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
    models, others = counted(len(performance), "model"), performance.loc[~control, "accuracy"]
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
    reasons = ", ".join(
        f"{'once' if count == 1 else f'{count} times'} {reason}" for reason, count in counts.items()
    )
    total = f"Undefined cells, of a model and an item: {len(gone)} of {len(cells)}."
    return f"{total} {reasons}".rstrip()


def _named(values: pd.Series, task: TaskDescription) -> str:
    """Print values of the outcome, of a logarithm what it is the logarithm of."""
    drawn = values.map(math.exp) if task.outcome.drawn else values
    return ", ".join(
        f"{task.item_titles.get(str(item), item)} {value:.2f}" for item, value in drawn.items()
    )
