"""Checkpoints on disk: ordinary `from_pretrained` folders, refused unless whole and finite."""

import logging
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

from bias_transfer.errors import StudyError
from bias_transfer.models.hidden_debias import attach

logger = logging.getLogger(__name__)

WORD_EMBEDDINGS = "roberta.embeddings.word_embeddings.weight"


def load_masked_lm(source: str, revision: str = "") -> RobertaForMaskedLM:
    """Load a masked language model with its own head, all weights present and finite.

    Parameters
    ----------
    source
        A folder or a hub id.
    revision
        A commit or tag of the hub; empty for the newest.

    Raises
    ------
    StudyError
        If it cannot be loaded, is not a RoBERTa masked language model, or has missing, unexpected
        or non-finite weights. Without its own head the scores would be those of random weights.
    """
    model, info = _load(RobertaForMaskedLM, source, revision)
    # The pooler belongs to another head; the tied decoder need not be stored twice.
    missing = {key for key in info["missing_keys"] if not key.startswith("lm_head.decoder.")}
    unexpected = {key for key in info["unexpected_keys"] if not _harmless(key)}
    if any(key.startswith("lm_head.") for key in missing):
        raise StudyError(
            f"{source}: the checkpoint has no masked-language-model head ({sorted(missing)[0]} is "
            "missing); give one that was saved from RobertaForMaskedLM"
        )
    _refuse(source, missing, unexpected)
    _require_finite(model, source)
    _require_tied(model, source)
    attach(model, Path(source))
    return model.eval()


def load_classifier(source: Path) -> RobertaForSequenceClassification:
    """Load a fine-tuned classifier, head included."""
    model, info = _load(RobertaForSequenceClassification, str(source), "")
    _refuse(str(source), set(info["missing_keys"]), set(info["unexpected_keys"]))
    _require_finite(model, str(source))
    attach(model, source)
    return model.eval()


def new_classifier(source: Path, labels: tuple[str, ...]) -> RobertaForSequenceClassification:
    """Put a freshly drawn classification head on a masked language model's encoder.

    Torch must have been seeded: the head is random.
    """
    model, info = _load(
        RobertaForSequenceClassification,
        str(source),
        "",
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    missing = {key for key in info["missing_keys"] if not key.startswith("classifier.")}
    unexpected = {key for key in info["unexpected_keys"] if not _harmless(key)}
    unexpected = {key for key in unexpected if not key.startswith("lm_head.")}
    _refuse(str(source), missing, unexpected)
    attach(model, source)
    return model


def with_upstream_head(
    classifier: RobertaForSequenceClassification, upstream: RobertaForMaskedLM
) -> RobertaForMaskedLM:
    """Put the upstream language-model head back on a fine-tuned encoder.

    The head comes whole, with the upstream's own output matrix: fine-tuning moved the word
    embeddings, and tying them again would change the head too. So the result is untied.

    Parameters
    ----------
    classifier
        Whose encoder is scored; it is changed in place and shared.
    upstream
        Whose head is used.
    """
    upstream.config.tie_word_embeddings = False
    matrix = upstream.lm_head.decoder.weight.detach().clone()
    upstream.lm_head.decoder.weight = torch.nn.Parameter(matrix)
    upstream.roberta = classifier.roberta
    return upstream.eval()


def random_masked_lm(source: Path) -> RobertaForMaskedLM:
    """Draw every weight anew from a checkpoint's config; torch must have been seeded."""
    return RobertaForMaskedLM(load_masked_lm(str(source)).config)


def load_tokenizer(source: str, revision: str = "") -> PreTrainedTokenizerBase:
    """Load a checkpoint's fast tokenizer, which must have a mask token."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source, revision=revision or None, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(f"{source}: no tokenizer can be loaded ({_short(error)})") from error
    if tokenizer.mask_token_id is None or not tokenizer.is_fast:
        raise StudyError(f"{source}: a fast tokenizer with a mask token is needed")
    return tokenizer


def require_single_tokens(
    tokenizer: PreTrainedTokenizerBase, words: tuple[str, ...], name: str
) -> None:
    """Refuse a tokenizer that splits one of the words, which could not be scored at one mask."""
    for word in words:
        tokens = tokenizer.tokenize(word)
        if len(tokens) != 1 or tokens[0] == tokenizer.unk_token:
            raise StudyError(
                f"{name}: the tokenizer splits {word!r} into {len(tokens)} tokens, so no single "
                "mask can stand for it; use a tokenizer that has seen the word more often"
            )


def _load(
    model_class: type[PreTrainedModel], source: str, revision: str, **settings: Any
) -> tuple[Any, dict[str, Any]]:
    try:
        model, info = model_class.from_pretrained(
            source,
            revision=revision or None,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **settings,
        )
    except Exception as error:
        # safetensors, json and the hub client each have errors of their own.
        raise StudyError(f"{source}: the checkpoint cannot be loaded ({_short(error)})") from error
    if model.config.model_type not in ("roberta",):
        raise StudyError(
            f"{source}: a {model.config.model_type} model; only RoBERTa checkpoints are supported"
        )
    if info["mismatched_keys"]:
        raise StudyError(
            f"{source}: weights of another shape: {sorted(info['mismatched_keys'])[0]}"
        )
    return model, info


def _refuse(source: str, missing: set[str], unexpected: set[str]) -> None:
    if missing:
        raise StudyError(
            f"{source}: {len(missing)} weights are missing, among them {sorted(missing)[0]}; "
            "the checkpoint is incomplete"
        )
    if unexpected:
        raise StudyError(
            f"{source}: {len(unexpected)} unexpected weights, among them {sorted(unexpected)[0]}; "
            "the checkpoint is of another architecture"
        )


def _require_finite(model: PreTrainedModel, source: str) -> None:
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise StudyError(f"{source}: the weight {name} holds NaN or infinite numbers")


def _require_tied(model: RobertaForMaskedLM, source: str) -> None:
    inner = model.roberta.embeddings.word_embeddings.weight
    if model.lm_head.decoder.weight.data_ptr() != inner.data_ptr():
        raise StudyError(
            f"{source}: the output matrix is not tied to the word embeddings, so noise on them "
            "would not reach it; only tied checkpoints are supported"
        )


def _harmless(key: str) -> bool:
    # Published checkpoints carry a pooler, a position buffer and the tied decoder.
    return key.startswith(("roberta.pooler.", "lm_head.decoder.")) or key.endswith("position_ids")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
