"""What a task's section gives in words: vocabularies read, names told apart, templates checked."""

import re
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError
from bias_transfer.section import Name


def read_by(read: Callable[[object], object], given: Any) -> BeforeValidator:
    """Return what turns the name of a vocabulary, or of a file, into its content.

    Content passes as it is, so that a config that was resolved is resolved to the same again.

    Parameters
    ----------
    read
        A function of `bias_transfer.vocabularies`.
    given
        The type of what a config may hold.
    """

    def resolve(value: object) -> object:
        try:
            return read(value)
        except StudyError as error:
            # Of this kind, whoever reads the config puts the key before it.
            raise ValueError(str(error)) from error

    return BeforeValidator(resolve, json_schema_input_type=given)


# Sentences by their names: a vocabulary, a CSV file, or a mapping.
Templates = Annotated[dict[Name, Name], read_by(vocabularies.templates, str | dict[Name, Name])]


def identifier(name: str) -> str:
    """Return a name's letters and digits, for columns and folders: `non-toxic` → `nontoxic`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def refuse_repetition(names: Iterable[str], what: str) -> None:
    """Refuse names of which two are the same but for capitals.

    Raises
    ------
    ValueError
        Naming the second.
    """
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise ValueError(f"the {what} {name!r} stands there for the second time; remove one")
        seen.add(name.casefold())


def check_templates(templates: Mapping[str, str], places: Sequence[Sequence[str]]) -> None:
    """Refuse template sentences that lack a placeholder or have another.

    Parameters
    ----------
    templates
        From their names to the sentences.
    places
        The placeholders that a sentence has: of each group exactly one, exactly once.

    Raises
    ------
    ValueError
        Naming the template.
    """
    known = [name for choices in places for name in choices]
    for name, sentence in templates.items():
        found = _placeholders(name, sentence)
        unknown = [each for each in found if each not in known]
        if unknown:
            raise ValueError(
                f"template {name!r}: the placeholder {{{unknown[0]}}} is unknown; known are "
                f"{_listed(known, ', ')}"
            )
        for choices in places:
            if sum(found.count(each) for each in choices) != 1:
                raise ValueError(
                    f"template {name!r} must hold {_listed(choices, ' or ')} exactly once"
                )


def _listed(names: Sequence[str], between: str) -> str:
    return between.join(f"{{{name}}}" for name in names)


def _placeholders(name: str, sentence: str) -> list[str]:
    try:
        parts = list(string.Formatter().parse(sentence))
    except ValueError as error:
        raise ValueError(f"template {name!r}: {error}; correct the braces") from error
    if any(form or conversion for _, _, form, conversion in parts):
        raise ValueError(f"template {name!r}: a placeholder is a name in braces and nothing else")
    return [field for _, field, _, _ in parts if field is not None]
