"""Words and names that texts shall not tell: each becomes an underscore."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from bias_transfer.data.mentions import whole

_GAP = "_"
# A part of a name this short may be a word too ("An", "Le"), unless it is written like the name.
_SHORT = 2


def scrubbed(texts: Iterable[str], words: Sequence[str]) -> list[str]:
    """Replace every whole word of a list, whatever its case, by an underscore."""
    if not words:
        return list(texts)
    # The longer first: "he or she" before "he".
    pattern = re.compile(whole(*_longest_first(words)), re.IGNORECASE)
    return [pattern.sub(_GAP, text) for text in texts]


def without_name(text: str, name: str) -> str:
    """Replace every part of a person's name in a text by an underscore.

    Parts are what stands between spaces, hyphens and other punctuation. A part of three letters or
    more is replaced whatever its case; one of two as the name has it and in capitals, since it may
    be a word ("An"); one letter only in capitals and before a full stop, as an initial.
    """
    parts = _parts(unicodedata.normalize("NFC", name))
    if not parts:
        return text
    return re.sub("|".join(map(_part, _longest_first(parts))), _GAP, text)


def _parts(name: str) -> set[str]:
    return {
        part.strip("'’")
        for part in re.split(r"(?:[^\w'’]|_)+", name)
        if any(character.isalpha() for character in part)
    }


def _part(part: str) -> str:
    if len(part) == 1:
        return rf"(?<!\w){re.escape(part.upper())}(?=\.)"
    # An accent may be a character of its own, and "ß" has no capital but "SS".
    spelled = {part, part.upper()} | {
        unicodedata.normalize("NFD", each) for each in (part, part.upper())
    }
    literal = "|".join(map(_either_apostrophe, _longest_first(spelled)))
    return rf"(?<!\w)(?{'' if len(part) <= _SHORT else 'i'}:{literal})(?!\w)"


def _either_apostrophe(word: str) -> str:
    return re.sub("['’]", "['’]", re.escape(word))


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=lambda word: (-len(word), word))
