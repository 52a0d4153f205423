"""What a release is told of itself: its files, its tables, and the software that made it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Of nobody yet: a study cannot know under which terms its tables will be given away.
TERMS = "Not stated: whoever publishes these tables says under which terms."


@dataclass(frozen=True)
class File:
    """A file of a release.

    Attributes
    ----------
    path
        As seen from the release, with forward slashes.
    media_type
        Such as `text/csv`.
    description
        What it holds, in a sentence.
    size, sha256
        Of its content, bytes and hexadecimal; both None for one that lists the others.
    """

    path: str
    media_type: str
    description: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Table:
    """A table of a release.

    Attributes
    ----------
    file
        Where it stands.
    columns
        The type of each column: "Text", "Integer", "Float" or "Boolean". Whole numbers of which
        some are missing are floats.
    meanings
        What each column means.
    """

    file: File
    columns: Mapping[str, str]
    meanings: Mapping[str, str]


@dataclass(frozen=True)
class Software:
    """The software that made a release.

    Attributes
    ----------
    citation
        CITATION.cff, as plain values.
    commit
        The git commit that last changed the package, 40 hexadecimal digits; empty where that is
        unknown.
    edited
        Whether there were edits of the package that no commit holds.
    date
        Of that commit, or of the version where the commit is unknown: YYYY-MM-DD.
    language_version
        Of Snakemake.
    """

    citation: Mapping[str, Any]
    commit: str
    edited: bool
    date: str
    language_version: str

    @property
    def paper(self) -> Mapping[str, Any]:
        """The paper whose study the software carries out."""
        found: Mapping[str, Any] = self.citation["references"][0]
        return found


def people(entry: Mapping[str, Any]) -> list[str]:
    """Return the names of the authors of a work in CITATION.cff, in order."""
    return [
        each["name"] if "name" in each else f"{each['given-names']} {each['family-names']}"
        for each in entry["authors"]
    ]


def reference(entry: Mapping[str, Any]) -> str:
    """Return a work of CITATION.cff as one line of a bibliography."""
    year = str(entry.get("year") or str(entry["date-released"])[:4])
    place = entry.get("conference", {}).get("name") or f"version {entry['version']}"
    doi = f" doi:{entry['doi']}" if "doi" in entry else ""
    return f"{', '.join(people(entry))}. {year}. {entry['title']}. {place}.{doi}"
