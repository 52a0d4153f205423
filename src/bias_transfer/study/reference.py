"""Writes what is made from the config's model: config.yaml, its JSON schema and docs/config.md.

Run `python -m bias_transfer.study.reference` in the project's folder.
"""

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema

from bias_transfer.alterations import alterations
from bias_transfer.study import declared
from bias_transfer.study.config import Study

_WIDTH = 100
# Where the comment of a short line begins.
_COLUMN = 26

# A rule above the key that each part of config.yaml begins with.
_PARTS = {
    "tasks": "text",
    "model": "checkpoints",
    "measures": "bias inside a language model",
    "analysis": "analysis",
}

_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping of text to text",
}

_SIGNS = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}

_CONFIG = """\
# The default study: embedded, complete, minutes on two cores. Lay another file over this one with
# --configfile: mappings are merged, lists replaced, and a task that is null is left out.
# Written by `python -m bias_transfer.study.reference`; docs/config.md says more of each key.
"""

_SCHEMA = """\
# JSON schema of the config: every key with its meaning and its default.
# Written by `python -m bias_transfer.study.reference`.
"""

_PAGE = """\
# The config

Every key of a study. A key that a config lacks has the default that stands here; where there is
none (—), the key must be given. `config.yaml` is the default study, with the two tasks of the
paper; a file given with `--configfile` is laid over it: mappings are merged, lists are replaced,
and a task whose value is `null` is left out. Unknown keys are refused.

This page is written by `python -m bias_transfer.study.reference`.
"""

_TASKS = """\
Any number of tasks, each under a name of your own: letters, digits, hyphens and underscores. A task
is of one of the kinds below. Without this key there are the two of `config.yaml`.
"""


@dataclass(frozen=True)
class Key:
    """A key of the config, as the schema describes it.

    Attributes
    ----------
    name
        Its last part.
    schema
        Its type and its meaning.
    default
        Its value where a config lacks it; `...` where it must be given.
    inside
        Its own keys, where it holds a section.
    """

    name: str
    schema: Mapping[str, Any]
    default: Any
    inside: tuple["Key", ...]

    @property
    def meaning(self) -> str:
        """What it is for."""
        return str(self.schema["description"])

    @property
    def choices(self) -> list[str]:
        """The values that it may have, where they are counted out."""
        return [_flow(value) for value in self.schema.get("enum", ())]


class _Untitled(GenerateJsonSchema):
    """Leaves out titles, which say the names of the keys once more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _on_one_line(schema: Any) -> Any:
    """Join the lines of the texts in a schema."""
    if isinstance(schema, dict):
        return {name: _on_one_line(part) for name, part in schema.items()}
    if isinstance(schema, list):
        return [_on_one_line(part) for part in schema]
    return " ".join(schema.split()) if isinstance(schema, str) else schema


class Reference:
    """The schema of the config, and what is read off it."""

    def __init__(self) -> None:
        made = Study.model_json_schema(schema_generator=_Untitled)
        self.schema: dict[str, Any] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **{name: _on_one_line(part) for name, part in made.items() if name != "$defs"},
            "$defs": _on_one_line(made["$defs"]),
        }

    def keys(self, schema: Mapping[str, Any], defaults: Mapping[str, Any]) -> tuple[Key, ...]:
        """List the keys of a section.

        Parameters
        ----------
        schema
            The section's.
        defaults
            Values that go before the section's own defaults.
        """
        return tuple(
            self._key(name, self.resolved(each), defaults.get(name, ...))
            for name, each in self.resolved(schema).get("properties", {}).items()
        )

    def task_keys(self, kind: str, values: Mapping[str, Any]) -> tuple[Key, ...]:
        """List the keys of a task of a kind, in the order of a declared one, where there is one."""
        found = {key.name: key for key in self.keys(self._kinds()[kind], values)}
        order = [name for each in declared.TASKS.values() if each["kind"] == kind for name in each]
        return tuple(found[name] for name in dict.fromkeys([*order, *found]))

    def kinds(self) -> tuple[str, ...]:
        """List the kinds of task."""
        return tuple(self._kinds())

    def kind_meaning(self, kind: str) -> str:
        """Return what a kind of task is."""
        return str(self.resolved(self._kinds()[kind])["description"])

    def flat(self, keys: Iterable[Key], before: str = "") -> Iterator[tuple[str, Key]]:
        """Yield each key that holds a value with its whole name, those of list entries too."""
        for key in keys:
            name = f"{before}{key.name}"
            if key.inside:
                yield from self.flat(key.inside, f"{name}.")
                continue
            yield name, key
            entry = self.resolved(key.schema.get("items", {}))
            yield from self.flat(self.keys(entry, {}), f"{name}[].")

    def words(self, schema: Mapping[str, Any]) -> str:
        """Say in words what may stand there."""
        schema = self.resolved(schema)
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(map(self.words, schema["anyOf"])))
        if "enum" in schema or "const" in schema:
            return ", ".join(
                f"`{_flow(each)}`" for each in schema.get("enum", [schema.get("const")])
            )
        if schema.get("type") == "array":
            return f"list of {self.words(schema['items'])}"
        if schema.get("type") == "object" and "properties" in schema:
            names = ", ".join(schema["properties"])
            return f"mapping ({names})" if names else "mapping, empty"
        limits = [f"{sign} {schema[name]:g}" for name, sign in _SIGNS.items() if name in schema]
        return " ".join([_WORDS[schema["type"]], ", ".join(limits)]).strip()

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a schema with what it refers to written out, its own words first."""
        if "$ref" not in schema:
            return schema
        return dict(self.schema["$defs"][schema["$ref"].rpartition("/")[2]]) | dict(schema)

    def _key(self, name: str, schema: Mapping[str, Any], default: Any) -> Key:
        own = schema.get("default", ...)
        if isinstance(own, dict) and isinstance(default, Mapping):
            default = own | dict(default)
        value = own if default is ... else default
        inside = self.keys(schema, value if isinstance(value, Mapping) else {})
        return Key(name, schema, value, inside)

    def _kinds(self) -> dict[str, Any]:
        options = self.schema["properties"]["tasks"]["additionalProperties"]["anyOf"]
        (union,) = (each for each in options if "discriminator" in each)
        return {name: {"$ref": ref} for name, ref in union["discriminator"]["mapping"].items()}


