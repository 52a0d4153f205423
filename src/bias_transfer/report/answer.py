"""The study's answer in words, every number of which stands in a table."""

import itertools
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bias_transfer.analysis.cells import Cells, left_out
from bias_transfer.analysis.description import ABSENT, OPEN, TaskDescription
from bias_transfer.analysis.evidence import (
    BETWEEN_TEMPLATES,
    SEEDS,
    TEST_ROWS,
    WITHIN_TEMPLATES,
    Evidence,
    why_unknown,
)
from bias_transfer.analysis.means import item_means, unmodified
from bias_transfer.analysis.observations import principally_adapted
from bias_transfer.analysis.tables import why_missing
from bias_transfer.analysis.verdict import LEAST_RELIABILITY, Verdict, word
from bias_transfer.errors import counted
from bias_transfer.report.remaining import least_left
from bias_transfer.report.scale import drawn
from bias_transfer.report.sheet import begun, continued, count, minus, rounded
from bias_transfer.section import Section

_QUESTION = "Does bias survive fine-tuning, or does it come from the data?"
_BIASES = {"model": "pre-trained model's bias", "data": "fine-tuning data's bias"}
# How verdicts end that find something, but too little.
_LITTLE = ", but less than matters"
# What is asked of a bias, by whether interventions moved it.
_ASKED = {"within": "transfers", "between": "goes with downstream bias"}
# Over what the reliability is that a verdict on the model asks for, by the question.
_TEMPLATES = {"within": WITHIN_TEMPLATES, "between": BETWEEN_TEMPLATES}
_RELIABILITIES = {
    ("upstream", BETWEEN_TEMPLATES): "upstream bias over templates",
    ("upstream", WITHIN_TEMPLATES): (
        "the changes in upstream bias that interventions made, over templates"
    ),
    ("downstream", SEEDS): "downstream bias over fine-tuning seeds",
    ("downstream", TEST_ROWS): "downstream bias over test rows",
}
# With a smaller effective number of clusters, intervals leave zero out in up to 12 % of simulated
# studies in which there is nothing to find.
_FEW_CLUSTERS = 4
# Items that are named at either end of downstream bias.
_NAMED = 3
_UNRELIABLE = (
    " What is too unreliable for a verdict is no finding below either, whatever its interval."
)
_INTERVALS = " (95 % intervals from the counts of test rows, {})"


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
    """What the principal way of fine-tuning shows, and of which others the opposite is found."""
    quantities: str
    """What its biases are, in a sentence each."""
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
    warnings: tuple[str, ...]
    """What was warned of while the study was made, a sentence each."""
    tasks: tuple[TaskAnswer, ...]
    """In the order of the study."""


