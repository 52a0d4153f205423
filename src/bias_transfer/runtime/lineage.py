"""Where a file came from: a record of each output, and the chain of records back to the sources.

A record names its inputs as they are seen from the folder of the output, so a study may move.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    library_versions,
    missing,
    passed_files,
    read_json,
    sha256,
    verify_files,
    write_json,
)

FOLDER = ".lineage"
# The records that a release brings along, since its inputs stay behind.
BUNDLE = "lineage.json"


@dataclass(frozen=True)
class Run:
    """One run of a command, as far as its outputs depend on it.

    Attributes
    ----------
    command, code
        Its name, and the digest of the code behind it.
    settings
        The config's part, seeds included.
    libraries
        Their versions.
    inputs
        The SHA-256 of each file read, by path; a manifest stands for its folder.
    """

    command: str
    code: str
    settings: Mapping[str, Any]
    libraries: Mapping[str, str]
    inputs: Mapping[Path, str]


@dataclass(frozen=True)
class Record:
    """How one file was made; the attributes are those of `Run`.

    Attributes
    ----------
    inputs
        The SHA-256 of each input, by its path as seen from the folder of the output.
    sha256
        Of the output; empty where the record is a part of the output.
    warnings
        What was warned of while it was made.
    """

    command: str
    code: str
    settings: Mapping[str, Any]
    libraries: Mapping[str, str]
    inputs: Mapping[str, str]
    sha256: str = ""
    warnings: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what was read from a damaged file."""
        if not isinstance(self.inputs, dict) or not isinstance(self.settings, dict):
            raise TypeError("no mappings")
        if not isinstance(self.warnings, list | tuple):
            raise TypeError("no list")


@dataclass(frozen=True)
class Step:
    """A file of a chain.

    Attributes
    ----------
    name
        Its path.
    state
        What became of it since, in words.
    changed
        Whether it is another file than the one that was made or used.
    sha256
        Of the file as it was made or used; empty where it lists the others.
    record
        How it was made, if that is known.
    inputs
        The names of the steps that it was made from.
    """

    name: str
    state: str
    changed: bool
    sha256: str
    record: Record | None
    inputs: tuple[str, ...]


def start_run(command: str, code: str, settings: Mapping[str, Any], inputs: Iterable[Path]) -> Run:
    """Hash what a command is about to read, refusing what is not as it was made.

    Raises
    ------
    StudyError
        If an input is missing, or is another than the job that made it wrote.
    """
    files = [
        file
        for path in inputs
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if not file.is_dir()
    ]
    return Run(
        command, code, settings, library_versions(), {each: _checked(each) for each in files}
    )


def record_outputs(run: Run, outputs: Iterable[Path], warnings: Sequence[str]) -> None:
    """Write the record of each output of a run that has succeeded, with what it warned of."""
    for path in outputs:
        record = replace(as_record(run, path.parent, sha256(path)), warnings=tuple(warnings))
        write_json(record_path(path), asdict(record))


def as_record(run: Run, folder: Path, digest: str = "") -> Record:
    """Return a run as the record of an output in a folder."""
    inputs = {_seen_from(folder, path): value for path, value in run.inputs.items()}
    return Record(run.command, run.code, run.settings, run.libraries, inputs, digest)


def record_path(path: Path) -> Path:
    """Return where the record of an output stands; a folder's stands beside it, and outlives it."""
    made = path.parent if path.name == MANIFEST else path
    return made.parent / FOLDER / f"{made.name}.json"


def settings_of(path: Path) -> Mapping[str, Any]:
    """Return the settings that a file was made with; none where no record tells."""
    record = _read_record(path)
    return record.settings if record else {}


def bundle(own: Record, folder: Path) -> dict[str, Any]:
    """Return a folder's own record and those of all that it was made from, by path.

    Paths are as seen from the folder, and its own record stands under its manifest's name.
    """
    found = {MANIFEST: own}
    waiting = list(own.inputs)
    while waiting:
        name = waiting.pop()
        # By name alone: the folder is not there yet.
        path = Path(os.path.normpath(folder / name))
        record = None if name in found else _read_record(path)
        if record is not None:
            found[name] = record
            waiting += [_joined(name, each) for each in record.inputs]
    return {name: asdict(record) for name, record in found.items()}


def trace(target: Path) -> list[Step]:
    """Return the chain of a file, sources first and the file last, each checked on the way.

    Raises
    ------
    StudyError
        If the file does not exist, or nothing says how it was made.
    """
    if target.is_dir():
        raise StudyError(f"{target}: a folder; name a file in it, such as its {MANIFEST}")
    if not target.is_file():
        raise missing(target)
    first = _Place(os.path.normpath(target))
    made = _chain([first])
    if made[first] is None:
        raise StudyError(
            f"{target}: no record of how it was made; it is a source, or no job has finished it"
        )
    used: dict[_Place, set[str]] = {first: set()}
    for each in made.values():
        for source, digest in each.inputs.items() if each else ():
            used.setdefault(source, set()).add(digest)
    order = TopologicalSorter({place: each.inputs if each else () for place, each in made.items()})
    try:
        return [_step(place, made[place], used[place]) for place in order.static_order()]
    except CycleError as error:
        raise StudyError(
            f"{target}: its records lead in a circle; delete {target} and run snakemake again"
        ) from error


