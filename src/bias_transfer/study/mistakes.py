"""What is wrong with a config, in one line: the key, what stands there, what to do about it."""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from bias_transfer.errors import counted

_Schema = Mapping[str, Any]

# What pydantic calls the mistake of another type, and what is needed in its place.
_NEEDED = {
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "list_type": "a list ([…])",
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
}

_LIMITS = {
    "greater_than": ("gt", "is less than or equal to the minimum of"),
    "greater_than_equal": ("ge", "is less than the minimum of"),
    "less_than": ("lt", "is greater than or equal to the maximum of"),
    "less_than_equal": ("le", "is greater than the maximum of"),
}

# What a pattern means.
_IN_WORDS = {
    r"^[a-z][a-z0-9_]*$": (
        ", which is small letters from a to z, digits and underscores, a letter first; titles may "
        "hold any"
    ),
}

# Stands in the place of a mapping's key where the key itself is wrong.
_KEY = "[key]"


def told(error: ValidationError, schema: _Schema) -> str:
    """Return the worst of a config's mistakes in one line.

    Parameters
    ----------
    error
        All of them.
    schema
        The JSON schema of the whole config, which says what could stand there.
    """
    found = [(_Place(schema, each["loc"]), each) for each in error.errors(include_url=False)]
    # The deepest mistake is the most precise; of equals, the first in the order of the keys.
    place, details = max(found, key=lambda each: len(each[0].keys))
    return _line(place, details)


class _Place:
    """Where a mistake is: its keys, and what the schema says of it.

    pydantic puts the kind of a task among the keys, where a union is decided by it.
    """

    def __init__(self, schema: _Schema, location: Sequence[int | str]) -> None:
        self.is_key = bool(location) and location[-1] == _KEY
        place = location[:-1] if self.is_key else location
        self.keys, here = _walked(schema, schema, place)
        _, around = _walked(schema, schema, place[:-1])
        self._here, self._around = list(_options(schema, here)), list(_options(schema, around))

    @property
    def at(self) -> str:
        """The key, as messages name it."""
        return _named(self.keys)

    @property
    def above(self) -> str:
        """The key above, as messages name it."""
        return _named(self.keys[:-1])

    def known(self) -> list[str]:
        """List the keys that may stand beside the last one."""
        return [name for each in self._around for name in each.get("properties", {})]

    def choices(self) -> list[str]:
        """List the values that may stand here, where they are counted out."""
        return [
            str(value)
            for each in self._here
            for value in each.get("enum", [each["const"]] if "const" in each else [])
        ]


def _named(keys: Sequence[int | str]) -> str:
    """Name a key on one line, whatever stands in it."""
    parts = [str(key) if str(key).isprintable() else repr(key) for key in keys]
    return f"config key {'.'.join(parts)}" if parts else "config"


def _walked(
    root: _Schema, schema: _Schema, location: Sequence[int | str]
) -> tuple[tuple[int | str, ...], _Schema]:
    """Follow a location into a schema; what it does not know is followed into nothing."""
    if not location:
        return (), schema
    part, rest = location[0], location[1:]
    for option in _options(root, schema):
        if part in option.get("discriminator", {}).get("mapping", {}):
            # No key of the config's.
            return _walked(root, {"$ref": option["discriminator"]["mapping"][part]}, rest)
        for inner in _inside(option, part):
            keys, found = _walked(root, inner, rest)
            return (part, *keys), found
    keys, found = _walked(root, {}, rest)
    return (part, *keys), found


def _inside(schema: _Schema, part: int | str) -> Iterator[_Schema]:
    if isinstance(part, int) and isinstance(schema.get("items"), Mapping):
        yield schema["items"]
    elif part in schema.get("properties", {}):
        yield schema["properties"][part]
    elif isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"]


