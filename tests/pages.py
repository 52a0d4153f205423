"""What the pages of the documentation hold: files that a reader shall write, and commands to run.

A fence with a title is a file of that name. A fence below the comment `<!-- run -->` is run by the
tests as it stands; every other one is there to be read.
"""

import re
from dataclasses import dataclass
from pathlib import Path

RUN = "<!-- run -->"
_FENCE = re.compile(
    rf'^(?P<run>{RUN}\n)?```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Fence:
    """One block of code of a page.

    Attributes
    ----------
    language
        Such as `python`, or empty.
    title
        The file that it is, from the root of the checkout; or empty.
    text
        Its lines.
    run
        Whether the tests run it.
    """

    language: str
    title: str
    text: str
    run: bool


def fences(page: Path) -> list[Fence]:
    """Return the blocks of code of a page, in their order."""
    return [
        Fence(found["language"], found["title"] or "", found["text"], bool(found["run"]))
        for found in _FENCE.finditer(page.read_text())
    ]


def files(page: Path) -> dict[str, str]:
    """Return the files that a page tells its reader to write, by name."""
    return {each.title: each.text for each in fences(page) if each.title}
