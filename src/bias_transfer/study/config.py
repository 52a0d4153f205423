"""The study's configuration: validated against its schema, with one clear line a mistake."""

import difflib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from bias_transfer.runtime.artifacts import MANIFEST
from bias_transfer.data.detox import NAMES
from bias_transfer.data.sources import TABLE_SUFFIXES
from bias_transfer.errors import StudyError
from bias_transfer.study.grid import TASKS, models

# A whole number is one without a point: 2.0 epochs would be a fraction to some libraries.
_VALIDATOR = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

_KINDS = {
    "object": "a mapping (key: value)",
    "array": "a list ([…])",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}

# What the hub itself allows: OWNER/NAME, or the NAME of an old data set.
_HUB_ID = re.compile(r"\w[\w.-]{0,95}(/\w[\w.-]{0,95})?", re.ASCII)

# Snakemake reads braces as wildcards; a control character breaks logs and commands.
_NOT_IN_PATHS = re.compile(r"[{}\x00-\x1f\x7f]")


def refuse_repeated_keys(path: Path) -> None:
    """Refuse a YAML file in which a key stands twice: a parser takes the last without a word.

    Raises
    ------
    StudyError
        Naming the file, the key and its line.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        # Snakemake has read it, so it is JSON.
        return
    except UnicodeDecodeError as error:
        raise StudyError(f"{path}: not UTF-8 text ({error.reason}); convert it") from error
    for mapping in _mappings(root, set()):
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


def validate(config: Mapping[str, Any], schema_path: Path) -> None:
    """Check a config against the schema, and for what a schema cannot say.

    Raises
    ------
    StudyError
        Naming the key, what stands there and what to do about it.
    """
    errors = list(_VALIDATOR(_schema(schema_path)).iter_errors(dict(config)))
    if errors:
        # The deepest error is the most precise; of equals, the first in the config's order.
        raise StudyError(_explain(max(errors, key=lambda error: len(error.absolute_path))))
    for key, value in _leaves(config, ""):
        if isinstance(value, float) and not math.isfinite(value):
            raise StudyError(f"config key {key}: {value} is no finite number; give one")
    _check_results(config["results"])
    if config["release"]:
        _check_path("release", config["release"])
        # Nothing but the release is read, so the sources may be on another machine.
        if not Path(config["release"], MANIFEST).is_file():
            raise StudyError(
                f"config key release: {config['release']} is no results release; it has no "
                f"{MANIFEST}"
            )
        return
    for key, paths in source_paths(config).items():
        if not paths:
            raise StudyError(
                f"config key {key} is empty; give the path, since the source is 'file'"
            )
        for path in paths:
            _check_source(key, path)
    for key in _hub_keys(config):
        _check_hub_id(f"{key}.id", _at(config, key)["id"])
    _check_columns(config)
    _check_address(config["identity_templates"]["url"]["address"])
    _check_grid(config)
    _check_lengths(config)


@cache
def _schema(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def source_paths(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the paths that the config's sources name, by config key."""
    found = {
        f"{task}.file.path": [config[task]["file"]["path"]]
        for task in TASKS
        if config[task]["source"] == "file"
    }
    if config["wiki"]["source"] == "detox":
        # An empty path stands for a file that is fetched.
        found |= {
            f"wiki.detox.{name}": [config["wiki"]["detox"][name]]
            for name in NAMES
            if config["wiki"]["detox"][name]
        }
    if config["identity_templates"]["source"] == "file":
        found["identity_templates.file.path"] = [config["identity_templates"]["file"]["path"]]
    if config["model"]["source"] == "file":
        found["model.file.path"] = [config["model"]["file"]["path"]]
    if config["model"]["corpus"]["source"] == "file":
        found["model.corpus.file.paths"] = list(config["model"]["corpus"]["file"]["paths"])
    if config["sentiment"]["source"] == "file":
        found["sentiment.file.path"] = [config["sentiment"]["file"]["path"]]
        labels = config["sentiment"]["file"]["labels_path"]
        if labels:
            found["sentiment.file.labels_path"] = [labels]
    # A folder of the hub's form may stand in place of an id.
    found |= {
        f"{key}.id": [_at(config, key)["id"]]
        for key in _hub_keys(config)
        if os.path.isdir(_at(config, key)["id"])
    }
    return {key: [path for path in paths if path] for key, paths in found.items()}


