"""Template sentences "[term] is [attribute]", and where the term and the attribute stand."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bias_transfer.data.sources import check_texts, first_row, map_values
from bias_transfer.errors import StudyError

# The tokens of any family of models: a tokenizer takes them for what they are in every text.
_SPECIAL_TOKEN = r"</?s>|<(?:pad|unk|mask)>|\[(?:PAD|UNK|CLS|SEP|MASK)\]"

_PLACES = ["identity_term", "term_start", "term_end", "attribute_start", "attribute_end"]


def templates_from(
    rows: pd.DataFrame, columns: Mapping[str, Any], task: Any, name: str, key: str
) -> pd.DataFrame:
    """Turn a user's rows into the study's form.

    Parameters
    ----------
    rows
        The columns that the config names, as read.
    columns
        The config's section: column names, the kinds to keep, the map of labels.
    task
        The definition of a task of mentions; a sentence holds exactly one of its terms, before
        "is".
    name
        What error messages call the source.
    key
        The config's key of that section.

    Returns
    -------
    pandas.DataFrame
        Columns `text`, `label` (one of the task's classes), `identity_term`, and the characters at
        which the term and the attribute start and end: `term_start`, `term_end`,
        `attribute_start`, `attribute_end`.

    Raises
    ------
    StudyError
        If no row is of the kinds, a text is empty or holds a mask, a label is unknown, a sentence
        is not of the form, or a term has sentences of one label only.
    """
    if columns["kind"]:
        kept = rows[columns["kind"]].isin(columns["kinds"])
        if not kept.any():
            raise StudyError(
                f"{name}: no row of column {columns['kind']!r} is one of "
                f"{', '.join(columns['kinds'])}; correct {key}.kinds"
            )
        # The index still tells the rows of the file.
        rows = rows[kept]
    check_texts(rows[columns["text"]], name)
    texts = rows[columns["text"]].astype(str)
    special = texts.str.contains(_SPECIAL_TOKEN)
    if special.any():
        raise StudyError(
            f"{name}, row {first_row(special)}: the sentence holds a token of the model's own, "
            "such as a mask; a template sentence has no gap, so write it out"
        )
    labels = dict(columns["labels"]) or {
        **dict.fromkeys(("BAD", "1", task.positive), task.positive),
        **dict.fromkeys(("NOT_BAD", "0", task.negative), task.negative),
    }
    wrong = sorted(set(labels.values()) - {task.positive, task.negative})
    if wrong:
        raise StudyError(
            f"config key {key}.labels leads to {wrong[0]!r}; use {task.positive} or {task.negative}"
        )
    terms = sorted((term.name for term in task.terms), key=len, reverse=True)
    forms = {term: _form(term) for term in terms}
    found = []
    for row, text in enumerate(texts):
        place = _places(text, forms)
        if place is None:
            raise StudyError(
                f"{name}, row {texts.index[row] + 1}: the sentence is not of the form "
                f"'[term] is [attribute]' with one of the {task.items}; take such rows out of the "
                f"file, or a whole kind of them with {key}.kinds"
            )
        found.append(place)
    table = pd.DataFrame(found, columns=_PLACES, index=rows.index)
    table.insert(0, "text", texts)
    table.insert(1, "label", map_values(rows[columns["label"]], labels, name, f"{key}.labels"))
    table = table.reset_index(drop=True)
    one_sided = table.groupby("identity_term")["label"].nunique()
    if (one_sided < 2).any():
        raise StudyError(
            f"{name}: the sentences of {one_sided.index[one_sided < 2][0]!r} are all of one label; "
            f"identity ranking compares {task.positive} with {task.negative} ones"
        )
    return table


def _places(text: str, forms: Mapping[str, re.Pattern[str]]) -> tuple[str, *tuple[int, ...]] | None:
    """Return the term and where it and the attribute stand; the longest term that fits."""
    for term, form in forms.items():
        match = form.match(text)
        if match is not None:
            return term, *match.span("term"), *match.span("attribute")
    return None


def _form(term: str) -> re.Pattern[str]:
    spaced = r"\s+".join(map(re.escape, term.split()))
    return re.compile(
        rf"(?:.*\W)?(?P<term>{spaced})\s+(?:is|are)\s+(?P<attribute>\S.*?)[.!]?\s*$", re.IGNORECASE
    )
