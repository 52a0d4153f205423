"""Talk-page comments: loaded, mapped to toxic and non-toxic, with the terms they mention."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bias_transfer.data.bios import row_ids
from bias_transfer.data.mentions import mentions
from bias_transfer.data.sources import check_texts, map_values
from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, NON_TOXIC, TOXIC

_LABELS = {
    "1": TOXIC,
    "True": TOXIC,
    "true": TOXIC,
    "toxic": TOXIC,
    "0": NON_TOXIC,
    "False": NON_TOXIC,
    "false": NON_TOXIC,
    "non-toxic": NON_TOXIC,
}


def comments_from(rows: pd.DataFrame, columns: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Turn a user's rows into the study's form.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `text`, `label` (`toxic`, `non-toxic`) and `group` (the identity terms that
        the comment mentions, joined by semicolons; empty for none).
    """
    text, label = rows[columns["text"]], rows[columns["label"]]
    check_texts(text, name)
    labels = dict(columns["labels"]) or _LABELS
    unknown = sorted(set(labels.values()) - {TOXIC, NON_TOXIC})
    if unknown:
        raise StudyError(
            f"config: the label map of {name} leads to {unknown[0]!r}; use toxic or non-toxic"
        )
    # The Detox release writes white space as words.
    plain = text.astype(str).str.replace("NEWLINE_TOKEN", " ").str.replace("TAB_TOKEN", " ")
    return pd.DataFrame(
        {
            "id": row_ids(rows, columns, name),
            "text": plain,
            "label": map_values(label, labels, name),
            "group": mentions(plain, IDENTITY_TERMS),
        }
    )


def require_mentions(table: pd.DataFrame, name: str) -> None:
    """Refuse comments of which none mentions an identity term: nothing could be measured."""
    if not (table["group"] != "").any():
        raise StudyError(
            f"{name}: no comment mentions one of the {len(IDENTITY_TERMS)} identity terms, on "
            "which the rates are measured; give comments that do"
        )