def _options(root: _Schema, schema: _Schema) -> Iterator[_Schema]:
    """Yield a schema, and what it refers to or chooses from, one after the other."""
    yield schema
    if "$ref" in schema:
        yield from _options(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    if "discriminator" not in schema:
        for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _options(root, option)


def _line(place: _Place, error: Mapping[str, Any]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    at = place.at
    if place.is_key:
        return _wrong_key(place, error)
    if kind in ("extra_forbidden", "invalid_key"):
        known = place.known()
        all_known = f"known keys: {', '.join(known)}"
        return f"{at} is unknown; {meant(str(place.keys[-1]), known) or all_known}"
    if kind == "missing":
        return _missing(place.above, str(place.keys[-1]))
    if kind == "union_tag_not_found":
        return _missing(at, "kind")
    if kind == "union_tag_invalid":
        kinds = context["expected_tags"].replace("'", "").split(", ")
        return f"{at}.kind: {not_one_of(context['tag'], kinds)}"
    if kind == "literal_error":
        return f"{at}: {not_one_of(value, place.choices())}"
    if kind in _NEEDED:
        return f"{at}: {shown(value)} where {_NEEDED[kind]} is needed{_form_hint(kind, value)}"
    if kind in _LIMITS:
        name, said = _LIMITS[kind]
        return f"{at}: {shown(value)} {said} {context[name]:g}"
    return _OTHERS.get(kind, _anything_else)(at, error)


def _anything_else(at: str, error: Mapping[str, Any]) -> str:
    text = str(error.get("ctx", {}).get("error", error["msg"]))
    return f"{at}: {' '.join(text.split())}"


def _too_short(at: str, error: Mapping[str, Any]) -> str:
    value = error["input"]
    what = "list" if isinstance(value, list) else "mapping"
    found = f"has {counted(len(value), 'value')} only" if value else "is empty"
    least = counted(error["ctx"]["min_length"], "value")
    return f"{at}: the {what} {found}; give at least {least}"


_OTHERS: dict[str, Callable[[str, Mapping[str, Any]], str]] = {
    "finite_number": lambda at, error: f"{at}: {error['input']} is no finite number; give one",
    "string_too_short": lambda at, _: f"{at} is empty; give a value",
    "too_short": _too_short,
    "string_pattern_mismatch": lambda at, error: (
        f"{at}: {shown(error['input'])} is not of the form {error['ctx']['pattern']}"
        f"{_IN_WORDS.get(error['ctx']['pattern'], '')}"
    ),
    "repeated": lambda at, error: f"{at}: {shown(error['input'])} {error['msg']}",
}


def _wrong_key(place: _Place, error: Mapping[str, Any]) -> str:
    value = error["input"]
    if isinstance(value, str):
        return _anything_else(place.above, error)
    # YAML makes numbers of 0 and 1, and truth values of yes and no.
    return (
        f"{place.above}: YAML reads the key {value!r} as {type(value).__name__}, not as text; put "
        "it in quotes as it stands in your file"
    )


def _missing(at: str, key: str) -> str:
    return f"{at}: the key {key!r} is missing; docs/config.md says what it is for"


def not_one_of(value: object, known: Sequence[str]) -> str:
    """Say that a value is none of those that could stand there, and which it may be meant for."""
    text = f"{shown(value)} is not one of {', '.join(known)}"
    guess = meant(str(value), known)
    return f"{text}; {guess}" if guess else text


def shown(value: object) -> str:
    """Return a value as messages show it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def meant(value: str, known: Sequence[str]) -> str:
    """Ask for the one that a value may be meant for; empty where none is like it."""
    close = difflib.get_close_matches(value, known, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _form_hint(kind: str, value: object) -> str:
    """Say what to do where YAML has read a value as something else than it looks like."""
    if kind == "string_type" and isinstance(value, bool | int | float | date):
        return "; YAML reads it so: put it in quotes"
    if not isinstance(value, str) or not kind.startswith(("int", "float")):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return (
        "; YAML reads it as text: write it out in digits and without quotes, and in a file, since "
        "behind --config Snakemake reads what is nested as text"
    )
