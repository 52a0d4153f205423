"""Model cards: what the folder of a checkpoint says of itself, in the form that the hub reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData

from bias_transfer.analysis.description import Quantity, TaskDescription
from bias_transfer.errors import counted
from bias_transfer.report.sheet import count, decimal

# Beside the weights of a checkpoint with a projection: `models.hidden_debias.FILE`.
PROJECTION = "hidden_debias.safetensors"

_SIGNIFICANT = 6

_USE = (
    "Research on bias: to see which associations a language model holds, and what becomes of them "
    "when a classifier is fine-tuned from it. {never}"
)
_NEVER = {
    "fill-mask": "It was made to hold or to lack such associations, not to serve anybody.",
    "text-classification": "Do not decide about people with it: it treats groups unequally, and by "
    "how much is what it was made to show.",
}
_LIMITS = (
    "Scores hold for the templates and items that the study names, and for no others. A score near "
    "the value of no bias is not evidence that the model is fair.",
    "How sure the study is of what it concludes stands in its `analysis/` tables, not here.",
    "Terms of use are those of the base model and of the text it was trained on; this card adds "
    "none.",
)
_PROJECTED = (
    "`from_pretrained` alone leaves out the projection in `{file}`, which stands between the "
    "encoder and its head, and so loads another model than the one scored here. "
    "`bias_transfer.models.checkpoints.{loader}` loads it whole."
)
_PAPER = """@inproceedings{steed-etal-2022-upstream,
  title = {Upstream Mitigation Is Not All You Need: Testing the Bias Transfer Hypothesis in
           Pre-Trained Language Models},
  author = {Steed, Ryan and Panda, Swetasudha and Kobren, Ari and Wick, Michael},
  booktitle = {Proceedings of the 60th Annual Meeting of the Association for Computational
               Linguistics (Volume 1: Long Papers)},
  year = {2022},
  pages = {3524--3542},
  doi = {10.18653/v1/2022.acl-long.247},
}"""


@dataclass(frozen=True)
class Facts:
    """What a card tells of a checkpoint besides its scores.

    Attributes
    ----------
    name
        Its place in the study, below the folder of its stage.
    hub
        Id of the checkpoint of the hub that the study began with; empty if it was none of the hub.
    made
        How it was made: rows of a name and a value, in words.
    tags
        Words to find it by.
    note
        Where the study's text comes from, in a sentence.
    projected
        Whether a projection lies beside its weights: see `PROJECTION`.
    """

    name: str
    hub: str
    made: Sequence[tuple[str, str]]
    tags: Sequence[str]
    note: str
    projected: bool = False


@dataclass(frozen=True)
class Summary:
    """A bias score over the items of a task.

    Attributes
    ----------
    task
        The task's title.
    quantity
        What is summarised.
    mean, deviation
        Mean and standard deviation (of n − 1) over the items at which it is defined, each a mean
        over templates; unit of the column. Not a number where there is no item, or only one.
    lowest, highest
        The items at the ends, as they are printed; empty where there is none.
    items, undefined
        How many items it is defined at, and at how many not.
    """

    task: str
    quantity: Quantity
    mean: float
    deviation: float
    lowest: str
    highest: str
    items: int
    undefined: int


def summarise(
    table: pd.DataFrame, task: TaskDescription, quantities: Iterable[Quantity]
) -> list[Summary]:
    """Summarise the columns of one model over items.

    Parameters
    ----------
    table
        One row an item, or an item × template; the task's item column and the quantities'.
    task
        Which task's.
    quantities
        Which columns; those that the table lacks are left out.
    """
    found = []
    for each in (quantity for quantity in quantities if quantity.column in table):
        by_item = table.groupby(task.item, sort=False)[each.column].mean()
        known = by_item.dropna()
        counts = (
            table.groupby(task.item, sort=False)[each.test_rows].first()
            if each.test_rows in table
            else pd.Series(dtype=float)
        )
        lowest, highest = (_end(known, end, counts, task) for end in (known.min(), known.max()))
        found.append(
            Summary(
                task=task.title,
                quantity=each,
                mean=float(known.mean()),
                deviation=float(known.std()),
                lowest=lowest,
                highest=highest,
                items=len(known),
                undefined=len(by_item) - len(known),
            )
        )
    return found


def _end(known: pd.Series, end: float, test_rows: pd.Series, task: TaskDescription) -> str:
    """Print the items at one end and their value; of one alone, the test rows that it rests on."""
    items = [str(item) for item in known.index[known == end]]
    if not items:
        return ""
    told = f"{task.item_titles[items[0]]} {decimal(end)}"
    if len(items) > 1:
        return f"{told} and {len(items) - 1} more"
    rows = test_rows.get(items[0])
    return told if rows is None else f"{told} ({counted(int(rows), 'test row')})"


def checkpoint_card(facts: Facts, scores: Sequence[tuple[TaskDescription, Summary]]) -> str:
    """Return the card of a masked language model.

    Parameters
    ----------
    facts
        What it is.
    scores
        Its intrinsic bias, each with its task.
    """
    results = [
        result
        for task, summary in scores
        for result in _results(task, summary, "fill-mask", f"{task.title} templates")
    ]
    body = [
        "A masked language model of a study of whether bias in a pre-trained model survives "
        "fine-tuning.",
        _table(("", ""), facts.made),
        "## Load it",
        _code(
            "python",
            "from transformers import pipeline",
            "",
            'fill = pipeline("fill-mask", model="FOLDER")',
            'fill(f"This is a {fill.tokenizer.mask_token}.")',
        ),
        *_projected(facts, "load_masked_lm"),
        "## Intrinsic bias",
        "Before fine-tuning; means over the items of a task, each a mean over its templates.",
        _scores([summary for _, summary in scores]),
    ]
    return _card(facts, "fill-mask", results, body)


def classifier_card(
    facts: Facts,
    task: TaskDescription,
    performance: Mapping[str, float],
    rates: pd.DataFrame,
    preparation: str,
) -> str:
    """Return the card of a fine-tuned classifier.

    Parameters
    ----------
    facts
        What it is.
    task
        Its task.
    performance
        Its row of `performance.csv`, as numbers by column.
    rates
        Its rows of `rates.csv`, one an item.
    preparation
        What was done to the texts that it learned from, in a sentence; empty for nothing.
    """
    summaries = summarise(rates, task, task.outcomes)
    on_test = f"{task.title} test part"
    results = [
        _result(task, "text-classification", on_test, column, column.replace("_", " "), value)
        for column, value in performance.items()
        if column in ("accuracy", "macro_f1")
    ]
    for summary in summaries:
        results += _results(task, summary, "text-classification", on_test)
    body = [
        f"A classifier of {task.title}, fine-tuned in a study of whether bias in a pre-trained "
        "model survives fine-tuning.",
        _table(("", ""), facts.made),
        "## Load it",
        _code(
            "python",
            "from transformers import pipeline",
            "",
            'classify = pipeline("text-classification", model="FOLDER")',
            'classify("A text.")',
        ),
        "Its labels are the task's own names. Whatever fine-tuning trained, all weights are in the "
        "folder: low-rank adapters are merged into them, so that no other library is needed.",
        *([preparation] if preparation else []),
        *_projected(facts, "load_classifier"),
        "## How well it does",
        f"On {count(int(performance['test_rows']))} test rows.",
        _table(
            ("measure", "value"),
            [
                (column.replace("_", " "), decimal(value))
                for column, value in performance.items()
                if column != "test_rows"
            ],
        ),
        "## Extrinsic bias",
        _scores(summaries),
        _by_item(task, rates),
    ]
    return _card(facts, "text-classification", results, body)


def _card(facts: Facts, pipeline: str, results: list[EvalResult], body: Iterable[str]) -> str:
    data = ModelCardData(
        model_name=facts.name,
        base_model=facts.hub or None,
        library_name="transformers",
        pipeline_tag=pipeline,
        tags=["bias", "fairness", "bias-transfer", *facts.tags],
        eval_results=results or None,
    )
    limits = "\n".join(f"- {each}" for each in _LIMITS)
    parts = [
        f"# {facts.name}",
        f"> {facts.note}",
        *body,
        "## Intended use",
        _USE.format(never=_NEVER[pipeline]),
        "## Limits",
        limits,
        "## Where it came from",
        "Every step, with settings, seeds, library versions and digests, from the study's folder:",
        _code("sh", "bias-transfer lineage FOLDER/manifest.json"),
        "After the design of:",
        _code("bibtex", _PAPER),
    ]
    text = "\n\n".join(parts)
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}\n")
    return str(card)


def _projected(facts: Facts, loader: str) -> list[str]:
    return [_PROJECTED.format(file=PROJECTION, loader=loader)] if facts.projected else []


def _results(
    task: TaskDescription, summary: Summary, pipeline: str, data: str
) -> Iterable[EvalResult]:
    """Return what the metadata tell of a score, as far as it is a number."""
    quantity = summary.quantity
    if summary.items:
        title = f"{quantity.title}, mean over {task.items}"
        yield _result(task, pipeline, data, quantity.column, title, summary.mean)
    if summary.items > 1:
        title = f"{quantity.title}, standard deviation over {task.items}"
        yield _result(task, pipeline, data, f"{quantity.column}_sd", title, summary.deviation)


def _result(
    task: TaskDescription, pipeline: str, data: str, metric: str, title: str, value: float
) -> EvalResult:
    return EvalResult(
        task_type=pipeline,
        dataset_type=task.name,
        dataset_name=data,
        metric_type=metric,
        metric_name=title,
        metric_value=float(f"{value:.{_SIGNIFICANT}g}"),
    )


def _scores(summaries: Sequence[Summary]) -> str:
    if not summaries:
        return "Not scored in this study."
    heads = ("task", "score", "mean", "SD", "lowest", "highest", "items", "undefined", "no bias")
    rows = [
        (
            each.task,
            f"{each.quantity.title} (`{each.quantity.column}`)",
            decimal(each.mean),
            decimal(each.deviation),
            each.lowest,
            each.highest,
            count(each.items),
            count(each.undefined),
            _neutral(each.quantity),
        )
        for each in summaries
    ]
    return _table(heads, rows)


def _neutral(quantity: Quantity) -> str:
    """Return the column's value that means no bias; the description has that of what is drawn."""
    if quantity.neutral is None:
        return "none means that"
    return "0" if quantity.logarithm else f"{quantity.neutral:g}"


def _by_item(task: TaskDescription, rates: pd.DataFrame) -> str:
    quantities = [each for each in task.outcomes if each.column in rates]
    rows = [
        (task.item_titles[row[task.item]], *(decimal(row[each.column]) for each in quantities))
        for row in rates.to_dict("records")
    ]
    return _table((task.item.replace("_", " "), *(f"`{each.column}`" for each in quantities)), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def _code(language: str, *lines: str) -> str:
    return "\n".join((f"```{language}", *lines, "```"))
