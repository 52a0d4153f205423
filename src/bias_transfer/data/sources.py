"""Rows of text from files and from the hub, checked before anything trusts them."""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.errors import StudyError

_TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")


def read_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the named columns of a CSV, TSV, JSONL or Parquet file, as they stand there.

    Raises
    ------
    StudyError
        If the file is missing, unreadable or empty, or lacks a column.
    """
    readers = {
        ".csv": lambda: _read_delimited(path, ","),
        ".tsv": lambda: _read_delimited(path, "\t"),
        ".jsonl": lambda: pd.read_json(path, lines=True, dtype=False),
        ".parquet": lambda: pd.read_parquet(path),
    }
    if path.suffix not in readers:
        raise StudyError(f"{path}: expected a file that ends in {', '.join(_TABLE_SUFFIXES)}")
    if not path.is_file():
        raise StudyError(f"{path}: the file is missing")
    try:
        table = readers[path.suffix]()
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text ({error.reason}); convert it") from error
    except (ValueError, csv.Error, OSError) as error:
        raise StudyError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    return require_columns(table, columns, str(path))


def read_hub(
    name: str,
    revision: str,
    splits: Sequence[str],
    columns: Sequence[str],
    configuration: str = "",
) -> pd.DataFrame:
    """Read the named columns of a data set of the Hugging Face hub, its splits merged in order.

    Nothing that the repository holds is run: `datasets` reads data files only. An empty revision is
    the newest, an empty configuration the data set's only one.
    """
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    # Of a local folder the library would keep rows that the folder no longer holds.
    local = tempfile.TemporaryDirectory() if Path(name).is_dir() else nullcontext()
    try:
        with local as cache:
            parts = [
                load_dataset(
                    name,
                    configuration or None,
                    split=split,
                    revision=revision or None,
                    cache_dir=cache,
                ).to_pandas()
                for split in splits
            ]
    except Exception as error:
        raise StudyError(
            f"data set {name}: cannot be loaded ({' '.join(str(error).split())[:200]}); check the "
            "id, the split and the network, or download it and use the source 'file'"
        ) from error
    return require_columns(pd.concat(parts, ignore_index=True), columns, f"data set {name}")


def read_lines(path: Path) -> list[str]:
    """Read a plain text file, one text a line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise StudyError(f"{path}: the file is missing") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text ({error.reason}); convert it") from error
    # Not `splitlines`: tweets hold other separators, and labels are matched line by line.
    return lines if lines[-1] else lines[:-1]


def read_texts(path: Path, column: str) -> list[str]:
    """Read texts from a table's column, or from a plain text file line by line."""
    if path.suffix in _TABLE_SUFFIXES:
        return read_rows(path, [column])[column].astype(str).tolist()
    return read_lines(path)


def require_columns(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the named columns of a table, which must have them and at least one row."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise StudyError(
            f"{name}: no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise StudyError(f"{name}: no rows")
    return table.loc[:, list(columns)]


def check_texts(texts: pd.Series, name: str) -> None:
    """Refuse a missing or empty text, naming its row (counted from 1, without the header)."""
    empty = texts.isna() | (texts.astype(str).str.strip() == "")
    if empty.any():
        row = int(empty.to_numpy().argmax()) + 1
        raise StudyError(
            f"{name}, row {row}: the text in column {texts.name!r} is empty; remove the row "
            f"({int(empty.sum())} such)"
        )


def map_values(values: pd.Series, mapping: Mapping[str, str], name: str) -> pd.Series:
    """Translate a column's values, refusing one that the map does not know, with its row."""
    keys = values.map(_as_key)
    unknown = ~keys.isin(list(mapping))
    if unknown.any():
        row = int(unknown.to_numpy().argmax())
        raise StudyError(
            f"{name}, row {row + 1}: {values.iloc[row]!r} in column {values.name!r} is not one of "
            f"{', '.join(list(mapping)[:6])}…; correct it or extend the map in the config"
        )
    return keys.map(dict(mapping))


def _as_key(value: Any) -> str:
    # 1 and 1.0 are the same label whatever a file format made of it; True is not 1.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _read_delimited(path: Path, delimiter: str) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        header = next(csv.reader(stream, delimiter=delimiter), [])
    repeated = {name for name in header if header.count(name) > 1}
    if repeated:
        raise StudyError(f"{path}: the column {sorted(repeated)[0]!r} appears twice")
    # Everything as text: "NA" may be a comment, and "007" an id.
    table = pd.read_csv(
        path, sep=delimiter, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8-sig"
    )
    # pandas would take the first of them as an index and shift the columns.
    if not isinstance(table.index, pd.RangeIndex):
        raise StudyError(f"{path}: the rows have more fields than the header")
    return table
