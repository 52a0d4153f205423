"""English as the template sentences need it: articles and capitals."""

# Words whose spelling misleads the vowel rule for "a" and "an".
_CONSONANT_SOUND = ("european", "uni", "use")
_VOWEL_SOUND = ("lgbt", "heir", "honest", "hour")


def capitalised(phrase: str) -> str:
    """Put the first letter in upper case and leave the rest: `a DJ` → `A DJ`."""
    return phrase[:1].upper() + phrase[1:]


def with_article(phrase: str) -> str:
    """Put "a" or "an" before a phrase, by the sound of its first word."""
    lower = phrase.lower()
    if lower.startswith(_VOWEL_SOUND):
        return f"an {phrase}"
    if lower.startswith(_CONSONANT_SOUND):
        return f"a {phrase}"
    return f"an {phrase}" if lower[0] in "aeiou" else f"a {phrase}"
