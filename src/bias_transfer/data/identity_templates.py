"""Template sentences "[identity] is [attribute]", and where the term and the attribute stand."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from bias_transfer.data.sources import check_texts, first_row, map_values
from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import NON_TOXIC, SPECIAL_TOKENS, TOXIC

_LABELS = {
    "BAD": TOXIC,
    "NOT_BAD": NON_TOXIC,
    "1": TOXIC,
    "0": NON_TOXIC,
    TOXIC: TOXIC,
    NON_TOXIC: NON_TOXIC,
}

_SPECIAL_TOKEN = "|".join(map(re.escape, SPECIAL_TOKENS))

_PLACES = ["identity_term", "term_start", "term_end", "attribute_start", "attribute_end"]


def templates_from(
    rows: pd.DataFrame, columns: Mapping[str, Any], name: str, terms: Sequence[str]
) -> pd.DataFrame:
    """Turn a user's rows into the study's form.

    Parameters
    ----------
    rows
        The columns that the config names, as read.
    columns
        The config's section: column names, the kinds to keep, the map of labels.
    name
        What error messages call the source.
    terms
        The identity terms; a sentence holds exactly one, before "is".

    Returns
    -------
    pandas.DataFrame
        Columns `text`, `label` (`toxic`, `non-toxic`), `identity_term`, and the characters at
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
                f"{', '.join(columns['kinds'])}; correct identity_templates.kinds"
            )
        # The index still tells the rows of the file.
        rows = rows[kept]
    check_texts(rows[columns["text"]], name)
    texts = rows[columns["text"]].astype(str)
    special = texts.str.contains(_SPECIAL_TOKEN)
    if special.any():
        raise StudyError(
            f"{name}, row {first_row(special)}: the sentence holds a token of the model's own, "
            "such as <mask>; a template sentence has no gap, so write it out"
        )
    labels = dict(columns["labels"]) or _LABELS
    wrong = sorted(set(labels.values()) - {TOXIC, NON_TOXIC})
    if wrong:
        raise StudyError(
            f"config key identity_templates.labels leads to {wrong[0]!r}; use toxic or non-toxic"
        )
    forms = {term: _form(term) for term in sorted(terms, key=len, reverse=True)}
    found = []
    for row, text in enumerate(texts):
        place = _places(text, forms)
        if place is None:
            raise StudyError(
                f"{name}, row {texts.index[row] + 1}: the sentence is not of the form "
                "'[identity] is [attribute]' with one of the identity terms; keep such rows out "
                "with identity_templates.kinds"
            )
        found.append(place)
    table = pd.DataFrame(found, columns=_PLACES, index=rows.index)
    table.insert(0, "text", texts)
    table.insert(1, "label", map_values(rows[columns["label"]], labels, name))
    table = table.reset_index(drop=True)
    one_sided = table.groupby("identity_term")["label"].nunique()
    if (one_sided < 2).any():
        raise StudyError(
            f"{name}: the sentences of {one_sided.index[one_sided < 2][0]!r} are all of one label; "
            "identity ranking compares toxic with non-toxic ones"
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
