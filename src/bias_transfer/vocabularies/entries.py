"""What a vocabulary holds: labels, groups and terms."""

from pydantic import Field

from bias_transfer.section import Name, Section


class Label(Section):
    """A class that texts are labelled with: an occupation."""

    name: Name
    """As data sets and tables write it: "yoga_teacher"."""
    title: Name
    """As it is written inside a sentence: "yoga teacher"."""


class Group(Section):
    """A group of people, and the word that stands for it in a sentence."""

    name: Name
    """As data sets and tables write it: "female"."""
    word: Name
    """At the beginning of a template sentence, and in the names of columns: "she"."""
    aliases: list[Name] = Field(default=[])
    """What else data sets write for it: ["F", "1"]."""


class Term(Section):
    """A word or phrase that texts mention: an identity term."""

    name: Name
    """As it is looked for in texts, whatever the case: "african american"."""
    title: Name
    """As it is written inside a sentence: "African American"."""
