"""Definitions of tasks that several tests share: the two of the paper, and one of three groups."""

from typing import Any

from bias_transfer.tasks.labels_by_group import LabelsByGroup
from bias_transfer.tasks.mentions import Mentions

BIOGRAPHIES: dict[str, Any] = {
    "kind": "labels_by_group",
    "item": "occupation",
    "items": "occupations",
    "labels": "occupations",
    "groups": "pronouns",
    "reference": "male",
    "control": "they",
    "templates": "occupation_templates",
    "scrubbed_words": "pronouns_and_titles",
}
COMMENTS: dict[str, Any] = {
    "kind": "mentions",
    "item": "identity_term",
    "items": "identity terms",
    "terms": "identity_terms",
    "templates": "identity_templates",
}
THREE_GROUPS: dict[str, Any] = {
    "kind": "labels_by_group",
    "item": "trade",
    "items": "trades",
    "labels": ["welder", "roof_tiler"],
    "groups": {"women": "she", "men": "he", "nonbinary": "they"},
    "reference": "men",
    "templates": {"is": "{word} is {a_label}"},
}
BIOS = LabelsByGroup.model_validate(BIOGRAPHIES)
WIKI = Mentions.model_validate(COMMENTS)
TRADES = LabelsByGroup.model_validate(THREE_GROUPS)


def occupations_of(*names: str) -> LabelsByGroup:
    """Return the task of biographies with these occupations only."""
    return LabelsByGroup.model_validate(BIOGRAPHIES | {"labels": list(names)})


def terms_of(*names: str) -> Mentions:
    """Return the task of comments with these terms only."""
    return Mentions.model_validate(COMMENTS | {"terms": list(names)})