def answer(
    note: str,
    warnings: Sequence[str],
    tasks: Sequence[TaskDescription],
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
    remaining: Mapping[str, pd.DataFrame],
) -> Answer:
    """Put the answer into words: a sentence a task, then what it rests on.

    Parameters
    ----------
    note
        What the text is, generated or not.
    warnings
        What was warned of while the study was made.
    tasks
        The study's tasks, in the order of their sections.
    observations, performance
        By task: the observation table and each model's accuracy, of all adaptations.
    evidence
        By task: what each adaptation shows, the principal one first.
    remaining
        By task: what remains of the unmodified model's bias, as `analysis.remaining` tells.
    """
    return Answer(
        question=_QUESTION,
        note=note,
        how_to_read=_how_to_read(evidence[tasks[0].name][0].smallest_effect),
        warnings=tuple(warnings),
        tasks=tuple(
            TaskAnswer(
                name=task.name,
                title=task.title,
                sentence=(
                    *_sentence(task, observations[task.name], evidence[task.name][0]),
                    *_otherwise(task, evidence[task.name]),
                ),
                quantities=_quantities(task),
                lines=tuple(_lines(task, observations, performance, evidence, remaining)),
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
            *_warned(of.warnings),
        ]
    )
    sections = (
        "\n".join(
            [f"## {task.title}", "", task.quantities, "", *(f"- {line}" for line in task.lines), ""]
        )
        for task in of.tasks
    )
    return "\n".join([f"{head}\n", *sections])


def _warned(warnings: Sequence[str]) -> Iterator[str]:
    if warnings:
        yield "Warned of while the study was made:"
        yield "\n".join(f"- {each}" for each in warnings)


def _sentence(task: TaskDescription, observations: pd.DataFrame, of: Evidence) -> Iterator[Phrase]:
    """Say in plain words what one adaptation shows of the model's bias and of the data's."""
    said = {each.source: each for each in of.verdicts}
    yield Phrase(text=f"{dict(task.adaptations)[of.adaptation]}: ")
    yield from _said(f"the {_BIASES['model']}", said["model"], of.smallest_effect)
    yield Phrase(text="; ")
    yield from _said(f"the {_BIASES['data']}", said["data"], of.smallest_effect)
    yield Phrase(text=".")
    unheard = _unheard(observations, of)
    if unheard:
        yield Phrase(text=f" Nothing is said of {_and(unheard)}, of which no item is in a slope.")


def _otherwise(task: TaskDescription, found: Sequence[Evidence]) -> Iterator[Phrase]:
    """Name the other ways of fine-tuning under which a source is found to do something else."""
    principal = {each.source: each for each in found[0].verdicts if each.word not in OPEN}
    others: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for of in found[1:]:
        way = dict(task.adaptations)[of.adaptation]
        said = tuple(
            (each.source, each.word)
            for each in of.verdicts
            if each.source in principal and _contradicts(each, principal[each.source])
        )
        if said:
            others.setdefault(said, []).append(continued(way))
    for opposed, ways in others.items():
        yield Phrase(text=f" Not so with {_and(ways)}: there the ")
        for place, (source, verdict) in enumerate(opposed):
            yield Phrase(text=f"{' and the ' if place else ''}{_BIASES[source]} ")
            yield Phrase(text=verdict, source=source)
        yield Phrase(text=".")


def _contradicts(other: Verdict, own: Verdict) -> bool:
    """Say whether two verdicts answer one question otherwise: each may be right about its own."""
    little = (each.word in ABSENT or each.word.endswith(_LITTLE) for each in (other, own))
    alike = other.word == own.word or all(little)
    return other.effects == own.effects and not alike and other.word not in OPEN


def _unheard(observations: pd.DataFrame, of: Evidence) -> list[str]:
    """Return the groups of which no item is in a slope, where others are."""
    rows = observations[observations["adaptation"] == of.adaptation]
    if "group" not in rows or of.cells.table.empty:
        return []
    there = set(of.cells.table["group"])
    return [group for group in dict.fromkeys(map(str, rows["group"])) if group not in there]


def _quantities(task: TaskDescription) -> str:
    """Say what the task's biases are."""
    data = task.covariates[0]
    of = (
        ("Downstream bias", task.outcome.title, task.outcome),
        ("The model's bias", task.before.axis, task.before),
        ("The data's bias", data.axis, data),
    )
    return " ".join(
        f"{name}: {words}{f'; {each.neutral_text}' if each.neutral_text else ''}."
        for name, words, each in of
    )


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _joined(phrases: Iterable[Phrase]) -> str:
    return "".join(phrase.text for phrase in phrases)


def _said(bias: str, of: Verdict, smallest_effect: float) -> Iterator[Phrase]:
    """Say what a verdict says of a bias, with its numbers."""
    if of.word == "not estimated":
        yield Phrase(text=f"whether {bias} {_ASKED[of.effects]} is ")
        yield Phrase(text="not estimated", source=of.source)
        yield Phrase(text=f" ({of.reason})")
        return
    numbers = f"{_signed(of.standardised)}, {_interval(of.low, of.high, smallest_effect)}"
    if of.word != "undecided":
        yield Phrase(text=f"{bias} ")
        yield Phrase(text=of.word, source=of.source)
        yield Phrase(text=f" ({numbers})")
        return
    seen = f"this study would have found {of.smallest_detectable:.2f} with a power of 80 %"
    why = minus(of.reason) or seen
    yield Phrase(text=f"whether {bias} {_ASKED[of.effects]} is ")
    yield Phrase(text="undecided", source=of.source)
    yield Phrase(text=f" ({numbers}; {why})")


def _how_to_read(smallest_effect: float) -> str:
    return (
        "The numbers are slopes: by how many standard deviations downstream bias moves when its "
        "source moves by one, both over the items of the unmodified model. *Transfers* and *does "
        "not transfer* rest on interventions, which changed the source in some items more than in "
        "others. Where none did, it can only be said whether the two *go* together. A slope within "
        f"±{smallest_effect:g} is too little to matter (`analysis.smallest_effect`); *undecided* "
        "means that this study cannot tell."
    )


def _interval(low: float, high: float, smallest_effect: float = math.nan) -> str:
    """Print an interval, with as many digits as it takes not to look like another verdict's."""
    # Both questions tell intervals apart alike.
    of = word(low, high, smallest_effect, "within")
    digits = next(
        (n for n in (2, 3) if word(round(low, n), round(high, n), smallest_effect, "within") == of),
        4,
    )
    return f"95 % interval {_signed(low, digits)} to {_signed(high, digits)}"


def _lines(
    task: TaskDescription,
    observations: Mapping[str, pd.DataFrame],
    performance: Mapping[str, pd.DataFrame],
    evidence: Mapping[str, Sequence[Evidence]],
    remaining: Mapping[str, pd.DataFrame],
) -> Iterator[str]:
    """Say what a task's sentence rests on."""
    of_all, found = observations[task.name], evidence[task.name]
    rows = principally_adapted(of_all, task)
    yield from (_joined(_sentence(task, of_all, of)) for of in found[1:])
    yield from map(begun, least_left(remaining[task.name], task))
    yield from (_of(task, of.adaptation, line) for of in found for line in _of_few(task, of))
    yield from (_of(task, of.adaptation, line) for of in found for line in _over_seeds(of))
    yield from _seeds(task, found)
    principal = (
        _reliability(found[0]),
        _explained(found[0]),
        _between(task, found[0]),
        *_ends(task, rows, performance[task.name], found[0].cells),
    )
    yield from (_of(task, found[0].adaptation, line) for line in principal)
    for of in found:
        adapted = of_all[of_all["adaptation"] == of.adaptation]
        yield _of(task, of.adaptation, _quality(adapted, performance[task.name]))
    yield from _left_out(task, of_all, found)
    yield _of(task, found[0].adaptation, _without_outcome(task, rows))


def _of(task: TaskDescription, adaptation: str, line: str) -> str:
    """Say which way of fine-tuning a line is of, where there are several."""
    return (
        f"{dict(task.adaptations)[adaptation]}: {line}"
        if len(task.adaptations) > 1
        else begun(line)
    )


def _slopes(of: Evidence) -> Mapping[Hashable, Mapping[Hashable, Any]]:
    """Return the rows of the slopes, by source and question."""
    return of.slopes.set_index(["source", "effects"]).to_dict("index")


def _of_few(task: TaskDescription, of: Evidence) -> Iterator[str]:
    """Say which verdict rests on a slope that a few items decide: its interval is too narrow."""
    rows = _slopes(of)
    for each in of.verdicts:
        effective = rows[each.source, each.effects]["effective_clusters"]
        if each.word not in OPEN and effective < _FEW_CLUSTERS:
            yield (
                f"few {task.items} decide the slope on the {each.source}'s bias, as "
                f"{effective:.1f} of equal weight would: the interval of such a slope leaves zero "
                "out in up to 12 % of simulated studies in which there is nothing to find, not in "
                "5 %."
            )


def _over_seeds(of: Evidence) -> Iterator[str]:
    """Say which verdict does not stand with fine-tuning seeds resampled beside the items.

    Its own interval takes the items for drawn, and the models as they came out. Where no variant
    that moves the source was trained with every seed, the draws do so too.
    """
    seeds = of.cells.table["seed"].nunique()
    repeated = _repeated(of)
    moves = {"model": repeated["checkpoint"], "data": repeated["dataset"]}
    rows = _slopes(of)
    for each in of.verdicts:
        if each.word in OPEN:
            continue
        if each.effects == "within" and not repeated.loc[moves[each.source], "every"].any():
            continue
        low, high = (rows[each.source, each.effects][f"bootstrap_{end}"] for end in ("low", "high"))
        found = word(low, high, of.smallest_effect, each.effects)
        if math.isfinite(low) and found != each.word:
            by_it = (
                f"which leaves undecided whether it {_ASKED[each.effects]}"
                if found == "undecided"
                else f"by which it {found}"
            )
            yield (
                f"resampled over the {seeds} fine-tuning seeds beside the items, the "
                f"{each.source}'s bias has a {_interval(low, high, of.smallest_effect)}, {by_it}."
            )


def _repeated(of: Evidence) -> pd.DataFrame:
    """Return the variants in the slopes, what each has altered, and whether seeds tell of it.

    Columns `checkpoint` and `dataset`, whether these are altered ones, and `every`, whether it was
    trained with every seed of the study, which is more than one.
    """
    table = of.cells.table
    rows = table.drop_duplicates("variant").set_index("variant")
    unmodified = rows[rows["unmodified"]]
    seeds = table.groupby("variant")["seed"].nunique()
    return pd.DataFrame(
        {
            "checkpoint": ~rows["checkpoint"].isin(unmodified["checkpoint"]),
            "dataset": ~rows["dataset"].isin(unmodified["dataset"]),
            "every": (seeds == table["seed"].nunique()) & (seeds > 1),
        }
    )


def _seeds(task: TaskDescription, found: Sequence[Evidence]) -> Iterator[str]:
    """Say of how many variants it is not known what another fine-tuning seed would change."""
    counts = {of.adaptation: (~_repeated(of)["every"]) for of in found}
    alone = {way: f"{each.sum()} of {len(each)}" for way, each in counts.items() if each.any()}
    if alone:
        ways = dict(task.adaptations)
        several = len(ways) > 1
        told = (
            f"{continued(ways[way])} {said}" if several else said for way, said in alone.items()
        )
        yield (
            "Variants in the slopes whose training was not repeated with each fine-tuning seed, so "
            f"that no interval holds what another seed would change: {', '.join(told)}."
        )


def _reliability(of: Evidence) -> str:
    """Say how reliable the measures are, as far as it was measured, and why it was not."""
    rows = of.reliability.set_index(["measure", "over"]).to_dict("index")
    over_seeds = math.isfinite(rows["downstream", SEEDS]["value"])
    asked = {
        *(("upstream", _TEMPLATES[each.effects]) for each in of.verdicts if each.source == "model"),
        ("downstream", SEEDS if over_seeds else TEST_ROWS),
    }
    known, unknown = [], []
    for key, name in _RELIABILITIES.items():
        value, items, times = (rows[key][column] for column in ("value", "items", "replicates"))
        if math.isfinite(value):
            least = f" (a verdict needs {LEAST_RELIABILITY:g})" if key in asked else ""
            known.append(f"of {name} {minus(f'{value:.2f}')}{least}")
        else:
            unknown.append(f"not known of {name} ({why_unknown(key[1], items, times)})")
    too_low = any(rows[key]["value"] < LEAST_RELIABILITY for key in asked)
    return (
        "reliability (1: the same again; 0 or less: nothing in common): "
        f"{'; '.join(known + unknown)}.{_UNRELIABLE if too_low else ''}"
    )


def _explained(of: Evidence) -> str:
    """Say which share of downstream bias's variance over items each source explains."""
    rows = of.explained.set_index("source").to_dict("index")
    reasons = {source: rows[source]["reason"] for source in ("model", "data")}
    if all(reasons.values()):
        return (
            "how much of the variance of downstream bias each source explains is not estimated "
            f"({reasons['model']})."
        )
    model, data = (
        f"share is not estimated ({reason})" if reason else f"bias goes with {_share(rows[source])}"
        for source, reason in reasons.items()
    )
    return (
        f"of the variance of downstream bias over items, the model's {model} and the data's {data}."
    )


def _share(row: Mapping[Hashable, Any]) -> str:
    """Write a share, its interval, and how much of it chance would give: it is never negative."""
    chance = f"by chance {100 * row['by_chance']:.0f} %"
    if math.isfinite(row["low"]):
        ends = f"{100 * row['low']:.0f} % to {100 * row['high']:.0f} %"
        chance = f"95 % interval {ends}; {chance}"
    return f"{100 * row['share']:.0f} % ({chance})"


def _between(task: TaskDescription, of: Evidence) -> str:
    """Say which items go together, where the verdict rests on what interventions changed."""
    between = of.slopes[of.slopes["effects"] == "between"]
    rows = between.set_index("source").to_dict("index")
    said = []
    for source, quantity in (("model", task.before), ("data", task.covariates[0])):
        row = rows[source]
        if row["reason"]:
            said.append(f"on {quantity.title} is not estimated ({row['reason']})")
            continue
        numbers = f"{_signed(row['standardised'])}, {_interval(row['low'], row['high'])}"
        said.append(f"on {quantity.title} is {numbers}")
    return f"between {task.items}, the slope of {task.outcome.title} {'; that '.join(said)}."


def _left_out(
    task: TaskDescription, observations: pd.DataFrame, found: Sequence[Evidence]
) -> Iterator[str]:
    """Say which models, cells and items the slopes leave out, and why."""
    every = observations[task.item].nunique()
    for of in found:
        counts = ", ".join(f"{number} {reason}" for reason, number in of.cells.left_out.items())
        if counts:
            yield _of(task, of.adaptation, f"models that the slopes leave out: {counts}.")
        if of.cells.undefined:
            yield _of(task, of.adaptation, _undefined(task, of.cells, every))
    if task.outcome.logarithm and any(
        of.cells.learnt and _has_zero_rates(task, observations, of) for of in found
    ):
        yield (
            f"Cells without {task.outcome.title} are no random ones: where a rate is zero, they "
            "are among the most biased, and without them a slope may come out too small."
        )
    # The test part, and so how many rows a rate rests on, is the same for all ways of fine-tuning.
    scarce = dict.fromkeys(item for of in found for item in of.cells.scarce)
    if scarce:
        named = ", ".join(task.item_titles.get(item, item) for item in scarce)
        are, their = ("is", "its") if len(scarce) == 1 else ("are", "their")
        yield (
            f"{len(scarce)} of {every} {task.items} {are} in no slope, since {their} "
            f"{task.outcome.title} is of fewer than "
            f"{counted(found[0].fewest_test_rows, 'test row')}: {named}."
        )


def _has_zero_rates(task: TaskDescription, observations: pd.DataFrame, of: Evidence) -> bool:
    """Tell whether some cell that the slopes leave out has test rows, and so a rate of zero."""
    rows = observations[observations["adaptation"] == of.adaptation]
    seen = rows[task.outcome.test_rows] > 0 if task.outcome.test_rows in rows else True
    return bool((rows[task.outcome.column].isna() & seen).any())


def _undefined(task: TaskDescription, of: Cells, every: int) -> str:
    """Count the cells that the slopes leave out by what they lack, and the items that remain."""
    lacking = {
        task.outcome.title: of.without_outcome,
        "the model's bias or a number of what the data hold of the item": (
            of.undefined - of.without_outcome
        ),
    }
    known = {what: number for what, number in lacking.items() if number}
    several = len(known) > 1
    why = (f"{f', {number}' if several else ''} without {what}" for what, number in known.items())
    cells = f"{counted(of.undefined, 'cell')} (a model and an item){''.join(why)}"
    items = of.table["item"].nunique()
    remain = "remains" if items == 1 else "remain"
    return f"the slopes leave out {cells}; {items} of {every} {task.items} {remain}."


def _signed(value: float, digits: int = 2) -> str:
    # Adding zero takes the sign off a zero.
    return minus(f"{round(value, digits) + 0.0:+.{digits}f}")


def _quality(observations: pd.DataFrame, performance: pd.DataFrame) -> str:
    """Say how well the models of some observations learnt the task."""
    performance = performance[performance["model"].isin(observations["model"])]
    control = performance["model"].isin(observations.loc[unmodified(observations), "model"])
    plural = "s" if (~control).sum() > 1 else ""
    said = [
        f"{_range(rows['accuracy'])} ({whose})"
        for rows, whose in (
            (performance[control], "unmodified model"),
            (performance[~control], f"{'the other' if control.any() else 'altered model'}{plural}"),
        )
        if not rows.empty
    ]
    quality = (performance[control] if control.any() else performance).mean(numeric_only=True)
    models = counted(len(performance), "model")
    if not said:
        return f"{models}."
    return (
        f"{models}; accuracy {', '.join(said)}, on {count(round(quality['test_rows']))} test "
        f"rows (majority class {quality['majority_accuracy']:.3f})."
    )


def _range(values: pd.Series) -> str:
    """Write the least and the greatest of some values, once where they are printed alike."""
    return " to ".join(dict.fromkeys(f"{value:.3f}" for value in (values.min(), values.max())))


def _ends(
    task: TaskDescription, observations: pd.DataFrame, performance: pd.DataFrame, of: Cells
) -> Iterator[str]:
    """Say which items are at both ends, and which are at none since they have no number.

    These may be the worst treated: of nobody recognised there is no logarithm. How a model that did
    not learn the task treats them is no bias.
    """
    known = ~observations["model"].isin(left_out(observations, performance, task))
    control = observations[unmodified(observations) & known]
    if not of.learnt or control.empty:
        return
    if control[task.outcome.column].isna().all():
        yield f"{task.outcome.title} is not defined for any item of the unmodified model."
        return
    rows = control[~control[task.item].isin(of.scarce)]
    has = rows.loc[rows[task.outcome.column].notna(), task.item]
    if has.empty:
        return
    yield _extremes(task, rows)
    gone = rows[~rows[task.item].isin(has)].drop_duplicates(task.item)
    if gone.empty:
        return
    names: dict[str, list[str]] = {}
    for item, reason in zip(gone[task.item], why_missing(gone, task.outcome, task), strict=True):
        names.setdefault(reason, []).append(task.item_titles.get(str(item), str(item)))
    said = "; ".join(f"{', '.join(items)} ({reason})" for reason, items in names.items())
    yield f"at neither end, since the unmodified model has no such number: {said}."


def _extremes(task: TaskDescription, control: pd.DataFrame) -> str:
    """Name the items at both ends of downstream bias, of which the unmodified model has some."""
    own = item_means(control, task)
    values = own[(own["measure"] == task.outcome.column) & (own["twin_of"] == "")]
    by_item = values.dropna(subset="value").sort_values(["value", "item"], kind="stable")
    name = task.outcome.drawn or task.outcome.title
    printed = [_printed(task, row) for row in by_item.to_dict("records")]
    if len({each.value for each in printed}) == 1:
        alike = printed[0]
        whole = f"all {len(printed)} {task.items}" if len(printed) > 1 else alike.item
        return f"{name} is {alike.value} for {whole}."
    # Of fewer, some would be at both ends.
    if len(printed) < 2 * _NAMED:
        told = f"{name}, from the lowest: {_listed(printed)}"
    else:
        told = f"lowest {name}: {_end(printed, task)}; highest: {_end(printed[::-1], task)}"
    # Which are outermost is chance too, where the intervals are long.
    known = any(each.interval for each in printed)
    way = "Wilson's" if task.outcome.proportion else "by a normal approximation"
    return f"{told}{_INTERVALS.format(way) if known else ''}."


class _Printed(NamedTuple):
    """An item's downstream bias, as it is printed."""

    item: str
    value: str
    interval: str

    @property
    def text(self) -> str:
        return f"{self.item} {self.value}" + (f" ({self.interval})" if self.interval else "")


def _printed(task: TaskDescription, row: Mapping[Hashable, Any]) -> _Printed:
    ends = drawn(task.outcome, np.array([row["value"], row["low"], row["high"]], dtype=float))
    # An end that is not the value of no bias shall not look like it.
    hidden = any(round(each, 2) == task.outcome.neutral != each for each in ends)
    digits = 3 if hidden else 2
    value, low, high = (rounded(each, digits) for each in ends)
    return _Printed(
        item=task.item_titles.get(str(row["item"]), str(row["item"])),
        value=value,
        interval=f"{low} to {high}" if math.isfinite(row["low"]) else "",
    )


def _end(printed: Sequence[_Printed], task: TaskDescription) -> str:
    """Name the first items; where more share their value than are named, say how many do."""
    named: list[_Printed] = []
    for value, found in itertools.groupby(printed, key=lambda each: each.value):
        sharing = list(found)
        if len(named) + len(sharing) > _NAMED:
            if not named:
                return f"{value} for {len(sharing)} of {len(printed)} {task.items}"
            break
        named += sharing
    return _listed(named)


def _listed(printed: Iterable[_Printed]) -> str:
    return ", ".join(each.text for each in printed)


def _without_outcome(task: TaskDescription, observations: pd.DataFrame) -> str:
    """Count the cells for which the outcome does not exist, by reason."""
    cells = observations.drop_duplicates(["model", task.item])
    column = task.outcome.column
    gone = cells[cells[column].isna()] if column in cells else cells
    counts = why_missing(gone, task.outcome, task).value_counts()
    reasons = ", ".join(
        f"{'once' if number == 1 else f'{number} times'} {reason}"
        for reason, number in counts.items()
    )
    number = f"{count(len(gone))} of {count(len(cells))}"
    return (
        f"of all models, cells (a model and an item) without {task.outcome.title}: {number}"
        f"{f' ({reasons})' if reasons else ''}."
    )
