"""Walks over the sections of a config: which keys name files, and which sources are in use."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from bias_transfer.section import Mark, Section


def marks(section: Section) -> Iterator[tuple[str, Mark]]:
    """Yield the section's own keys that name something outside the config."""
    for name, field in type(section).model_fields.items():
        yield from ((name, mark) for mark in field.metadata if isinstance(mark, Mark))


def sections(section: Section) -> Iterator[tuple[str, Section]]:
    """Yield a section and every section inside it that is in use, each with its key.

    A source that is not in use is left out: `file` while `source` says `hub`.
    """
    return _sections(section, "", unused_sources)


def all_sections(section: Section) -> Iterator[tuple[str, Section]]:
    """Yield a section and every section inside it, each with its key."""
    return _sections(section, "", lambda section: frozenset())


def _sections(
    value: Any, key: str, left_out: Callable[[Section], frozenset[str]]
) -> Iterator[tuple[str, Section]]:
    parts: Mapping[Any, Any] = {}
    if isinstance(value, Section):
        yield key, value
        parts = {name: each for name, each in value if name not in left_out(value)}
    elif isinstance(value, dict):
        parts = value
    elif isinstance(value, list):
        parts = dict(enumerate(value))
    for name, part in parts.items():
        yield from _sections(part, f"{key}.{name}" if key else name, left_out)


def unused_sources(section: Section) -> frozenset[str]:
    """Return the keys of a section that describe sources other than the one that it uses."""
    field = type(section).model_fields.get("source")
    if field is None:
        return frozenset()
    return frozenset(get_args(field.annotation)) - {getattr(section, "source", "")}


def settings_in_use(section: Section) -> dict[str, Any]:
    """Return a section as plain values, without the sources that it does not use.

    A job that is told these reruns for no change of another source.
    """
    unused = unused_sources(section)
    return {
        name: settings_in_use(getattr(section, name))
        if isinstance(getattr(section, name), Section)
        else value
        for name, value in section.model_dump().items()
        if name not in unused
    }
