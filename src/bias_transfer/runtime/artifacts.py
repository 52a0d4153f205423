"""Artifacts on disk: written whole or not at all, and described by a manifest."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from bias_transfer.errors import StudyError

MANIFEST = "manifest.json"
# What a folder says of itself to readers, with scores that are known later than the folder is made.
CARD = "README.md"

# Columns of the study's tables that hold names, which a CSV file does not tell from numbers:
# "007" is none, nor is "True" a truth value. A task's own column of items comes on top.
_NAMES = frozenset(
    (
        *("task", "model", "variant", "twin_of", "upstream", "upstream_kind"),
        *("dataset", "dataset_kind", "covariates_dataset", "adaptation"),
        *("item", "absent_items", "template", "label", "group", "term"),
        *("measure", "outcome", "source", "column"),
    )
)

# The libraries whose version can change a number.
_RECORDED_LIBRARIES = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "tokenizers",
    "torch",
    "transformers",
)


# A process asks for the same with every job and every folder.
@cache
def library_versions() -> Mapping[str, str]:
    """Return the installed version of every library that can change a number."""
    found: dict[str, str] = {}
    for name in _RECORDED_LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that takes its place only when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its place only when the block succeeds.

    An older folder at `path` goes first, so that a kill between the two leaves nothing there
    rather than a mixture.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        for file in sorted(temporary.rglob("*")):
            if file.is_file():
                _flush(file)
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _umask() -> int:
    """Return what the user takes from the permissions of new files; it is told when it is set."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def require_writable(folder: Path, key: str) -> None:
    """Refuse a folder in which no file can be written, naming the config key that chose it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"a disk that is full takes names, but no content")
    except OSError as error:
        raise StudyError(
            f"config key {key}: {folder} cannot be written ({error.strerror}); set "
            "another folder, or make this one writable"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON with sorted keys, so that equal content is equal bytes."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def missing(path: Path) -> StudyError:
    """Return the error of a file of the study that is not there."""
    return StudyError(f"{path}: the file is missing; run snakemake, which makes it")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that a job of this study wrote."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise missing(path) from error
    except ValueError as error:
        raise StudyError(f"{path}: not valid JSON ({error}); delete it and rerun") from error
    if not isinstance(content, dict):
        raise StudyError(f"{path}: a JSON object was expected; delete it and rerun")
    return content


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV or Parquet, by the path's suffix; undefined numbers are empty cells."""
    with atomic_file(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False)
        elif path.suffix == ".csv":
            # Ten significant digits: more than any estimate here deserves, and equal on every
            # machine whose arithmetic agrees to rounding.
            table.to_csv(temporary, index=False, float_format="%.10g", lineterminator="\n")
        else:
            raise ValueError(f"tables are written as .csv or .parquet, not {path.suffix!r}")


def read_table(path: Path, names: Collection[str] = ()) -> pd.DataFrame:
    """Read a table that a job of this study wrote.

    Parameters
    ----------
    path
        Of a CSV or a Parquet file.
    names
        Columns that hold names whatever these look like, besides those that all studies have: the
        column of a task's items, which is called as the task has it. The table may lack them.
    """
    with reading(path):
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        # Only the empty cell is missing: "None" or "NA" may be somebody's text.
        return pd.read_csv(
            path,
            keep_default_na=False,
            na_values=[""],
            dtype=dict.fromkeys((*_NAMES, *names), "str"),
        )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell in one line what is wrong with a table that the block could not read."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(path) from error
    except Exception as error:
        # A damaged file raises whatever its readers stumble over.
        raise StudyError(
            f"{path}: cannot be read as a table ({' '.join(str(error).split())}); delete it "
            "and rerun"
        ) from error


def describe_folder(folder: Path, description: Mapping[str, Any]) -> None:
    """Write a folder's manifest: what it is, the hash of each file, the library versions.

    No time and no path goes in: the same inputs give the same bytes.
    """
    files = {
        file.relative_to(folder).as_posix(): sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    write_json(
        folder / MANIFEST,
        {**description, "files": files, "libraries": library_versions()},
    )


def _visible_files(folder: Path) -> list[Path]:
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def verify_files(manifest: Path, remedy: str) -> dict[str, str]:
    """Return the files that a manifest lists with their hashes, after they were found to match.

    Of those that it says will pass, some may have gone: see `passed_files`.

    Parameters
    ----------
    manifest
        Of a folder.
    remedy
        What to do if they do not, for the error message.
    """
    files = read_json(manifest).get("files")
    gone = passed_files(manifest)
    if not isinstance(files, dict):
        raise StudyError(f"{manifest}: no list of files; {remedy}")
    for name, expected in files.items():
        file = manifest.parent / name
        # A name like ../x would vouch for a file of somebody else's.
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise StudyError(f"{manifest}: lists {name!r}, outside its folder; {remedy}")
        if name in gone:
            continue
        if not file.is_file():
            raise StudyError(f"{file}: the file is missing; {remedy}")
        if sha256(file) != expected:
            raise StudyError(f"{file}: the content does not match {manifest}; {remedy}")
    return files


def passed_files(manifest: Path) -> list[str]:
    """Return which of the files that a folder's manifest says will pass have gone."""
    passing = read_json(manifest).get("passing", [])
    if not isinstance(passing, list):
        raise StudyError(f"{manifest}: files that pass, but no list of them; delete it and rerun")
    return [name for name in passing if not Path(manifest.parent, str(name)).is_file()]


def verified_folder(manifest: Path) -> Path:
    """Return the folder of a manifest, which must hold the files that it lists and no others.

    A card is no part of it: it is written later and read by nobody here.
    """
    folder, remedy = manifest.parent, f"delete {manifest} and run snakemake again"
    listed = verify_files(manifest, remedy)
    if gone := passed_files(manifest):
        raise StudyError(f"{folder / gone[0]}: went once it had been used; {remedy}")
    for file in _visible_files(folder):
        # Loaders take whatever they know by name, such as a second set of weights.
        if (
            file not in (manifest, folder / CARD)
            and file.relative_to(folder).as_posix() not in listed
        ):
            raise StudyError(f"{file}: not listed in {manifest}; remove it, or {remedy}")
    return folder


def _remove_leftovers(path: Path) -> None:
    # What a killed job left: an artifact has one writer at a time, so nobody else's. The middle is
    # what tempfile draws, and has no dot: `.g1.5.abcdefgh` is a neighbour's.
    name = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}({re.escape(path.suffix)})?")
    for each in path.parent.iterdir():
        if name.fullmatch(each.name):
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
