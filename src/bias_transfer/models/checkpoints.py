"""Checkpoints on disk: ordinary `from_pretrained` folders, refused unless whole and finite."""

import filecmp
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME

from bias_transfer.errors import StudyError, counted, shortened
from bias_transfer.models.families import Family, family_of
from bias_transfer.models.folder import (
    CLASSIFIER,
    MASKED_LM,
    AutoClass,
    Source,
    require_safe_files,
    require_tokenizer_files,
)
from bias_transfer.models.hidden_debias import attach_stored, save_projection
from bias_transfer.runtime.artifacts import write_json

# The first model that is loaded has transformers compile a thousand patterns, for names of weights:
# done here, a job in a copy of the fork server finds them. It is for speed only, and no part of
# what transformers promises: where it is gone, or asks for more, they are compiled later.
with suppress(ImportError, TypeError):
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    get_checkpoint_conversion_mapping("roberta")

# The word embeddings, which most alterations change, and the rest, which they do not.
_SHARDS = tuple(f"model-0000{number}-of-00002.safetensors" for number in (1, 2))


def load_masked_lm(source: Source) -> PreTrainedModel:
    """Load a masked language model with its own head, all weights present and finite.

    Its output matrix may be tied to the word embeddings or be its own; noise on the word embeddings
    reaches only a tied one.

    Parameters
    ----------
    source
        A folder; `data.hub.model_folder` makes one of a hub id.

    Raises
    ------
    StudyError
        If it cannot be loaded, is of a family that is not known here, or has missing, unexpected or
        non-finite weights. Without its own head the scores would be those of random weights.
    """
    family = _family(source, MASKED_LM)
    model, missing, unexpected = _load(AutoModelForMaskedLM, source)
    missing -= _bias_by_its_other_name(model, missing)
    headless = sorted(_within(missing, family.head))
    if headless:
        raise StudyError(
            f"{source}: the checkpoint has no masked-language-model head ({headless[0]} is "
            f"missing); give one that was saved from {type(model).__name__}"
        )
    _refuse(source, missing, unexpected - _leftovers(unexpected, family))
    require_finite(model, source)
    # The config may say otherwise: what is made from it must be of the same form.
    model.config.tie_word_embeddings = is_tied(model)
    attach_stored(model, Path(source))
    return model.eval()


def load_classifier(source: Path) -> PreTrainedModel:
    """Load a fine-tuned classifier, head included."""
    _family(source, CLASSIFIER)
    model, missing, unexpected = _load(AutoModelForSequenceClassification, source)
    _refuse(source, missing, unexpected)
    require_finite(model, source)
    attach_stored(model, source)
    return model.eval()


def new_classifier(source: Path, labels: tuple[str, ...]) -> PreTrainedModel:
    """Put a freshly drawn classification head on a masked language model's encoder.

    Torch must have been seeded: the head is random.
    """
    family = _family(source, MASKED_LM)
    model, missing, unexpected = _load(
        AutoModelForSequenceClassification,
        source,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    unexpected -= _leftovers(unexpected, family) | _within(unexpected, family.head)
    _refuse(source, missing - _within(missing, family.fresh), unexpected)
    attach_stored(model, source)
    return model


def save_checkpoint(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path
) -> None:
    """Save a model with its tokenizer, and the projection behind its encoder if it has one."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_projection(model, folder)


def save_masked_lm(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    source: Path | None = None,
) -> None:
    """Save a masked language model with its word embeddings in a file of their own.

    Parameters
    ----------
    model, tokenizer
        As for `save_checkpoint`.
    folder
        Where to; the form is the usual one of weights in several files with an index.
    source
        The folder of the checkpoint that it was made from: a file of weights that is the same there
        is not written a second time but linked.
    """
    save_checkpoint(model, tokenizer, folder)
    words = model.get_input_embeddings().weight
    own = {name for name, each in model.state_dict(keep_vars=True).items() if each is words}
    tensors = load_file(folder / SAFE_WEIGHTS_NAME)
    index = {name: _SHARDS[name not in own] for name in sorted(tensors)}
    for shard in _SHARDS:
        part = {name: tensors[name] for name in index if index[name] == shard}
        save_file(part, folder / shard, metadata={"format": "pt"})
        if source is not None:
            _link_if_equal(source / shard, folder / shard)
    size = sum(each.nbytes for each in tensors.values())
    write_json(
        folder / SAFE_WEIGHTS_INDEX_NAME, {"metadata": {"total_size": size}, "weight_map": index}
    )
    (folder / SAFE_WEIGHTS_NAME).unlink()


def _link_if_equal(source: Path, made: Path) -> None:
    """Put a hard link in a file's place if the other file is the same and may be linked."""
    if source.is_file() and filecmp.cmp(source, made, shallow=False):
        link = made.with_suffix(".link")
        try:
            os.link(source, link)
        except OSError:
            # Some disks know no links; two files do as well.
            return
        link.replace(made)


def is_tied(model: PreTrainedModel) -> bool:
    """Tell whether a masked language model's output matrix is that of its word embeddings."""
    output, words = model.get_output_embeddings().weight, model.get_input_embeddings().weight
    return bool(output.data_ptr() == words.data_ptr())


def load_tokenizer(source: Source) -> PreTrainedTokenizerBase:
    """Load a checkpoint's fast tokenizer, which must have a mask token."""
    require_tokenizer_files(source)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except Exception as error:
        # tokenizers, json and the hub client each have errors of their own.
        raise StudyError(
            f"{source}: no tokenizer can be loaded ({shortened(error)}); save it again with "
            "save_pretrained"
        ) from error
    if tokenizer.mask_token_id is None or not tokenizer.is_fast:
        raise StudyError(
            f"{source}: a fast tokenizer with a mask token is needed; give the model's own"
        )
    return tokenizer


def require_matching_tokenizer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str
) -> None:
    """Refuse a tokenizer of another model: its tokens would stand for other embeddings, or none."""
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise StudyError(
            f"{name}: the tokenizer has {len(tokenizer)} tokens and the model {rows} embeddings; "
            "give the tokenizer that the model was trained with"
        )
    # Some families count positions from the padding token.
    if tokenizer.pad_token_id != model.config.pad_token_id:
        raise StudyError(
            f"{name}: the padding token is {tokenizer.pad_token_id} for the tokenizer and "
            f"{model.config.pad_token_id} for the model; give the tokenizer that the model was "
            "trained with"
        )


