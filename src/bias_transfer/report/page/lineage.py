"""Where every number of the page comes from: the files, and the steps that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from bias_transfer.report.page.tables import Table
from bias_transfer.report.sheet import count

# Of a digest; the records hold it whole.
_DIGITS = 12


@dataclass(frozen=True)
class Made:
    """How one file was made.

    Attributes
    ----------
    path
        As seen from the page.
    sha256
        Of the file.
    command, code
        The command that made it, and the digest of the code behind it; empty for a file that came
        from elsewhere.
    direct
        Whether the page itself reads the file.
    libraries
        Versions.
    """

    path: str
    sha256: str
    command: str
    code: str
    direct: bool
    libraries: Mapping[str, str]


def file_table(made: list[Made]) -> Table:
    """List the files that the page reads."""
    return Table(
        name="files",
        caption="The files that this page was written from",
        heads=("File", "SHA-256", "Made by", "Code"),
        rows=tuple(
            (each.path, each.sha256[:_DIGITS], each.command or "from elsewhere", each.code or "–")
            for each in sorted(made, key=lambda each: each.path)
            if each.direct
        ),
        note=(
            "Paths are as seen from this page. SHA-256: the first twelve digits of the file's "
            "digest; code: the digest of the code behind the command. `bias-transfer lineage FILE` "
            "tells the whole chain of a file, with its settings, and checks every digest."
        ),
    )


def step_table(made: list[Made]) -> Table:
    """Count the files of the whole chain, by the command and the code that made them."""
    own = sorted(
        (each for each in made if each.command), key=lambda each: (each.command, each.code)
    )
    rows = tuple(
        (command, code, count(len(list(files))))
        for (command, code), files in groupby(own, key=lambda each: (each.command, each.code))
    )
    return Table(
        name="steps",
        caption="The commands behind these files, from the sources on",
        heads=("Command", "Code", "Files"),
        rows=rows,
    )


def library_table(made: list[Made]) -> Table:
    """List the versions of the libraries; more than one where they changed on the way."""
    versions: dict[str, dict[str, None]] = {}
    for each in made:
        for name, version in each.libraries.items():
            versions.setdefault(name, {})[version] = None
    return Table(
        name="libraries",
        caption="Versions of the libraries",
        heads=("Library", "Version"),
        rows=tuple((name, ", ".join(versions[name])) for name in sorted(versions)),
    )