def warned_of(files: Iterable[Path]) -> tuple[str, ...]:
    """Return what was warned of while files were made, and all that they were made from.

    Each warning once, in alphabetical order: most begin with the name of their task.
    """
    chain = _chain([_Place(os.path.normpath(each)) for each in files])
    records = [made.record for made in chain.values() if made and made.record]
    return tuple(sorted({said for record in records for said in record.warnings}))


@dataclass(frozen=True)
class _Place:
    """A file, or a name in the records that a release brought along from elsewhere."""

    path: str
    release: str = ""

    @property
    def name(self) -> str:
        return f"({self.release}) {self.path}" if self.release else self.path


@dataclass(frozen=True)
class _Made:
    """What is known of a file: its record, the digest to expect, and what it was made from."""

    record: Record | None
    expected: str
    inputs: Mapping[_Place, str] = field(default_factory=dict)


def _chain(files: Sequence[_Place]) -> dict[_Place, _Made | None]:
    """Return what is known of files, and of all that they were made from."""
    made: dict[_Place, _Made | None] = {}
    waiting = list(files)
    while waiting:
        place = waiting.pop()
        if place not in made:
            found = made[place] = _made(place)
            waiting += found.inputs if found else ()
    return made


def _made(place: _Place) -> _Made | None:
    if place.release:
        return _of_bundle(place.release, place.path)
    path = Path(place.path)
    record = _read_record(path)
    if record is not None:
        inputs = {_Place(_joined(place.path, name)): value for name, value in record.inputs.items()}
        return _Made(record, record.sha256, inputs)
    if path.name == MANIFEST:
        return _of_bundle(str(path.parent), MANIFEST)
    for folder in path.parents:
        manifest = folder / MANIFEST
        # Whoever brings a source may keep a file of that name above it.
        ours = record_path(manifest).is_file() or (folder / BUNDLE).is_file()
        if ours and manifest.is_file():
            files = read_json(manifest).get("files")
            name = path.relative_to(folder).as_posix()
            if isinstance(files, dict) and name in files:
                digest = files[name]
                return _Made(None, digest, {_Place(str(manifest)): sha256(manifest)})
    return None


def _of_bundle(release: str, name: str) -> _Made | None:
    record = _bundled(Path(release, BUNDLE).absolute()).get(name)
    if record is None:
        return None
    inputs = {_Place(_joined(name, each), release): value for each, value in record.inputs.items()}
    return _Made(record, record.sha256, inputs)


@cache
def _bundled(path: Path) -> dict[str, Record]:
    """Read the records of a release, if it has any."""
    if not path.is_file():
        return {}
    try:
        return {name: Record(**content) for name, content in read_json(path).items()}
    except (StudyError, TypeError) as error:
        raise StudyError(
            f"{path}: the records are damaged; take the release from where it came once more"
        ) from error


def _step(place: _Place, made: _Made | None, used: set[str]) -> Step:
    state, changed = _state(place, made, used)
    if made is None:
        # Something used it, or it would be no step.
        return Step(place.name, state, changed, min(used), None, ())
    sources = tuple(source.name for source in made.inputs)
    return Step(place.name, state, changed, made.expected, made.record, sources)


def _state(place: _Place, made: _Made | None, used: set[str]) -> tuple[str, bool]:
    """Say what became of a file, and whether it is another now."""
    expected = {made.expected} - {""} if made else set()
    if place.release:
        return "stayed where the release was made", bool(expected and used - expected)
    path = Path(place.path)
    if not path.is_file():
        return "deleted since", bool(expected and used - expected)
    now = {sha256(path)}
    if expected - now:
        return "changed since it was made", True
    if used - now:
        return "changed since it was used", True
    if path.name == MANIFEST:
        try:
            verify_files(path, remedy="")
        except StudyError as error:
            # Only what an empty remedy leaves is cut off: a path may hold a semicolon.
            return f"changed since it was made ({str(error).removesuffix('; ')})", True
        if gone := passed_files(path):
            return f"as it was made, less {', '.join(gone)}, which went once used", False
    return ("as it was made" if made else "as it was used; no record of how it was made"), False


def _checked(path: Path) -> str:
    """Return the digest of a file to be read."""
    try:
        digest = sha256(path)
    except FileNotFoundError as error:
        raise missing(path) from error
    record = _read_record(path)
    if record is not None and record.sha256 != digest:
        raise StudyError(f"{path}: changed since it was made; delete it and run snakemake again")
    return digest


def _read_record(made: Path) -> Record | None:
    """Read the record of a file, if there is one."""
    path = record_path(made)
    if not path.is_file():
        return None
    try:
        return Record(**read_json(path))
    except (StudyError, TypeError) as error:
        raise StudyError(
            f"{path}: the record of how {made} was made is damaged; delete {made} and run "
            "snakemake again"
        ) from error


def _seen_from(folder: Path, path: Path) -> str:
    # A file outside the study's folder stays where it is when the study moves.
    whole = os.path.abspath(path)
    inside = Path(whole).is_relative_to(Path.cwd())
    return os.path.relpath(whole, os.path.abspath(folder)) if inside else whole


def _joined(place: str, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(place), name))
