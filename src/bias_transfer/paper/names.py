"""The numbers and names of the paper's tables by task, for whoever needs no statistics."""

from collections.abc import Collection, Mapping

# Table 2 is of both tasks.
REGRESSIONS: Mapping[str, tuple[int, ...]] = {"bios": (3, 5), "wiki": (4, 6, 7, 8)}


def table_names(tasks: Collection[str]) -> tuple[str, ...]:
    """Return the names of the tables that a study with these tasks has; none without its tasks."""
    numbers = sorted(number for task in tasks for number in REGRESSIONS.get(task, ()))
    return tuple(f"table{number}" for number in (2, *numbers)) if numbers else ()
