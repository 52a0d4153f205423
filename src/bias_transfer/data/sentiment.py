"""Text with a sentiment label, from a table or from two files side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.data.sources import check_texts, map_values, read_lines, read_rows
from bias_transfer.errors import StudyError, counted

SENTIMENTS = ("negative", "neutral", "positive")

_LABELS = {str(number): label for number, label in enumerate(SENTIMENTS)} | {
    label: label for label in SENTIMENTS
}


def sentiment_from(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Read labelled text as the config's `sentiment.file` section says.

    Returns
    -------
    pandas.DataFrame
        Columns `text` (web addresses and user names made uniform, as TweetEval does) and `label`.
    """
    path = Path(columns["path"])
    if columns["labels_path"]:
        texts, labels = read_lines(path), read_lines(Path(columns["labels_path"]))
        if len(texts) != len(labels):
            raise StudyError(
                f"{columns['labels_path']}: {counted(len(labels), 'label')} for "
                f"{counted(len(texts), 'line')} of {path}; they must match line by line"
            )
        if not texts:
            raise StudyError(f"{path}: the file is empty")
        rows = pd.DataFrame({columns["text"]: texts, columns["label"]: labels})
    else:
        rows = read_rows(path, [columns["text"], columns["label"]])
    check_texts(rows[columns["text"]], str(path))
    mapping = dict(columns["labels"]) or _LABELS
    unknown = sorted(set(mapping.values()) - set(SENTIMENTS))
    if unknown:
        raise StudyError(
            f"config key sentiment.file.labels leads to {unknown[0]!r}; use one of "
            f"{', '.join(SENTIMENTS)}"
        )
    labelled = columns["labels_path"] or str(path)
    sentiments = map_values(rows[columns["label"]], mapping, labelled, "sentiment.file.labels")
    if not (sentiments == "negative").any():
        raise StudyError(
            f"{labelled}: no text is labelled negative, and how negative a word is is what the "
            "classifier is for; correct the labels or sentiment.file.labels"
        )
    return pd.DataFrame(
        {"text": rows[columns["text"]].astype(str).map(uniform_tweet), "label": sentiments}
    )


def uniform_tweet(text: str) -> str:
    """Make user names and web addresses uniform, as the TweetEval classifiers were trained."""
    return " ".join(map(_uniform_word, text.split(" ")))


def _uniform_word(word: str) -> str:
    if word.startswith("@") and len(word) > 1:
        return "@user"
    return "http" if word.startswith("http") else word
