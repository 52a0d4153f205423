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

_PICKLED_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

# For the reader to run, at their own risk; nothing here opens a pickle.
_CONVERT = (
    'python -c "import sys; from transformers import AutoModelForMaskedLM as M, AutoTokenizer as '
    'T; [c.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2]) for c in (M, T)]" OLD NEW'
)

# Of fast tokenizers, and of those that a fast one can be made from.
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


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
    require_finite(model, source)
    _require_tied(model, source)
    attach(model, Path(source))
    return model.eval()


def load_classifier(source: Path) -> RobertaForSequenceClassification:
    """Load a fine-tuned classifier, head included."""
    model, info = _load(RobertaForSequenceClassification, str(source), "")
    _refuse(str(source), set(info["missing_keys"]), set(info["unexpected_keys"]))
    require_finite(model, str(source))
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
    folder = Path(source)
    # Without any, the library makes an empty tokenizer up.
    if folder.is_dir() and not _holds(folder, _TOKENIZER_FILES):
        raise StudyError(
            f"{source}: no tokenizer in the folder; save it there too with save_pretrained"
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            source, revision=revision or None, trust_remote_code=False
        )
    except Exception as error:
        # tokenizers, json and the hub client each have errors of their own.
        raise StudyError(
            f"{source}: no tokenizer can be loaded ({_short(error)}); save it again with "
            "save_pretrained"
        ) from error
    if tokenizer.mask_token_id is None or not tokenizer.is_fast:
        raise StudyError(
            f"{source}: a fast tokenizer with a mask token is needed; give a RoBERTa's own"
        )
    return tokenizer


def require_matching_tokenizer(
    model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, name: str
) -> None:
    """Refuse a tokenizer of another model: its tokens would stand for other embeddings, or none."""
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise StudyError(
            f"{name}: the tokenizer has {len(tokenizer)} tokens and the model {rows} embeddings; "
            "give the tokenizer that the model was trained with"
        )
    # RoBERTa counts positions from its padding token.
    if tokenizer.pad_token_id != model.config.pad_token_id:
        raise StudyError(
            f"{name}: the padding token is {tokenizer.pad_token_id} for the tokenizer and "
            f"{model.config.pad_token_id} for the model; give the tokenizer that the model was "
            "trained with"
        )


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


def require_safe_files(source: str) -> None:
    """Refuse a local folder without a config or with pickled weights only, saying what to do."""
    folder = Path(source)
    if not folder.is_dir():
        # On the hub: only safetensors are fetched.
        return
    if not (folder / "config.json").is_file():
        raise StudyError(
            f"{source}: no config.json in the folder; give one that save_pretrained wrote"
        )
    if _holds(folder, ("*.safetensors",)):
        return
    if _holds(folder, _PICKLED_WEIGHTS):
        raise StudyError(
            f"{source}: the weights are pickled, and a pickle runs whatever it holds when it is "
            "opened, so they are not read; if you trust them, convert them yourself and give the "
            f"new folder: {_CONVERT}"
        )
    raise StudyError(
        f"{source}: no weights (*.safetensors) in the folder; give one that save_pretrained wrote"
    )


def require_finite(model: PreTrainedModel, source: str) -> None:
    """Refuse a model with a weight that is no finite number."""
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise StudyError(
                f"{source}: the weight {name} holds NaN or infinite numbers; give another "
                "checkpoint"
            )


def _load(
    model_class: type[PreTrainedModel], source: str, revision: str, **settings: Any
) -> tuple[Any, dict[str, Any]]:
    require_safe_files(source)
    try:
        model, info = model_class.from_pretrained(
            source,
            revision=revision or None,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            # They are refused below, by name.
            ignore_mismatched_sizes=True,
            **settings,
        )
    except Exception as error:
        # safetensors, json and the hub client each have errors of their own.
        raise StudyError(
            f"{source}: the checkpoint cannot be loaded ({_short(error)}); give a folder that "
            "save_pretrained wrote, or an id of the hub"
        ) from error
    if model.config.model_type not in ("roberta",):
        raise StudyError(
            f"{source}: a {model.config.model_type} model; only RoBERTa checkpoints are supported"
        )
    if info["mismatched_keys"]:
        name, found, expected = sorted(info["mismatched_keys"])[0]
        raise StudyError(
            f"{source}: the weight {name} is of shape {tuple(found)} where config.json means "
            f"{tuple(expected)}; give the config that the weights were saved with"
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


def _require_tied(model: RobertaForMaskedLM, source: str) -> None:
    inner = model.roberta.embeddings.word_embeddings.weight
    if model.lm_head.decoder.weight.data_ptr() != inner.data_ptr():
        raise StudyError(
            f"{source}: the output matrix is not tied to the word embeddings, so noise on them "
            "would not reach it; only tied checkpoints are supported"
        )


def _holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in folder.glob(pattern))


def _harmless(key: str) -> bool:
    # Published checkpoints carry a pooler, a position buffer and the tied decoder.
    return key.startswith(("roberta.pooler.", "lm_head.decoder.")) or key.endswith("position_ids")


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