def require_finite(model: PreTrainedModel, source: Source) -> None:
    """Refuse a model with a weight that is no finite number."""
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise StudyError(
                f"{source}: the weight {name} holds NaN or infinite numbers; give another "
                "checkpoint"
            )


def _family(source: Source, auto_class: AutoClass) -> Family:
    """Return the family of a checkpoint, from its config alone."""
    require_safe_files(source, auto_class)
    try:
        config, _ = PretrainedConfig.get_config_dict(source)
    except Exception as error:
        raise _unloadable(source, error) from error
    return family_of(config, str(source))


def _load(
    model_class: Any, source: Source, **settings: Any
) -> tuple[PreTrainedModel, set[str], set[str]]:
    """Return a model, and the weights that were missing and that were not expected."""
    try:
        model, info = model_class.from_pretrained(
            source,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            # They are refused below, by name.
            ignore_mismatched_sizes=True,
            **settings,
        )
    except Exception as error:
        raise _unloadable(source, error) from error
    if info["mismatched_keys"]:
        name, found, expected = sorted(info["mismatched_keys"])[0]
        raise StudyError(
            f"{source}: the weight {name} is of shape {tuple(found)} where config.json means "
            f"{tuple(expected)}; give the config that the weights were saved with"
        )
    return model, set(info["missing_keys"]), set(info["unexpected_keys"])


def _unloadable(source: Source, error: Exception) -> StudyError:
    # safetensors, json and the hub client each have errors of their own.
    return StudyError(
        f"{source}: the checkpoint cannot be loaded ({shortened(error)}); give a folder that "
        "save_pretrained wrote, or an id of the hub"
    )


def _refuse(source: Source, missing: set[str], unexpected: set[str]) -> None:
    if missing:
        raise StudyError(
            f"{source}: {counted(len(missing), 'missing weight')}, among them "
            f"{sorted(missing)[0]}; the checkpoint is incomplete"
        )
    if unexpected:
        raise StudyError(
            f"{source}: {counted(len(unexpected), 'unexpected weight')}, among them "
            f"{sorted(unexpected)[0]}; "
            "the checkpoint is of another architecture"
        )


def _bias_by_its_other_name(model: PreTrainedModel, missing: set[str]) -> set[str]:
    """Fill in the output bias of an untied head, and return its name if that was needed.

    Several families' heads hold it under two names, of which older releases of transformers saved
    one: `lm_head.bias` but not `lm_head.decoder.bias`.
    """
    output = model.get_output_embeddings()
    names = {module: name for name, module in model.named_modules()}
    name = f"{names[output]}.bias"
    holder = names[output].rpartition(".")[0]
    other = getattr(model.get_submodule(holder), "bias", None)
    if name not in missing or other is None or f"{holder}.bias" in missing:
        return set()
    with torch.no_grad():
        output.bias.copy_(other)
    return {name}


def _within(keys: Iterable[str], modules: tuple[str, ...]) -> set[str]:
    """Return the weights that belong to one of the modules."""
    return {key for key in keys if key.startswith(tuple(f"{module}." for module in modules))}


def _leftovers(keys: Iterable[str], family: Family) -> set[str]:
    """Return the weights of other objectives, and the buffers that older releases saved."""
    buffers = {key for key in keys if key.endswith(".position_ids")}
    return buffers | _within(keys, family.other_heads)
