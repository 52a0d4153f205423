"""The config as Snakemake would give it: files laid over one another, then `key=value`."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from bias_transfer.errors import StudyError
from bias_transfer.study.declared import TASKS
from bias_transfer.study.mistakes import meant

# The tasks of the default study may be left out of any config.
_DEFAULT = frozenset(TASKS)
_KEY = re.compile(r"[a-zA-Z_][\w-]*\w")
_TRUTH = {"True": True, "False": False}


def with_default(files: Iterable[Path]) -> list[Path]:
    """Return config files behind the one that the workflow reads by itself, where that is."""
    default = Path("config.yaml")
    return [*([default] if default.is_file() else []), *files]


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two configs: mappings key by key, all else replaced by what lies above."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, Mapping):
            under = merged.get(key)
            merged[key] = laid_over(under if isinstance(under, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def read_config(files: Iterable[Path], assignments: Sequence[str] = ()) -> dict[str, Any]:
    """Return the config of some files, each laid over those before it, and of `--config`.

    Parameters
    ----------
    files
        YAML or JSON.
    assignments
        Each `key=value`, the value as Snakemake reads it: a whole number, a number, True or False,
        or YAML whose values stay text.

    Raises
    ------
    StudyError
        If a file cannot be read as a mapping, has a key twice, leaves out a task that is not there,
        or an assignment is none.
    """
    merged: dict[str, Any] = {}
    for path in files:
        above = _read(path)
        _refuse_absent_tasks(merged, above)
        merged = laid_over(merged, above)
    for each in assignments:
        key, equals, value = each.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise StudyError(f"--config {each}: write it as key=value")
        # As Snakemake does, for shells that leave them.
        merged = laid_over(merged, {key: _value(value.strip("'\""))})
    return merged


def _refuse_absent_tasks(below: Mapping[str, Any], above: Mapping[str, Any]) -> None:
    """Refuse to leave out a task that no config below has: its name is misspelt."""
    there, given = (each.get("tasks") for each in (below, above))
    if not isinstance(given, Mapping):
        return
    known = _DEFAULT | set(there if isinstance(there, Mapping) else ())
    for name, section in given.items():
        if section is None and name not in known:
            guess = meant(str(name), sorted(known))
            raise StudyError(
                f"config key tasks.{name}: no such task to leave out; {guess or 'remove the line'}"
            )


def _read(path: Path) -> Mapping[str, Any]:
    """Read a file as JSON, else as YAML, as Snakemake does; refuse a key that stands twice."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StudyError(f"{path}: {error.strerror}; give a config file that is there") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text ({error.reason}); convert it") from error
    try:
        read = json.loads(text)
    except ValueError:
        read = _read_yaml(text, path)
    else:
        # JSON may hold some control characters that YAML may not.
        with suppress(yaml.YAMLError):
            # Tabs are white space in JSON, and what YAML may refuse.
            node = yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
            _refuse_repeated_keys(node, path)
    if not isinstance(read, Mapping):
        raise StudyError(f"{path}: no mapping of config keys to values")
    return read


def _read_yaml(text: str, path: Path) -> Any:
    try:
        loader = yaml.SafeLoader(text)
        # Once: it takes longer than all that is done with it.
        node = loader.get_single_node()
        # Before mappings that are merged are laid into others.
        _refuse_repeated_keys(node, path)
        return None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise StudyError(f"{path}{where}: no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: no YAML ({' '.join(str(error).split())})") from error


def _refuse_repeated_keys(node: yaml.Node | None, path: Path) -> None:
    """Refuse a file in which a key stands twice: a parser takes the last without a word."""
    for mapping in _mappings(node, set()):
        found = set()
        for key, _ in mapping.value:
            if str(key.value) in found:
                raise StudyError(
                    f"{path}, line {key.start_mark.line + 1}: the key {key.value!r} stands here "
                    "for the second time; keep one"
                )
            found.add(str(key.value))


def _mappings(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.MappingNode]:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _mappings(value, seen)


def _value(text: str) -> Any:
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    if text in _TRUTH:
        return _TRUTH[text]
    try:
        return yaml.load(text, Loader=yaml.BaseLoader) if text else None
    except yaml.YAMLError:
        return text
