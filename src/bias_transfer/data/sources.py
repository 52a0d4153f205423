"""Rows of text from files and from the hub, checked before anything trusts them."""

import csv
import io
import itertools
import json
import math
import tempfile
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.data import hub
from bias_transfer.errors import StudyError, counted, first_few, shortened

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
_PICKLE_SUFFIXES = (".pkl", ".pickle", ".p")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_SEPARATORS = ("\t", ";", "|", ",")

# For the reader to run, at their own risk; nothing here opens a pickle.
_UNPICKLE = (
    'python -c "import sys, pandas; pandas.DataFrame(pandas.read_pickle(sys.argv[1]))'
    ".to_json(sys.argv[2], orient='records', lines=True)\" rows.pkl rows.jsonl"
)

# A longer value than this is not quoted in a message: it may be somebody's text.
_LONGEST_QUOTED = 30
# Nor one of more words than a column's name has.
_MOST_WORDS = 3


def read_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the named columns of a CSV, TSV, JSONL or Parquet file, as they stand there.

    Rows are counted from 1, without the header; a row of a CSV file may hold line ends, and blank
    lines are none.

    Raises
    ------
    StudyError
        If the file is missing, unreadable or empty, lacks a column, or has a row that is not of
        the header's form.
    """
    suffix = _suffix(path)
    wanted = list(dict.fromkeys(columns))
    if suffix == ".parquet":
        values = _read_parquet(path, wanted)
    else:
        read = _read_json_lines if suffix == ".jsonl" else _read_delimited
        rows = list(read(path, wanted))
        values = {name: [row[place] for row in rows] for place, name in enumerate(wanted)}
    # As Python's own objects, whichever the format: "007" may be an id, and "NA" a comment.
    return require_columns(pd.DataFrame(values, dtype=object), wanted, str(path))


def read_header(path: Path) -> list[str]:
    """Return the names of a table's columns, reading no more of a large file than they take.

    Of a JSONL file they are the keys of the first row. `read_rows` tells what is wrong further on.

    Raises
    ------
    StudyError
        If the file is missing, or is unreadable or empty as far as it was read.
    """
    suffix = _suffix(path)
    if suffix == ".parquet":
        with _parquet(path) as file:
            return list(file.schema_arrow.names)
    if suffix == ".jsonl":
        with closing(_lines(path, "\n")) as lines:
            return list(next(_json_records(lines, str(path))))
    with closing(_lines(path, "")) as lines:
        return _taken_apart(lines, _DELIMITERS[suffix], str(path))[0]


def is_table(path: Path) -> bool:
    """Tell whether a file holds a table, by its suffix, rather than plain text."""
    return path.suffix.lower() in (*TABLE_SUFFIXES, *_PICKLE_SUFFIXES)


def _suffix(path: Path) -> str:
    """Return the suffix of a table that can be read, and refuse another."""
    suffix = path.suffix.lower()
    if suffix in _PICKLE_SUFFIXES:
        raise StudyError(
            f"{path}: a pickle runs whatever it holds when it is opened, so none is read; if you "
            f"trust it, convert it yourself and give the new file: {_UNPICKLE}"
        )
    if suffix not in TABLE_SUFFIXES:
        raise StudyError(
            f"{path}: expected a file that ends in {', '.join(TABLE_SUFFIXES)}; unpack or "
            "convert it"
        )
    return suffix


def read_hub(
    name: str,
    commit: str,
    splits: Sequence[str],
    columns: Sequence[str],
    configuration: str = "",
) -> pd.DataFrame:
    """Read the named columns of a data set of the Hugging Face hub, its splits merged in order.

    Nothing that the repository holds is run: `datasets` reads data files only.

    Parameters
    ----------
    name
        A hub id, or a local folder of the same form.
    commit
        As `hub.resolve` returns it.
    splits, columns
        Which to read.
    configuration
        Of the data set; empty for its only one.
    """
    from datasets import config, disable_progress_bars, load_dataset

    disable_progress_bars()
    # Without a network the library takes whichever commit it has read last, so that each has a
    # folder of its own; of a local folder it would keep rows that are there no more.
    place = (
        nullcontext(str(Path(config.HF_DATASETS_CACHE, commit)))
        if commit
        else tempfile.TemporaryDirectory()
    )
    with place as cache, hub.explained(name, "dataset", commit):
        parts = [
            load_dataset(
                name,
                configuration or None,
                split=split,
                revision=commit or None,
                cache_dir=cache,
            ).to_pandas()
            for split in splits
        ]
    return require_columns(pd.concat(parts, ignore_index=True), columns, f"data set {name}")


def read_lines(path: Path) -> list[str]:
    """Read a plain text file, one text a line."""
    # Not `splitlines`: tweets hold other separators, and labels are matched line by line.
    lines = [line.removesuffix("\r") for line in decoded(path).split("\n")]
    return lines if lines[-1] else lines[:-1]


def read_texts(path: Path, column: str) -> list[str]:
    """Read texts from a table's column, or from a plain text file line by line."""
    if is_table(path):
        return texts_or_blanks(read_rows(path, [column])[column], str(path))
    return read_lines(path)


