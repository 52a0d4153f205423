"""The probability that a word is negative, from a classifier or from a lexicon."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from bias_transfer.data.sentiment import uniform_tweet
from bias_transfer.errors import StudyError, shortened
from bias_transfer.measures import NegativeProbability
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_tokenizer,
    require_finite,
    save_checkpoint,
)
from bias_transfer.models.encoded import encode
from bias_transfer.models.folder import CLASSIFIER, require_safe_files, require_tokenizer_files
from bias_transfer.models.hidden_debias import attach_stored
from bias_transfer.models.prediction import predict, require_positions
from bias_transfer.runtime.artifacts import read_json, verified_folder


def negative_probability(
    manifest: Path, maximum_length: int, batch_size: int, device: torch.device
) -> NegativeProbability:
    """Return the function from texts to P(negative) that a manifest describes.

    Parameters
    ----------
    manifest
        Of a sentiment classifier's folder, or of a lexicon's.
    maximum_length, batch_size
        Tokens a text and texts a step, for a classifier.
    device
        Where a classifier computes.
    """
    folder, description = verified_folder(manifest), read_json(manifest)
    if description["kind"] == "sentiment lexicon":
        return _lexicon()
    model = load_classifier(folder).to(device)
    negative = model.config.label2id[description["negative"]]
    return by_classifier(model, load_tokenizer(folder), negative, maximum_length, batch_size)


def by_classifier(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    negative: int,
    maximum_length: int,
    batch_size: int,
) -> NegativeProbability:
    """Return the function from texts to P(negative) of a classifier.

    It asks the classifier once for a text: the checkpoints of a job have most of their likely words
    in common.

    Parameters
    ----------
    model, tokenizer
        A classifier in evaluation mode, and its tokenizer.
    negative
        The number of its negative class.
    maximum_length, batch_size
        Tokens a text and texts a step.
    """
    require_positions(model, maximum_length)
    known: dict[str, float] = {}

    def predicted(texts: Sequence[str]) -> np.ndarray:
        uniform = [uniform_tweet(text) for text in texts]
        encoded = encode(tokenizer, uniform, maximum_length)
        return predict(model, encoded, tokenizer.pad_token_id, batch_size)[:, negative]

    def score(texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, predicted(new).tolist(), strict=True))
        return np.array([known[text] for text in texts], dtype=float)

    return score


def save_hub_classifier(name: str, negative: str, maximum_length: int, folder: Path) -> None:
    """Copy the sentiment classifier of a folder into the study.

    Raises
    ------
    StudyError
        If it cannot be loaded, has weights that are missing or not finite, fewer positions than
        `maximum_length`, or no class of the name that the config gives.
    """
    require_safe_files(name, CLASSIFIER)
    require_tokenizer_files(name)
    try:
        model, info = AutoModelForSequenceClassification.from_pretrained(
            name, use_safetensors=True, output_loading_info=True, trust_remote_code=False
        )
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except Exception as error:
        raise StudyError(
            f"sentiment classifier {name}: cannot be loaded ({shortened(error)})"
        ) from error
    if info["missing_keys"]:
        raise StudyError(
            f"sentiment classifier {name}: {sorted(info['missing_keys'])[0]} is missing; its "
            "scores would be random"
        )
    require_finite(model, f"sentiment classifier {name}")
    require_positions(model, maximum_length)
    if negative not in model.config.label2id:
        raise StudyError(
            f"config key sentiment.hub.negative: {name} has no class {negative!r}; it has "
            f"{', '.join(model.config.label2id)}"
        )
    attach_stored(model, Path(name))
    save_checkpoint(model, tokenizer, folder)


def _lexicon() -> NegativeProbability:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()

    def score(texts: Sequence[str]) -> np.ndarray:
        return np.array([analyser.polarity_scores(text)["neg"] for text in texts], dtype=float)

    return score
