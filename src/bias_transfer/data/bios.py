"""Biographies: loaded, mapped to the 28 occupations, and scrubbed of pronouns."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bias_transfer.data.sources import check_texts, first_row, is_missing, map_values, quoted
from bias_transfer.errors import StudyError
from bias_transfer.vocabularies.lexicon import OCCUPATIONS

# The forms that give a person's gender away most directly, in every case; also "Mr.".
_PRONOUNS = re.compile(r"\b(?:he|she|her|his|him|hers|himself|herself|mr|mrs|ms)\b", re.IGNORECASE)

_GROUPS = {
    "Female": "female",
    "female": "female",
    "F": "female",
    "f": "female",
    "1": "female",
    "Male": "male",
    "male": "male",
    "M": "male",
    "m": "male",
    "0": "male",
}


def scrub_pronouns(text: str) -> str:
    """Replace every third-person pronoun and title of address with an underscore."""
    return _PRONOUNS.sub("_", text)


def biographies_from(rows: pd.DataFrame, columns: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Turn a user's rows into the study's form.

    Parameters
    ----------
    rows
        As read from a file or the hub.
    columns
        The config's section of that source: the column names and the maps of values.
    name
        What error messages call the source.

    Returns
    -------
    pandas.DataFrame
        Columns `id`, `text` (pronouns scrubbed), `label` (occupation), `group` (`female`, `male`).
    """
    text, label, group = (rows[columns[key]] for key in ("text", "label", "group"))
    check_texts(text, name)
    labels = dict(columns["labels"]) or _default_labels()
    unknown = sorted(set(labels.values()) - set(OCCUPATIONS))
    if unknown:
        raise StudyError(
            f"config: the label map of {name} leads to {unknown[0]!r}, which is not one of the 28 "
            "occupations"
        )
    groups = dict(columns["groups"]) or _GROUPS
    wrong = sorted(set(groups.values()) - {"female", "male"})
    if wrong:
        raise StudyError(
            f"config: the group map of {name} leads to {wrong[0]!r}; use female or male"
        )
    return pd.DataFrame(
        {
            "id": row_ids(rows, columns, name),
            "text": text.astype(str).map(scrub_pronouns),
            "label": map_values(label, labels, name),
            "group": map_values(group, groups, name),
        }
    )


def require_both_groups(table: pd.DataFrame, name: str) -> None:
    """Refuse biographies of one gender only: no rate of the one can be set against the other's."""
    found = sorted(set(table["group"]))
    if len(found) < 2:
        raise StudyError(
            f"{name}: every row is {found[0]}; women and men are compared, so both are needed"
        )


def row_ids(rows: pd.DataFrame, columns: Mapping[str, Any], name: str) -> pd.Series:
    """Return the ids of the rows: the column that the config names, or their numbers from 1."""
    column = columns.get("id") if "path" in columns else ""
    if not column:
        return pd.Series(range(1, len(rows) + 1), index=rows.index).astype(str)
    missing = rows[column].map(is_missing)
    if missing.any():
        raise StudyError(
            f"{name}, row {first_row(missing)}: the id in column {column!r} is empty; fill it, or "
            "leave the config key id empty to number the rows"
        )
    ids = rows[column].astype(str)
    if ids.duplicated().any():
        row = first_row(ids.duplicated())
        raise StudyError(
            f"{name}, row {row}: the id {quoted(ids[row - 1])} appears twice; make ids unique, or "
            "leave the config key id empty to number the rows"
        )
    return ids


def _default_labels() -> dict[str, str]:
    by_name = {occupation: occupation for occupation in OCCUPATIONS}
    by_number = {str(number): occupation for number, occupation in enumerate(OCCUPATIONS)}
    return by_name | by_number
