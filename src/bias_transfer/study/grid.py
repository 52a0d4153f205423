"""The grid: which models a study asks for, and what they are called.

A model is one upstream variant × one data-set variant × one adaptation × one seed. The identifiers
are the names of folders, so they hold letters, digits, dots and hyphens only.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bias_transfer import alterations, upstream
from bias_transfer.alterations import ORIGINAL
from bias_transfer.section import Section
from bias_transfer.study.config import Study
from bias_transfer.tasks._section import Training
from bias_transfer.upstream import PRETRAINED


@dataclass(frozen=True)
class Model:
    """One fine-tuned classifier of the grid."""

    task: str
    upstream: upstream.Variant
    dataset: alterations.Variant
    adaptation: str
    seed: int

    @property
    def path(self) -> str:
        """Its place below a stage's folder."""
        return f"{self.task}/{self.id}"

    @property
    def id(self) -> str:
        """Its name within its task."""
        return f"{self.upstream.id}/{self.dataset.id}/{self.adaptation}/seed{self.seed}"


def models(study: Study) -> tuple[Model, ...]:
    """List every model of the study, in the order of the config.

    Altered checkpoints meet the original data, altered data meet the unmodified checkpoint, and
    some of each meet where `crossed` says so: all that under a task's first adaptation. Under each
    further one, the unmodified checkpoint and those of the methods in `adapted` meet the original
    data.
    """
    return tuple(model for task in study.tasks for model in models_of(study, task))


def models_of(study: Study, task: str) -> tuple[Model, ...]:
    """List every model of a task, in the order of the config."""
    return tuple(
        Model(task, checkpoint, dataset, adaptation, seed)
        for checkpoint, dataset, adaptation in _cells(study, task)
        for seed in _seeds(study, task, checkpoint, dataset)
    )


def upstream_variants(study: Study, method: str) -> tuple[upstream.Variant, ...]:
    """List the checkpoints that a method makes."""
    return upstream.method(method).variants(study.method_settings(method))


def altered_datasets(study: Study, task: str, entries: Any) -> tuple[alterations.Variant, ...]:
    """List the altered training sets of a task that `alterations` asks for."""
    definition = study.definition(task)
    return tuple(
        each.variant(entry, definition)
        for name, each in alterations.alterations().items()
        for entry in getattr(entries, name)
    )


def altered_by(study: Study, task: str, dataset: str) -> tuple[str, Section]:
    """Return what makes an altered training set of a task: the alteration and its settings.

    Parameters
    ----------
    study, task
        Which task's.
    dataset
        The data set's id.
    """
    definition, section = study.definition(task), study.tasks[task]
    asked = (section.alterations, *(crossing.alterations for crossing in section.crossed))
    return next(
        (name, entry)
        for entries in asked
        for name, each in alterations.alterations().items()
        for entry in getattr(entries, name)
        if each.variant(entry, definition).id == dataset
    )


def _seeds(
    study: Study, task: str, checkpoint: upstream.Variant, dataset: alterations.Variant
) -> Sequence[int]:
    """Return the seeds that a model is fine-tuned with."""
    methods = study.tasks[task].every_seed
    unmodified = (checkpoint, dataset) == (PRETRAINED, ORIGINAL)
    if methods == "all" or unmodified or (dataset == ORIGINAL and checkpoint.kind in methods):
        return study.seeds
    return study.seeds[:1]


def training_of(study: Study, task: str, adaptation: str) -> Training:
    """Return how a model of a task is trained: keys that an adaptation has as well are its own."""
    own = getattr(study.adaptations, adaptation)
    of_task = study.tasks[task].training.model_dump()
    return Training.model_validate(
        {key: getattr(own, key, value) for key, value in of_task.items()}
    )


def _cells(study: Study, task: str) -> Iterator[tuple[upstream.Variant, alterations.Variant, str]]:
    section = study.tasks[task]
    principal, *further = section.adaptation
    yield from ((*pair, principal) for pair in _pairs(study, task))
    for adaptation in further:
        yield from ((*pair, adaptation) for pair in _unaltered_data(study, section.adapted))


def _pairs(study: Study, task: str) -> Iterator[tuple[upstream.Variant, alterations.Variant]]:
    section = study.tasks[task]
    yield from _unaltered_data(study, section.upstream)
    for dataset in altered_datasets(study, task, section.alterations):
        yield PRETRAINED, dataset
    for crossing in section.crossed:
        yield from itertools.product(
            upstream_variants(study, crossing.upstream)[: crossing.trials],
            altered_datasets(study, task, crossing.alterations),
        )


def _unaltered_data(
    study: Study, methods: Collection[str]
) -> Iterator[tuple[upstream.Variant, alterations.Variant]]:
    """Yield the unmodified checkpoint and those of some methods, in the methods' order."""
    yield PRETRAINED, ORIGINAL
    for method in upstream.methods():
        if method in methods:
            yield from ((variant, ORIGINAL) for variant in upstream_variants(study, method))