def require_columns(table: pd.DataFrame, columns: Sequence[str], name: str) -> pd.DataFrame:
    """Return the named columns of a table, which must have them and at least one row."""
    check_header(list(table.columns), columns, name)
    if table.empty:
        raise StudyError(f"{name}: no rows")
    return table.loc[:, list(dict.fromkeys(columns))]


def check_texts(texts: pd.Series, name: str) -> None:
    """Refuse what is no text or an empty one, naming its row by the index (from 1)."""
    empty = texts.map(is_missing)
    if empty.any():
        raise StudyError(
            f"{name}, row {first_row(empty)}: the text in column {texts.name!r} is empty; remove "
            f"the row ({int(empty.sum())} such), or, of a task's texts, set `empty: drop`"
        )
    _require_text(texts, name)


def without_empty(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the rows that have a text in a column; the index still counts those of the file."""
    return rows[~rows[column].map(is_missing)]


def row_ids(rows: pd.DataFrame, columns: Mapping[str, Any], name: str) -> pd.Series:
    """Return the ids of the rows: the column that the config names, or their numbers from 1."""
    column = columns.get("id") if "path" in columns else ""
    if not column:
        return pd.Series(rows.index + 1, index=rows.index).astype(str)
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


def texts_or_blanks(texts: pd.Series, name: str) -> list[str]:
    """Return a column's texts, a missing one as an empty one, refusing what is no text."""
    filled = texts.where(~texts.map(is_missing), "")
    _require_text(filled, name)
    return [str(text) for text in filled]


def map_values(values: pd.Series, mapping: Mapping[str, str], name: str, key: str) -> pd.Series:
    """Translate a column's values, refusing one that the map does not know, with its row.

    Parameters
    ----------
    values
        As read; the index counts them from 0.
    mapping
        From values as text to what they mean.
    name
        What error messages call the source.
    key
        The config's key of the map.
    """
    missing = values.map(is_missing)
    if missing.any():
        raise StudyError(
            f"{name}, row {first_row(missing)}: column {values.name!r} is empty; fill it or remove "
            f"the row ({int(missing.sum())} such)"
        )
    keys = values.map(_as_key)
    known = {_as_key(key): meaning for key, meaning in mapping.items()}
    unknown = ~keys.isin(list(known))
    if unknown.any():
        row = first_row(unknown)
        raise StudyError(
            f"{name}, row {row}: {quoted(values[row - 1])} in column {values.name!r} is not one "
            f"of {first_few(list(mapping))}; correct it or extend the map in config key {key}"
        )
    return keys.map(known)


def first_row(wrong: pd.Series) -> int:
    """Return the number of the first row that is marked, counted from 1 in the file."""
    return int(wrong.index[int(wrong.to_numpy().argmax())]) + 1


def quoted(value: object) -> str:
    """Return a value as a message may show it: a long one may be a text, and stays out."""
    return repr(value) if len(str(value)) <= _LONGEST_QUOTED else hidden(value)


def hidden(value: object) -> str:
    """Say how long a value is that stays out of a message."""
    return f"a value of {len(str(value))} characters"


def is_missing(value: object) -> bool:
    """Tell whether a cell is empty: nothing, not a number, or white space only."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _require_text(texts: pd.Series, name: str) -> None:
    other = ~texts.map(lambda value: isinstance(value, str))
    if other.any():
        row = first_row(other)
        kind = type(texts[row - 1]).__name__
        raise StudyError(
            f"{name}, row {row}: column {texts.name!r} holds a value of type {kind} where a text "
            "is needed; name another column or write it as text"
        )


def _as_key(value: Any) -> str:
    # 1 and 1.0 are the same label whatever a file format made of it; True is not 1.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    # An accent may be a part of its letter or a character of its own; nobody sees which.
    return unicodedata.normalize("NFC", str(value))


def check_header(header: Sequence[Any], columns: Sequence[str], name: str) -> None:
    """Refuse a header that lacks one of the columns, or has one twice."""
    for column in columns:
        if column not in header:
            known = ", ".join(str(each) if _is_name(each) else hidden(each) for each in header)
            raise StudyError(f"{name}: no column {column!r}; it has {known}{_hint(header, column)}")
        if header.count(column) > 1:
            raise StudyError(f"{name}: the column {column!r} appears twice; rename one")


def _is_name(cell: object) -> bool:
    """Tell whether a cell of the header may be shown: without a header, the first row is there."""
    text = str(cell)
    return len(text) <= _LONGEST_QUOTED and len(text.split()) <= _MOST_WORDS


def _hint(header: Sequence[Any], column: str) -> str:
    """Say why a header may lack a column that its reader sees there."""
    if len(header) == 1 and (found := _other_separator(str(header[0]))):
        return found
    if any(_as_key(each) == _as_key(column) for each in header):
        return "; an accent is written with other characters there, so copy the name from the file"
    if not all(map(_is_name, header)):
        return "; give the file a header, if that is a row"
    return ""


def _other_separator(line: str, separator: str = "") -> str:
    """Say which separator the header's line has, where it is not the one that it was read with."""
    found = next((each for each in _SEPARATORS if each in line), None)
    if found is None or (separator and separator in line):
        return ""
    return f"; the separator looks like {found!r}, and is a comma in .csv and a tab in .tsv"


def decoded(path: Path) -> str:
    """Return a file's text, which must be UTF-8 throughout; a byte-order mark is no text."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise StudyError(f"{path}: the file is missing") from error
    except IsADirectoryError as error:
        raise StudyError(f"{path}: a folder where a file is needed") from error
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{path}: not UTF-8 text ({error.reason} in line {line}); convert it, for instance "
            "with iconv"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise StudyError(
            f"{path}: a NUL character in line {line}, as in UTF-16 or a damaged file; convert it "
            "to UTF-8"
        )
    return text


def _lines(path: Path, newline: str) -> Generator[str, None, None]:
    """Yield a file's lines as they are read; `decoded` tells what is wrong with it.

    Parameters
    ----------
    path
        Of the file.
    newline
        What ends a line, as for `open`.
    """
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as file:
            for line in file:
                if "\0" in line:
                    raise ValueError("a NUL character")
                yield line
    except (OSError, ValueError):
        decoded(path)
        raise


def _read_delimited(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    header, records = delimited(decoded(path), _DELIMITERS[path.suffix.lower()], str(path))
    check_header(header, columns, str(path))
    places = [header.index(name) for name in columns]
    for record in records:
        yield [record[place] for place in places]


def delimited(text: str, delimiter: str, name: str) -> tuple[list[str], Iterator[list[str]]]:
    """Take a text apart into the header and the rows, each with as many fields as the header.

    Parameters
    ----------
    text
        The content of a CSV or TSV file.
    delimiter
        What stands between two fields.
    name
        What error messages call the file.
    """
    return _taken_apart(io.StringIO(text, newline=""), delimiter, name)


def _taken_apart(
    lines: Iterable[str], delimiter: str, name: str
) -> tuple[list[str], Iterator[list[str]]]:
    # The module's own limit is 128 kB; a comment may be longer.
    csv.field_size_limit(2**31 - 1)
    # Strict, as a quote that is never closed would swallow every row behind it.
    beginning = iter(lines)
    first = next(beginning, "")
    records = csv.reader(itertools.chain([first], beginning), delimiter=delimiter, strict=True)
    try:
        header = _next_record(records, f"{name}, header")
    except StudyError as error:
        raise StudyError(f"{error}{_other_separator(first, delimiter)}") from error
    if header is None:
        raise StudyError(f"{name}: the file is empty")
    return header, _rows_like(header, records, name)


def _rows_like(
    header: Sequence[str], records: Iterator[list[str]], name: str
) -> Iterator[list[str]]:
    row = 1
    while (record := _next_record(records, f"{name}, row {row}")) is not None:
        if len(record) != len(header):
            raise StudyError(
                f"{name}, row {row}: {counted(len(record), 'field')} where the header has "
                f"{len(header)}; "
                "quote a field that holds the separator, and leave no field out"
            )
        yield record
        row += 1


def _next_record(records: Iterator[list[str]], where: str) -> list[str] | None:
    """Return the next record that is not a blank line, or None at the end."""
    try:
        return next(filter(None, records), None)
    except csv.Error as error:
        unclosed = "end of data" in str(error)
        what = "the quote that opens here is never closed" if unclosed else "a stray quote"
        raise StudyError(
            f"{where}: {what}; double each quote inside a field, and put the field in quotes"
        ) from error


def _read_json_lines(path: Path, columns: Sequence[str]) -> Iterator[list[Any]]:
    for row, record in enumerate(_json_records(decoded(path).split("\n"), str(path)), 1):
        if row == 1:
            check_header(list(record), columns, str(path))
        absent = [name for name in columns if name not in record]
        if absent:
            raise StudyError(f"{path}, row {row}: the key {absent[0]!r} is missing; add it")
        values = [record[name] for name in columns]
        if any(isinstance(value, str) and not _is_unicode(value) for value in values):
            raise StudyError(
                f"{path}, row {row}: half a surrogate pair (\\ud800 to \\udfff); it stands for no "
                "character, so remove it"
            )
        yield values


def _json_records(lines: Iterable[str], name: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file, of which there must be one at least."""
    row = 0
    for line in lines:
        if not line.strip():
            continue
        row += 1
        try:
            record = json.loads(line, object_pairs_hook=_unrepeated)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise StudyError(f"{name}, row {row}: not valid JSON ({reason}); correct it") from error
        if not isinstance(record, dict):
            raise StudyError(f"{name}, row {row}: not a JSON object; write one object {{…}} a line")
        yield record
    if not row:
        raise StudyError(f"{name}: the file is empty")


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("a key appears twice")
    return record


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_parquet(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    with _parquet(path) as file:
        check_header(file.schema_arrow.names, columns, str(path))
        table = file.read(columns=list(columns))
        return {name: table.column(name).to_pylist() for name in columns}


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    """Open a Parquet file, and turn whatever is wrong with it into one line."""
    import pyarrow
    import pyarrow.parquet

    if not path.is_file():
        what = "a folder where a file is needed" if path.is_dir() else "the file is missing"
        raise StudyError(f"{path}: {what}")
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (ValueError, OSError, pyarrow.ArrowException) as error:
        raise StudyError(
            f"{path}: cannot be read as Parquet ({shortened(error)}); write it again"
        ) from error
