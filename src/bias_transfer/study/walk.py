"""Walks over the sections of a config: which keys name files, and which sources are in use."""

from collections.abc import Iterator
from typing import Any, get_args

from bias_transfer.section import Mark, Section


def marks(section: Section) -> Iterator[tuple[str, Mark]]:
    """Yield the section's own keys that name something outside the config."""
    for name, field in type(section).model_fields.items():
        yield from ((name, mark) for mark in field.metadata if isinstance(mark, Mark))


def sections(section: Section, key: str = "", *, unused: bool) -> Iterator[tuple[str, Section]]:
    """Yield a section and every section inside it, each with its key.

    Parameters
    ----------
    section, key
        Where to begin.
    unused
        Whether to go into sources that are not in use: `file` while `source` says `hub`.
    """
    yield key, section
    left_out = frozenset() if unused else unused_sources(section)
    for name in type(section).model_fields:
        if name not in left_out:
            inner = f"{key}.{name}" if key else name
            yield from _inside(getattr(section, name), inner, unused=unused)


def _inside(value: Any, key: str, *, unused: bool) -> Iterator[tuple[str, Section]]:
    if isinstance(value, Section):
        yield from sections(value, key, unused=unused)
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _inside(part, f"{key}.{name}", unused=unused)
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _inside(part, f"{key}.{place}", unused=unused)


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
    dumped = section.model_dump()
    for key in unused_sources(section):
        dumped.pop(key, None)
    return {
        name: settings_in_use(getattr(section, name))
        if isinstance(getattr(section, name), Section)
        else value
        for name, value in dumped.items()
    }