# ---- config.yaml ------------------------------------------------------------------------


def default_config() -> str:
    """Return config.yaml."""
    reference = Reference()
    lines = _CONFIG.splitlines()
    for key in reference.keys(reference.schema, {}):
        if key.name in _PARTS:
            lines += ["", f"# ---- {_PARTS[key.name]} ".ljust(_WIDTH, "-")]
        elif key.inside or key.name == "results":
            lines += [""]
        if key.name == "tasks":
            lines += _commented("tasks:", _comment(key))
            for name, values in declared.TASKS.items():
                lines += ["", f"  {name}:"]
                lines += _entries(_fitting(reference.task_keys(values["kind"], values), values), 4)
        else:
            lines += _entries((key,), 0)
    return "\n".join(lines) + "\n"


def _entries(keys: Iterable[Key], indent: int) -> Iterator[str]:
    for key in keys:
        start = f"{' ' * indent}{key.name}:"
        if key.inside:
            yield from _commented(start, _comment(key))
            yield from _entries(key.inside, indent + 2)
        elif isinstance(key.default, list) and any(isinstance(each, dict) for each in key.default):
            yield from _commented(start, _comment(key))
            yield from (f"{' ' * indent}  - {_flow(each)}" for each in key.default)
        else:
            yield from _commented(f"{start} {_flow(key.default)}", _comment(key))


def _fitting(keys: Iterable[Key], values: Mapping[str, Any]) -> Iterator[Key]:
    """Leave out the alterations that are for other kinds of task."""
    others = {name for name, each in alterations().items() if values["kind"] not in each.task_kinds}
    for key in keys:
        inside = tuple(each for each in key.inside if each.name not in others)
        yield replace(key, inside=inside) if key.name == "alterations" else key


def _comment(key: Key) -> str:
    """Return the values that a key may have, and the first sentence of its meaning."""
    sentence = re.split(r"(?<=[.])\s", key.meaning)[0].rstrip(".")
    return f"{' | '.join(key.choices)}: {sentence}" if key.choices else sentence


def _commented(line: str, comment: str) -> list[str]:
    """Put a comment behind a line, or above it where it is too long."""
    whole = f"{line.ljust(_COLUMN - 2)}  # {comment}"
    if len(whole) <= _WIDTH:
        return [whole]
    indent = " " * (len(line) - len(line.lstrip()))
    return [*textwrap.wrap(f"{indent}# {comment}", _WIDTH, subsequent_indent=f"{indent}# "), line]


def _flow(value: Any) -> str:
    """Write a value as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        is_plain = value and yaml.safe_load(f"[{value}]") == [value]
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        # YAML reads 1e-05 as text.
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return json.dumps(value)


# ---- the schema and the page ------------------------------------------------------------


def json_schema() -> str:
    """Return the JSON schema of the config as YAML."""
    body = yaml.safe_dump(
        Reference().schema,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
        default_flow_style=None,
    )
    return _SCHEMA + body


def page() -> str:
    """Return docs/config.md."""
    reference = Reference()
    keys = reference.keys(reference.schema, {})
    parts = [
        _PAGE,
        "## The study\n",
        _table(reference, [each for each in keys if not _is_part(each)]),
    ]
    for key in keys:
        if key.name == "tasks":
            parts += ["## tasks\n", _TASKS]
            for kind in reference.kinds():
                parts += [f"### kind: {kind}\n", f"{reference.kind_meaning(kind)}\n"]
                parts += [_table(reference, reference.task_keys(kind, {}))]
        elif _is_part(key):
            parts += [f"## {key.name}\n", f"{key.meaning}\n", _table(reference, key.inside)]
    return "\n".join(parts)


def _is_part(key: Key) -> bool:
    return bool(key.inside) or key.name == "tasks"


def _table(reference: Reference, keys: Iterable[Key]) -> str:
    rows = [("key", "type", "default", "meaning"), ("---", "---", "---", "---")]
    for name, key in reference.flat(keys):
        default = "—" if key.default is ... else f"`{_flow(key.default)}`"
        rows.append((f"`{name}`", reference.words(key.schema), default, key.meaning))
    lines = [f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |" for row in rows]
    return "\n".join([*lines, ""])


FILES: dict[str, Callable[[], str]] = {
    "config.yaml": default_config,
    "workflow/schemas/config.schema.yaml": json_schema,
    "docs/config.md": page,
}


def main() -> None:
    """Write the files below the working directory."""
    for name, text in FILES.items():
        Path(name).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
