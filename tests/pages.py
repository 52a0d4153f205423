"""What the pages of the documentation hold: files that a reader shall write, and commands to run.

A block of code below a line that only names a path, in a code span before a colon, is a file of
that name. A block below the comment `<!-- run -->` is run by the tests as it stands; every other
one is there to be read.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?:`(?P<file>[^`\n]+)`:\n\n|(?P<run><!-- run -->\n))?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Fence:
    """One block of code of a page.

    Attributes
    ----------
    language
        Such as `python`, or empty.
    file
        The file that it is, from the root of the checkout; or empty.
    text
        Its lines.
    run
        Whether the tests run it.
    """

    language: str
    file: str
    text: str
    run: bool


def fences(page: Path) -> list[Fence]:
    """Return the blocks of code of a page, in their order."""
    return [
        Fence(found["language"], found["file"] or "", found["text"], bool(found["run"]))
        for found in _FENCE.finditer(page.read_text())
    ]


def files(page: Path) -> dict[str, str]:
    """Return the files that a page tells its reader to write, by name."""
    return {each.file: each.text for each in fences(page) if each.file}
