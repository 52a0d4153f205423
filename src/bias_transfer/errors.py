"""What is told the person at the keyboard: the one exception for it, others' words, counts."""

from collections.abc import Sequence


class StudyError(Exception):
    """Bad input, told in one line that names the file, the key or the row, and says what to do."""


def first_few(names: Sequence[str], most: int = 6) -> str:
    """Return names in a row, the first of many; in quotes where one holds a comma."""
    shown = [repr(name) if any("," in each for each in names) else name for name in names[:most]]
    return ", ".join(shown) + ("…" if len(names) > most else "")


def shortened(error: BaseException) -> str:
    """Return what another's error says, on one line and of 200 characters at most."""
    return " ".join(str(error).split())[:200]


def counted(number: int, name: str) -> str:
    """Return a count in words that agree with it: "1 row", "1,200 rows"."""
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
