"""Plug-ins: a module in its package is found by its name, and declares itself in one object."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, TypeVar


class Ordered(Protocol):
    """What has a place among its like."""

    @property
    def order(self) -> int:
        """Its place; equal ones go by name."""


AnyOrdered = TypeVar("AnyOrdered", bound=Ordered)


@cache
def names(package: str) -> tuple[str, ...]:
    """Return the names of a package's plug-ins, alphabetically.

    Every module of the package is one but those whose name starts with an underscore, which hold
    what several plug-ins share.

    Parameters
    ----------
    package
        Such as `bias_transfer.upstream`.
    """
    found = pkgutil.iter_modules(importlib.import_module(package).__path__)
    return tuple(sorted(each.name for each in found if not each.name.startswith("_")))


def declared(package: str, name: str, what: str) -> Any:
    """Return the object that a plug-in declares itself in.

    Only this one module is imported, so that what a job depends on is what it uses.

    Parameters
    ----------
    package, name
        Such as `bias_transfer.upstream` and `uniform`.
    what
        The object's name in the module, such as `METHOD`.
    """
    return getattr(importlib.import_module(f"{package}.{name}"), what)


def in_order(found: Mapping[str, AnyOrdered]) -> dict[str, AnyOrdered]:
    """Return plug-ins in their order, equal ones by name."""
    return dict(sorted(found.items(), key=lambda each: (each[1].order, each[0])))