def is_generated(config: Mapping[str, Any]) -> bool:
    """Tell whether any text that the study uses was generated, as every figure must then say."""
    used = [config[name] for name in ("bios", "wiki", "sentiment")]
    debiased = any("sentdebias" in config[task]["upstream"] for task in TASKS)
    if config["model"]["source"] == "generated" or debiased:
        used.append(config["model"]["corpus"])
    return any(section["source"] == "generated" for section in used)


def _hub_keys(config: Mapping[str, Any]) -> Iterator[str]:
    for name in (*TASKS, "model", "model.corpus", "sentiment"):
        if _at(config, name)["source"] == "hub":
            yield f"{name}.hub"


def _at(config: Mapping[str, Any], key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Yield each value that is no mapping and no list, with its key; refuse keys that are no text.

    The schema has passed, so that the depth is bounded.
    """
    if isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                # YAML makes numbers of 0 and 1, and truth values of yes and no.
                raise StudyError(
                    f"config key {key}: YAML reads the key {name!r} as {type(name).__name__}, not "
                    "as text; put it in quotes as it stands in your file"
                )
            yield from _leaves(part, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _leaves(part, f"{key}.{place}")
    else:
        yield key, value


def _check_results(results: str) -> None:
    _check_path("results", results)
    folder = Path(results)
    if os.path.exists(folder) and not folder.is_dir():
        raise StudyError(f"config key results: {results} is a file; give a folder")
    _refuse_here("results", folder)


def _refuse_here(key: str, folder: Path) -> None:
    """Refuse a folder with everything in it where one of its own is meant."""
    if Path.cwd().is_relative_to(folder.resolve()):
        raise StudyError(
            f"config key {key}: {folder} is the folder that Snakemake runs in, or holds it; give a "
            "folder of its own"
        )


def _check_path(key: str, path: str) -> None:
    """Refuse the few paths that Snakemake or a command would read as something else."""
    found = _NOT_IN_PATHS.search(path)
    if found:
        raise StudyError(
            f"config key {key}: the path {path!r} holds {found.group()!r}, which Snakemake cannot "
            "take in a path; rename it or give a link to it"
        )
    if path.startswith(("-", "~")):
        raise StudyError(
            f"config key {key}: the path {path!r} starts with {path[0]!r}, which a command takes "
            "for something else; write the path from the root"
        )


def _check_source(key: str, path: str) -> None:
    _check_path(key, path)
    # Unlike pathlib's, it takes a name that is too long for one that is not there.
    if not os.path.exists(path):
        raise StudyError(f"config key {key}: {path} does not exist; correct the path")
    wants_folder = key == "model.file.path" or key.endswith(".hub.id")
    if Path(path).is_dir() != wants_folder:
        found, wanted = ("a file", "folder") if wants_folder else ("a folder", "file")
        raise StudyError(f"config key {key}: {path} is {found}; give a {wanted}")
    if wants_folder:
        _refuse_here(key, Path(path))


def _check_hub_id(key: str, name: str) -> None:
    if not name:
        raise StudyError(f"config key {key} is empty; give the id, since the source is 'hub'")
    if os.path.isdir(name):
        return
    if not _HUB_ID.fullmatch(name) or ".." in name or "--" in name:
        raise StudyError(
            f"config key {key}: {_shown(name)} is no folder that exists, nor an id of the form "
            "OWNER/NAME; correct it"
        )


def _check_columns(config: Mapping[str, Any]) -> None:
    """Refuse one column for two purposes: a text would be taken for a label, and quoted as one."""
    sections = {f"{name}.file": config[name]["file"] for name in (*TASKS, "sentiment")}
    sections |= {f"{name}.hub": config[name]["hub"] for name in TASKS}
    sections["identity_templates"] = config["identity_templates"]
    for name, section in sections.items():
        used: dict[str, str] = {}
        for key in ("text", "label", "group", "kind", "id"):
            # A hub's `id` is the data set's.
            column = section.get(key, "") if (key != "id" or "path" in section) else ""
            if column and column in used:
                raise StudyError(
                    f"config key {name}.{key}: the column {column!r} is that of {name}."
                    f"{used[column]} already; name another"
                )
            used[column] = key


def _check_address(address: str) -> None:
    # The file that is fetched is named after it.
    if Path(address).suffix not in TABLE_SUFFIXES:
        raise StudyError(
            f"config key identity_templates.url.address: {address!r} does not end in one of "
            f"{', '.join(TABLE_SUFFIXES)}; give the address of such a file"
        )


def _check_lengths(config: Mapping[str, Any]) -> None:
    """Refuse longer texts than the checkpoint has positions for, where that is known already."""
    model, sentiment = config["model"], config["sentiment"]
    if model["source"] == "generated":
        positions: int | None = model["architecture"]["maximum_length"]
    elif model["source"] == "file":
        positions = _positions(Path(model["file"]["path"]))
    else:
        positions = _positions(Path(model["hub"]["id"]))
    limits: dict[str, int | None] = dict.fromkeys(TASKS, positions)
    if sentiment["source"] in ("generated", "file"):
        # Its classifier is fine-tuned from the same checkpoint.
        limits["sentiment"] = positions
    elif sentiment["source"] == "hub":
        limits["sentiment"] = _positions(Path(sentiment["hub"]["id"]))
    for name, limit in limits.items():
        length = config[name]["maximum_length"]
        if limit is not None and length > limit:
            raise StudyError(
                f"config key {name}.maximum_length: {length} tokens, but the checkpoint has "
                f"{limit} positions; lower it"
            )


def _positions(folder: Path) -> int | None:
    """Return how many tokens the RoBERTa in a folder takes; None where that is not known yet."""
    try:
        described = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        # RoBERTa counts positions from the one behind padding.
        return int(described["max_position_embeddings"]) - int(described["pad_token_id"]) - 1
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        # On the hub, or broken: whoever loads it will tell.
        return None


def _check_grid(config: Mapping[str, Any]) -> None:
    size = config["model"]["architecture"]
    if size["hidden_size"] % size["heads"]:
        raise StudyError(
            f"config key model.architecture.hidden_size: {size['hidden_size']} is not a multiple "
            f"of model.architecture.heads ({size['heads']})"
        )
    for kind, key in (
        ("uniform", "half_widths"),
        ("gaussian", "standard_deviations"),
        ("sentdebias", "gammas"),
    ):
        wanted = [task for task in TASKS if kind in config[task]["upstream"]]
        if wanted and not config["upstream"][kind][key]:
            raise StudyError(
                f"config key upstream.{kind}.{key} is empty, but {wanted[0]}.upstream asks for "
                f"{kind}; list at least one value or drop {kind} there"
            )
    for kind in ("random", "uniform", "gaussian"):
        wanted = [task for task in TASKS if kind in config[task]["upstream"]]
        if wanted and not config["upstream"][kind]["trials"]:
            raise StudyError(
                f"config key upstream.{kind}.trials is 0, but {wanted[0]}.upstream asks for "
                f"{kind}; set at least 1 or drop {kind} there"
            )
    trials = config["wiki"]["scrub_on_random_trials"] if config["wiki"]["scrub_on_random"] else 0
    if trials > config["upstream"]["random"]["trials"]:
        raise StudyError(
            f"config key wiki.scrub_on_random_trials: {trials}, but upstream.random.trials is "
            f"{config['upstream']['random']['trials']}; raise the one or lower the other"
        )
    names = [model.path for model in models(dict(config))]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise StudyError(
            f"the config asks for {repeated[0]} twice; remove one of the equal interventions"
        )


def _explain(error: jsonschema.ValidationError) -> str:
    # The library's own types also allow for a schema that is a bare truth value.
    rule: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    key = ".".join(str(part) for part in error.absolute_path)
    at = f"config key {key}" if key else "config"
    shown = _shown(instance)
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = next(name for name in instance if name not in known)
        name = f"{key}.{unknown}" if key else str(unknown)
        close = difflib.get_close_matches(str(unknown), known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"config key {name} is unknown; {hint}"
    if error.validator == "required":
        missing = next(name for name in rule if name not in instance)
        return f"{at}: the key {missing!r} is missing; copy it from config.yaml"
    if error.validator == "enum":
        close = difflib.get_close_matches(str(instance), map(str, rule), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        known_values = ", ".join(map(str, rule))
        return f"{at}: {shown} is not one of {known_values}{hint}"
    if error.validator == "type":
        hint = ""
        if rule in ("number", "integer") and _is_number(instance):
            hint = "; YAML reads it as text: write it out in digits and without quotes"
        return f"{at}: {shown} where {_KINDS[rule]} is needed{hint}"
    if error.validator == "uniqueItems":
        return f"{at}: {shown} lists a value twice; remove one"
    if error.validator == "minLength":
        return f"{at} is empty; give a value"
    if error.validator == "minItems":
        return f"{at}: the list is empty; give at least {rule} value"
    if error.validator == "not":
        return f"{at}: 0 changes nothing and is always there as 'pretrained'; remove it"
    return f"{at}: {error.message.replace(repr(instance), shown)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return isinstance(value, str)
