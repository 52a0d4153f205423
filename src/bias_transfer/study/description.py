"""What the analysis, the tables and the figures are told of a study: plain values, no plug-in."""

from collections.abc import Iterable

from bias_transfer import alterations, upstream
from bias_transfer.adaptations import adaptation
from bias_transfer.analysis.description import Intervention, TaskDescription
from bias_transfer.measures import measure
from bias_transfer.study.config import Study
from bias_transfer.study.grid import Model, models_of
from bias_transfer.tasks import Definition


def describe(study: Study, task: str) -> TaskDescription:
    """Describe a task and the interventions that the study makes for it."""
    section, definition, kind = study.tasks[task], study.definition(task), study.kind(task)
    made = models_of(study, task)
    outcomes = kind.outcomes(definition)
    covariates = kind.covariate_quantities(definition)
    return TaskDescription(
        name=task,
        title=section.title,
        kind=section.kind,
        item=definition.item,
        items=kind.items_title(definition),
        item_titles=kind.items(definition),
        templates=tuple(definition.templates),
        measures=tuple(measure(name).quantity(definition) for name in section.measures),
        outcome=outcomes[section.outcome],
        outcomes=tuple(outcomes.values()),
        covariates=tuple(covariates[name] for name in section.covariates),
        contents=kind.contents(definition),
        interventions=(*_upstream(made), *_data(made, definition)),
        adaptations=tuple((name, adaptation(name).title) for name in section.adaptation),
    )


def _upstream(found: Iterable[Model]) -> Iterable[Intervention]:
    kinds = {model.upstream.kind for model in found}
    for name, each in upstream.methods().items():
        if name in kinds:
            yield Intervention(
                side="upstream",
                kind=name,
                title=each.title,
                group=each.group,
                with_unmodified=each.with_unmodified,
                pretrained=each.pretrained,
                instrument=each.instrument,
                levels={"upstream_strength": each.symbol} if each.symbol else {},
            )


def _data(found: Iterable[Model], definition: Definition) -> Iterable[Intervention]:
    used = {model.dataset.kind: model.dataset.alteration for model in found}
    for name, each in alterations.alterations().items():
        kinds = each.kinds(definition) if definition.kind in each.task_kinds else {}
        for kind, described in kinds.items():
            if used.get(kind) == name:
                yield Intervention(
                    side="data",
                    kind=kind,
                    title=described.title,
                    group=each.group,
                    levels=described.levels,
                )


def checkpoint_in_words(variant: upstream.Variant) -> str:
    """Say what was done to a checkpoint: "Gaussian noise (σ = 0.1), trial 3"."""
    if variant == upstream.PRETRAINED:
        return "nothing"
    method = upstream.method(variant.kind)
    strength = "" if variant.strength is None else f" ({method.symbol} = {variant.strength:g})"
    trial = "" if variant.trial is None else f", trial {variant.trial}"
    return f"{method.title}{strength}{trial}"


def dataset_in_words(variant: alterations.Variant, definition: Definition) -> str:
    """Say what was done to a training set: "Dataset re-balancing (α = 1, β = 0)"."""
    if variant == alterations.ORIGINAL:
        return "nothing"
    kind = alterations.alteration(variant.alteration).kinds(definition)[variant.kind]
    levels = [
        f"{symbol or column.replace('_', ' ')} = {variant.levels[column]:g}"
        for column, symbol in kind.levels.items()
        if column in variant.levels
    ]
    return f"{kind.title} ({', '.join(levels)})" if levels else kind.title
