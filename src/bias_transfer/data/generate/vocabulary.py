"""The vocabularies that the generator writes about, and which tasks these are."""

from typing import Any

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError

OCCUPATION_TITLES = {
    row["name"]: row["title"] for row in vocabularies.read("occupations", ["name", "title"])
}
TERM_TITLES = {
    row["name"]: row["title"] for row in vocabularies.read("identity_terms", ["name", "title"])
}
OCCUPATIONS = tuple(OCCUPATION_TITLES)
IDENTITY_TERMS = tuple(TERM_TITLES)
GENDERED_PAIRS = vocabularies.pairs("gendered_pairs")

# The groups that its biographies are about, and the classes of its comments.
WOMEN, MEN = "female", "male"
TOXIC, NON_TOXIC = "toxic", "non-toxic"


def require_occupations(definition: Any, name: str) -> None:
    """Refuse a task of other labels or groups than those that biographies are written about.

    Parameters
    ----------
    definition
        A task of labels by group.
    name
        Of the task, for the error message.
    """
    labels = {label.name for label in definition.labels}
    groups = {group.name for group in definition.groups}
    if labels != set(OCCUPATIONS) or groups != {WOMEN, MEN}:
        raise StudyError(
            f"config key tasks.{name}.source: 'generated' writes biographies of the "
            f"{len(OCCUPATIONS)} occupations, {WOMEN} and {MEN}; for other labels or groups give a "
            "file"
        )


def require_terms(definition: Any, key: str) -> None:
    """Refuse a task of other terms or classes than those that comments are written about.

    Parameters
    ----------
    definition
        A task of mentions.
    key
        Of the source in the config, for the error message.
    """
    terms = {term.name for term in definition.terms}
    if terms != set(IDENTITY_TERMS) or (definition.positive, definition.negative) != (
        TOXIC,
        NON_TOXIC,
    ):
        raise StudyError(
            f"config key {key}: 'generated' writes {TOXIC} and {NON_TOXIC} text about the "
            f"{len(IDENTITY_TERMS)} identity terms; for other terms or classes give a file"
        )
