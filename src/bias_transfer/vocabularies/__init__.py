"""Lists of words as CSV files: occupations, identity terms, pronouns, gendered pairs, templates.

The first lines of a file start with `#` and tell its title and its source. A user's own file has
the same columns, and needs no such lines.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from bias_transfer.data.sources import check_header, decoded, delimited, is_missing, quoted
from bias_transfer.errors import StudyError

# Between two aliases of a group.
_SEPARATOR = ";"

FOLDER = Path(__file__).parent


def names() -> tuple[str, ...]:
    """Return the names of the vocabularies that come with the package, alphabetically."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.csv")))


def read(source: str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read a vocabulary, one dictionary a row.

    Parameters
    ----------
    source
        The name of a vocabulary of the package, or the path of a user's CSV file.
    columns
        What it must have, without an empty cell; the first tells rows apart.
    optional
        What it may have besides; an empty cell is left out of its row.

    Raises
    ------
    StudyError
        If there is no such file, it has other columns, a cell is empty, or a row repeats another.
    """
    path = _path(source)
    header, records = delimited(_without_remarks(decoded(path)), ",", str(path))
    check_header(header, columns, str(path))
    known = [*columns, *optional]
    unknown = [name for name in header if name not in known]
    if unknown:
        raise StudyError(
            f"{path}: the column {quoted(unknown[0])} is unknown; known are {', '.join(known)}"
        )
    check_header(header, header, str(path))
    rows: list[dict[str, str]] = []
    seen: set[str] = set()
    for number, record in enumerate(records, start=1):
        cells = dict(zip(header, map(str.strip, record), strict=True))
        empty = [name for name in columns if is_missing(cells[name])]
        if empty:
            raise StudyError(
                f"{path}, row {number}: column {empty[0]!r} is empty; fill it or remove the row"
            )
        if cells[columns[0]] in seen:
            raise StudyError(
                f"{path}, row {number}: the {columns[0]} {quoted(cells[columns[0]])} stands there "
                "for the second time; remove a row"
            )
        seen.add(cells[columns[0]])
        rows.append({name: cell for name, cell in cells.items() if cell})
    if not rows:
        raise StudyError(f"{path}: no rows")
    return rows


def pairs(source: str) -> tuple[tuple[str, str], ...]:
    """Return pairs of words, each with its counterpart: ("she", "he")."""
    return tuple((row["word"], row["counterpart"]) for row in read(source, ["word", "counterpart"]))


def counterparts(value: object) -> object:
    """Return what a config gives for pairs of words as a list of lists of two: [["she", "he"]].

    A text is a vocabulary or a file. Anything else is returned as it is, for whoever checks types.
    """
    return [list(pair) for pair in pairs(value)] if isinstance(value, str) else value


def labels(value: object) -> object:
    """Return what a config gives for labels as a list of mappings with `name` and `title`.

    A text is a vocabulary or a file; a list may hold bare names, whose underscores become spaces in
    the title. Anything else is returned as it is, for whoever checks types.

    Raises
    ------
    StudyError
        If YAML made no text of a name.
    """
    return _titled(value, lambda name: name.replace("_", " "))


def terms(value: object) -> object:
    """Return what a config gives for terms as a list of mappings with `name` and `title`.

    As `labels`, but that the title of a bare name is the name.
    """
    return _titled(value, lambda name: name)


def groups(value: object) -> object:
    """Return what a config gives for groups as a list of mappings: `name`, `word`, `aliases`.

    A text is a vocabulary or a file, in which semicolons separate aliases; a mapping leads from
    names to words. Anything else is returned as it is, for whoever checks types.

    Raises
    ------
    StudyError
        If YAML made no text of a name or a word.
    """
    if isinstance(value, str):
        return [
            row | {"aliases": [each.strip() for each in aliases.split(_SEPARATOR) if each.strip()]}
            for row in read(value, ["name", "word"], ["aliases"])
            for aliases in [row.get("aliases", "")]
        ]
    if isinstance(value, dict):
        _refuse_no_text(each for pair in value.items() for each in pair)
        return [{"name": name, "word": word} for name, word in value.items()]
    return value


def templates(value: object) -> object:
    """Return what a config gives for templates as a mapping from names to sentences.

    A text is a vocabulary or a file. Anything else is returned as it is, for whoever checks types.
    """
    if isinstance(value, str):
        return {row["name"]: row["template"] for row in read(value, ["name", "template"])}
    return value


def words(value: object) -> object:
    """Return what a config gives for words as a list.

    A text is a vocabulary or a file. Anything else is returned as it is, for whoever checks types.
    """
    return [row["word"] for row in read(value, ["word"])] if isinstance(value, str) else value


def _titled(value: object, title_of: Callable[[str], str]) -> object:
    if isinstance(value, str):
        rows = read(value, ["name"], ["title"])
        return [{"title": title_of(row["name"])} | row for row in rows]
    if isinstance(value, list):
        _refuse_no_text(value)
        return [
            {"name": each, "title": title_of(each)} if isinstance(each, str) else each
            for each in value
        ]
    return value


def _refuse_no_text(values: Iterable[object]) -> None:
    """Refuse what YAML makes of yes, no, on, off, a number or a date where a name is meant."""
    for each in values:
        if isinstance(each, bool | int | float | date):
            raise StudyError(
                f"YAML reads {each!r} as {type(each).__name__}, not as text; put it in quotes as "
                "it stands in your file"
            )


def _path(source: str) -> Path:
    if Path(source).suffix.lower() == ".csv":
        return Path(source)
    if source not in names():
        raise StudyError(
            f"{quoted(source)} is neither a vocabulary ({', '.join(names())}) nor the path of a "
            ".csv file; correct it"
        )
    return FOLDER / f"{source}.csv"


def _without_remarks(text: str) -> str:
    """Drop the lines that start with `#`, down to the first that does not."""
    while text.startswith("#"):
        text = text.partition("\n")[2]
    return text
