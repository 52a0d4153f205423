"""The data dictionary, read: what each column of each folder's tables means."""

import re
from collections.abc import Mapping, Sequence

_HEADING = re.compile(r"^## (?P<folder>[^/\s]+)/", re.MULTILINE)
_ROW = re.compile(r"^\| (?P<names>`.*?) \| (?P<meaning>.*) \|$", re.MULTILINE)
_NAME = re.compile(r"`([a-z0-9_]+)`")
# What is measured again on the fine-tuned encoder has the column's name with this behind it.
_AFTER = "_after"

Meanings = Mapping[str, Mapping[str, str]]


def meanings(page: str) -> Meanings:
    """Return what the columns mean, by the folder of the tables and by name.

    Parameters
    ----------
    page
        The dictionary's Markdown: a heading a folder, and tables of names and meanings. Where
        two tables of a folder have a column of the same name, the first is told.
    """
    parts = _HEADING.split(page)[1:]
    found: dict[str, dict[str, str]] = {}
    for folder, text in zip(parts[::2], parts[1::2], strict=True):
        for row in _ROW.finditer(text):
            for name in _NAME.findall(row["names"]):
                found.setdefault(folder, {}).setdefault(name, row["meaning"].replace("`", ""))
    return found


def meaning(page: Meanings, column: str, folders: Sequence[str]) -> str:
    """Return what a column means.

    Parameters
    ----------
    page
        The dictionary, read.
    column
        Its name.
    folders
        Where to look, in order.
    """
    for folder in folders:
        if column in page.get(folder, {}):
            return page[folder][column]
    if column.endswith(_AFTER):
        return f"{meaning(page, column.removesuffix(_AFTER), folders)}; after fine-tuning"
    # Tasks of one's own have columns of their own words.
    return f"{column.replace('_', ' ')}; README.md tells how such columns are made"
