"""Commands that put a model card into the folder of a checkpoint."""

from collections.abc import Iterable, Mapping
from typing import Any

from bias_transfer.analysis.description import task_description
from bias_transfer.report.cards import (
    PROJECTION,
    Facts,
    checkpoint_card,
    classifier_card,
    summarise,
)
from bias_transfer.runtime.artifacts import read_json, read_table, write_text
from bias_transfer.runtime.job import Job

# Performance comes as text in the column that names the model, and as numbers in the others.
_MODEL = "model"


def describe_checkpoint(job: Job) -> None:
    """Write the card of an upstream checkpoint, with its scores before fine-tuning."""
    settings = job.settings
    scores = []
    for task in map(task_description, settings["tasks"]):
        table = read_table(job.input(f"intrinsic_{task.name}"), [task.item])
        own = table[table["upstream"] == settings["upstream"]]
        scores += [(task, summary) for summary in summarise(own, task, task.measures)]
    corpus = [("Text", settings["corpus"])] if settings["corpus"] else []
    facts = _facts(job, settings["upstream"], corpus)
    write_text(job.output("card"), checkpoint_card(facts, scores))


def describe_classifier(job: Job) -> None:
    """Write the card of a fine-tuned classifier, with its performance and its rates."""
    settings = job.settings
    task = task_description(settings["description"])
    performance = read_table(job.input("performance"))
    rates = read_table(job.input("rates"), [task.item])
    (row,) = performance[performance[_MODEL] == settings["model"]].to_dict("records")
    facts = _facts(
        job,
        f"{task.name}/{settings['model']}",
        [
            ("Task", task.title),
            ("Training set altered by", settings["dataset"]),
            ("Fine-tuning", settings["adaptation"]),
            ("Training", _listed(settings["training"])),
            ("Seed of the grid", str(settings["seed"])),
        ],
    )
    card = classifier_card(
        facts,
        task,
        {str(name): float(value) for name, value in row.items() if name != _MODEL},
        rates[rates[_MODEL] == settings["model"]],
        _preparation(settings["scrubbed"]),
    )
    write_text(job.output("card"), card)


def _facts(job: Job, name: str, more: Iterable[tuple[str, str]]) -> Facts:
    settings = job.settings
    own, pretrained = (read_json(job.input(each)) for each in ("folder", "pretrained"))
    made = [
        ("Base model", _base(settings["base"], pretrained)),
        ("Checkpoint altered by", settings["altered"]),
        *([("With", _listed(settings["settings"]))] if settings["settings"] else []),
        *more,
        ("Random seed", str(own["seed"])),
        ("Libraries", _listed(own["libraries"])),
    ]
    return Facts(
        name=name,
        # A folder may stand in place of an id, and has no commit.
        hub=pretrained["hub"] if pretrained.get("commit") else "",
        made=made,
        tags=settings["tags"],
        note=settings["note"],
        projected=PROJECTION in own["files"],
    )


def _base(source: str, pretrained: Mapping[str, Any]) -> str:
    if pretrained.get("commit"):
        return f"{pretrained['hub']}, commit {pretrained['commit']}"
    # A path tells of somebody's machine, and nothing of the model.
    made_here = "none: pre-trained from nothing in the study"
    return made_here if source == "generated" else "a checkpoint of the user's"


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_worded(value)}" for name, value in values.items())


def _worded(value: Any) -> str:
    """Return a setting without JSON's brackets: (epochs 2, …) for a section, she/he for a pair."""
    if isinstance(value, Mapping):
        return f"({_listed(value)})"
    if isinstance(value, list):
        inner = any(isinstance(each, list) for each in value)
        return (", " if inner else "/").join(map(_worded, value))
    return str(value)


def _preparation(words: Iterable[str]) -> str:
    quoted = ", ".join(f"`{word}`" for word in words)
    said = "The texts that it learned from have `_` in place of these words; give it such:"
    return f"{said} {quoted}." if quoted else ""
