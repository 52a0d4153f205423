"""English as the template sentences need it: articles and capitals."""

import re

# Words that begin with a vowel's letter, and with the sound of "you" or of "one".
_CONSONANT_SOUND = re.compile(
    r"eu|ewe|one\b|once\b|u[fknsx]\b|ubiq|ufo|uga|ukr|uni(?![dmn])|ur[aeiou]|us[aeu]|ut[eio]|uy"
)
# And the other way round.
_VOWEL_SOUND = re.compile(r"heir|honest|honou?r|hour|hiv|lgbt|x-")
# What is spelt out begins with the name of its first letter, such as "em".
_SPELT_OUT = re.compile(r"[FHLMNRSX]([B-DF-HJ-NP-TV-XZ]|\b)")


def capitalised(phrase: str) -> str:
    """Put the first letter in upper case and leave the rest: `a DJ` → `A DJ`."""
    return phrase[:1].upper() + phrase[1:]


def with_article(phrase: str) -> str:
    """Put "a" or "an" before a phrase, by the sound of its first word."""
    lower = phrase.lower()
    if _SPELT_OUT.match(phrase) or _VOWEL_SOUND.match(lower):
        return f"an {phrase}"
    if _CONSONANT_SOUND.match(lower):
        return f"a {phrase}"
    return f"an {phrase}" if lower[0] in "aeiou" else f"a {phrase}"
