"""The study's configuration: validated against its schema, with one clear line a mistake."""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from bias_transfer.artifacts import MANIFEST
from bias_transfer.data.detox import NAMES
from bias_transfer.errors import StudyError
from bias_transfer.grid import TASKS, models


def validate(config: Mapping[str, Any], schema_path: Path) -> None:
    """Check a config against the schema, and for what a schema cannot say.

    Raises
    ------
    StudyError
        Naming the key, what stands there and what to do about it.
    """
    schema = yaml.safe_load(schema_path.read_text())
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(dict(config)))
    if errors:
        # The deepest error is the most precise; of equals, the first in the config's order.
        raise StudyError(_explain(max(errors, key=lambda error: len(error.absolute_path))))
    if config["release"]:
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
            if not Path(path).exists():
                raise StudyError(f"config key {key}: {path} does not exist")
    for key in _hub_keys(config):
        section = _at(config, key)
        if not section["id"]:
            raise StudyError(
                f"config key {key}.id is empty; give the id, since the source is 'hub'"
            )
    _check_grid(config)


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
        if _at(config, key)["id"] and Path(_at(config, key)["id"]).is_dir()
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
        return f"{at}: {instance!r} is not one of {known_values}{hint}"
    if error.validator == "minItems":
        return f"{at}: the list is empty; give at least {rule} value"
    if error.validator == "not":
        return f"{at}: 0 changes nothing and is always there as 'pretrained'; remove it"
    return f"{at}: {error.message}"
