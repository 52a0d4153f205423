"""A checkpoint's tokenizer, without the seconds that transformers takes."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from bias_transfer.errors import StudyError
from bias_transfer.models.encoded import Encoded, encode_by, some_at_a_time
from bias_transfer.runtime.artifacts import read_json

_TOKENIZER = "tokenizer.json"
# Left there by whatever was tokenised last.
_PASSING_STATE = ("padding", "truncation")


def tokenise(checkpoint: Path, texts: Sequence[str], maximum_length: int) -> Encoded:
    """Tokenise texts as the checkpoint's own tokenizer does, each cut to a number of tokens.

    Parameters
    ----------
    checkpoint
        A folder of this study, whose tokenizer transformers has saved.
    texts
        Any number of them.
    maximum_length
        Tokens of a text that are kept, special ones included.
    """
    tokenizer = _cutting(checkpoint, maximum_length)
    return encode_by(
        lambda some: [each.ids for each in tokenizer.encode_batch_fast(list(some))], texts
    )


def kept(checkpoint: Path, texts: Sequence[str], maximum_length: int) -> list[str]:
    """Return of each text what the tokens stand for that `tokenise` keeps of it.

    Parameters
    ----------
    checkpoint, texts, maximum_length
        As for `tokenise`.
    """
    tokenizer = _cutting(checkpoint, maximum_length)
    return [
        _spanned(text, each.offsets)
        for some in some_at_a_time(texts)
        for text, each in zip(some, tokenizer.encode_batch(list(some)), strict=True)
    ]


def _spanned(text: str, offsets: Sequence[tuple[int, int]]) -> str:
    """Return a text from its first token to its last."""
    # A special token stands for nothing: (0, 0).
    places = [(first, last) for first, last in offsets if first < last]
    if not places:
        return ""
    return text[min(first for first, _ in places) : max(last for _, last in places)]


def _cutting(checkpoint: Path, maximum_length: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(checkpoint / _TOKENIZER))
    settings = read_json(checkpoint / "tokenizer_config.json")
    tokenizer.no_padding()
    tokenizer.enable_truncation(maximum_length, direction=settings.get("truncation_side", "right"))
    tokenizer.encode_special_tokens = settings.get("split_special_tokens", False)
    return tokenizer


def tokenizer_digest(checkpoint: Path) -> str:
    """Return the SHA-256 of what a checkpoint's tokenizer makes token ids of texts with."""
    content: dict[str, Any] = read_json(checkpoint / _TOKENIZER)
    lasting = {key: value for key, value in content.items() if key not in _PASSING_STATE}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def require_same_tokenizer(manifest: Path, checkpoint: Path) -> None:
    """Refuse tokenised texts for a checkpoint that has another tokenizer.

    Parameters
    ----------
    manifest
        Of a folder of tokenised texts.
    checkpoint
        A folder of this study.
    """
    if read_json(manifest)["tokenizer"] != tokenizer_digest(checkpoint):
        raise StudyError(
            f"{manifest}: tokenised with another tokenizer than that of {checkpoint}; delete it "
            "and run snakemake again"
        )
