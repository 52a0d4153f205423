"""What is told the person at the keyboard: the one exception for it, and counts in words."""


class StudyError(Exception):
    """Bad input, told in one line that names the file, the key or the row, and says what to do."""


def counted(number: int, name: str) -> str:
    """Return a count in words that agree with it: "1 row", "1,200 rows"."""
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"
