"""Commands that make the upstream checkpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from bias_transfer.data.hub import model_folder, resolve
from bias_transfer.errors import StudyError, first_few
from bias_transfer.measures import measure
from bias_transfer.models.checkpoints import (
    load_masked_lm,
    load_tokenizer,
    require_matching_tokenizer,
    save_masked_lm,
)
from bias_transfer.models.device import prepare_device
from bias_transfer.models.families import Architecture
from bias_transfer.models.folder import MASKED_LM
from bias_transfer.models.pretraining import pretrain
from bias_transfer.models.training import TrainingSettings
from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints
from bias_transfer.seeding import derived_seed
from bias_transfer.tasks import definition_of, kind
from bias_transfer.upstream import PRETRAINED, Request, Trained, Variant, method
from bias_transfer.vocabularies.entries import Term

# What messages call the tokenizer that is trained here.
_TRAINED = "the tokenizer trained on model.corpus"


def prepare_checkpoint(job: Job) -> None:
    """Pre-train the study's checkpoint, or bring in the user's."""
    settings = job.settings
    seed = derived_seed(settings["seed"], "pretraining")
    device = prepare_device(seed, job.gpu_share)
    description: dict[str, Any] = {"kind": "checkpoint", "upstream": PRETRAINED.id, "seed": seed}
    if settings["source"] == "generated":
        options = dict(settings["pretraining"])
        masked_share = options.pop("masked_share")
        with training_checkpoints(job, device) as checkpoints:
            model, tokenizer, curve = pretrain(
                _corpus(job),
                Architecture(**settings["architecture"]),
                TrainingSettings(**options),
                masked_share,
                seed,
                checkpoints,
                device,
                lambda tokenizer: _check_trained(tokenizer, job),
            )
            _publish(job, model, tokenizer, description, curve)
    else:
        name, folder, known = _brought(settings)
        tokenizer = load_tokenizer(folder)
        _check(tokenizer, job, name)
        model = load_masked_lm(folder)
        require_matching_tokenizer(model, tokenizer, name)
        _publish(job, model, tokenizer, description | known)


def alter_checkpoint(job: Job) -> None:
    """Do to a checkpoint what one method does."""
    variant = Variant(**job.settings["variant"])
    plugin = method(variant.kind)
    seed = derived_seed(job.settings["seed"], "upstream", plugin.stream(variant))
    device = prepare_device(seed, job.gpu_share)
    source = verified_folder(job.input("pretrained"))
    model, tokenizer = load_masked_lm(source).to(device), load_tokenizer(source)
    recipe = {"kind": variant.kind, "strength": variant.strength, "trial": variant.trial}
    description = {"kind": "checkpoint", "upstream": variant.id, "recipe": recipe, "seed": seed}
    with training_checkpoints(job, device) as checkpoints:
        request = Request(
            variant=variant,
            settings=plugin.settings.model_validate(job.settings["settings"]),
            seed=seed,
            texts=_corpus(job) if "corpus" in plugin.needs else (),
            terms=_terms(job.settings) if "terms" in plugin.needs else (),
            checkpoints=checkpoints if "training" in plugin.needs else None,
        )
        # Seeded again: loading has used the random numbers.
        torch.manual_seed(seed)
        made = plugin.apply(model, tokenizer, request)
        if isinstance(made, Trained):
            description |= made.description
            _publish(job, made.model, tokenizer, description, made.curve, source)
        else:
            _publish(job, made, tokenizer, description, source=source)


def _check(tokenizer: PreTrainedTokenizerBase, job: Job, name: str) -> None:
    """Refuse a tokenizer that a measure of some task could not score, before anything long."""
    _check_words(tokenizer, job, name)
    _check_titles(tokenizer, job, name)


def _check_trained(tokenizer: PreTrainedTokenizerBase, job: Job) -> None:
    """Refuse a tokenizer that was trained here, saying what of the config makes another."""
    try:
        _check_words(tokenizer, job, _TRAINED)
    except StudyError as error:
        raise StudyError(
            f"{error}: where a template begins with it, so must lines of model.corpus, a sentence "
            "each; else raise model.architecture.vocabulary_size"
        ) from error
    _check_titles(tokenizer, job, _TRAINED)


def _check_words(tokenizer: PreTrainedTokenizerBase, job: Job, name: str) -> None:
    """Refuse a tokenizer that has no token for a word that a measure scores."""
    for task in job.checks.values():
        for each in map(measure, task["measures"]):
            if each.check is not None:
                each.check(tokenizer, definition_of(task["definition"]), name)


def _check_titles(tokenizer: PreTrainedTokenizerBase, job: Job, name: str) -> None:
    """Refuse a tokenizer that knows no label or term of a task, and warn where it lacks some.

    Their upstream bias would be one number, that of the token for what is unknown.
    """
    for key, task in job.checks.items():
        definition = definition_of(task["definition"])
        titles = kind(definition.kind).titles(definition)
        unknown = [title for title in titles if _is_unknown(tokenizer, title)]
        if not unknown:
            continue
        if len(unknown) == len(titles):
            raise StudyError(
                f"{name}: the tokenizer knows {titles[0]!r}, as all {definition.items}, as its "
                "unknown token only, so they have one upstream bias; use other words or a "
                "tokenizer that has seen them"
            )
        job.warn(
            f"{key}: the tokenizer knows {len(unknown)} of the {len(titles)} {definition.items} as "
            "its unknown token only, so their upstream bias is one and says nothing of them: "
            f"{first_few(unknown)}"
        )


def _is_unknown(tokenizer: PreTrainedTokenizerBase, title: str) -> bool:
    """Tell whether a tokenizer has but its unknown token for a title inside a sentence."""
    before = "a "
    encoded = tokenizer(before + title, add_special_tokens=False, return_offsets_mapping=True)
    tokens = {
        token
        for token, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        # The space before a word may be a token of its own.
        if end > len(before) and tokenizer.decode([token]).strip()
    }
    return tokens == {tokenizer.unk_token_id}


def _brought(settings: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Return what messages call the user's checkpoint, its folder, and what is known of it."""
    if settings["source"] == "file":
        return settings["file"]["path"], settings["file"]["path"], {}
    hub = settings["hub"]
    commit = resolve(hub["id"], "model", hub["revision"])
    known = {"hub": hub["id"], "commit": commit}
    return hub["id"], model_folder(hub["id"], commit, MASKED_LM), known


def _corpus(job: Job) -> list[str]:
    folder = verified_folder(job.input("corpus"))
    texts: list[str] = read_table(folder / "corpus.parquet")["text"].tolist()
    return texts


def _terms(settings: Mapping[str, Any]) -> list[list[Term]]:
    return [[Term.model_validate(each) for each in terms] for terms in settings["terms"]]


def _publish(
    job: Job,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    description: dict[str, Any],
    curve: pd.DataFrame | None = None,
    source: Path | None = None,
) -> None:
    with atomic_folder(job.output("manifest").parent) as folder:
        save_masked_lm(model, tokenizer, folder, source)
        if curve is not None:
            write_table(folder / "loss_curve.csv", curve)
        describe_folder(folder, description)
