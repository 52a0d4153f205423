"""Sentences in which words are swapped for others: gendered words, and terms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bias_transfer.data.mentions import whole
from bias_transfer.vocabularies.english import capitalised, with_article
from bias_transfer.vocabularies.entries import Term

_ENDS_OF_SENTENCES = (".", "!", "?")
_ARTICLE = re.compile(r"(?<!\w)(an?)\s+(\w+)", re.IGNORECASE)
# Of the articles of real English at least so many suit the word behind them: 98 % and more of those
# of news, reviews, dialogue and talk pages; of the same words in Romance languages and in German,
# where "a" and "an" are others, 29 to 88 %.
_ENGLISH = 0.95


@dataclass(frozen=True)
class Word:
    """A word or phrase that may be swapped, and what for.

    Attributes
    ----------
    title
        As it is written inside a sentence: "African American".
    other
        What takes its place, written likewise.
    """

    title: str
    other: str


def key(words: str) -> str:
    """Return a word or phrase as it is looked up: in lower case, one space between words.

    Accents are in their letters, wherever they stand in the text.
    """
    return unicodedata.normalize("NFC", " ".join(words.split()).casefold())


def counterparts(pairs: Iterable[Sequence[str]]) -> dict[str, Word]:
    """Return, by its key, what each word of some pairs is swapped for.

    A word that stands in several pairs is swapped for its counterpart in the first.
    """
    both = [each for one, two in pairs for each in ((one, two), (two, one))]
    return {key(word): Word(word, other) for word, other in reversed(both)}


def rotated(terms: Sequence[Term], places: int) -> dict[str, Word]:
    """Return, by its key, the other term that each of some terms is swapped for.

    All are moved on by as many places, so that no two become the same and none stays.

    Parameters
    ----------
    terms
        Of one task, at least two.
    places
        At least 1, fewer than there are terms.
    """
    moved = (*terms[places:], *terms[:places])
    return {
        key(term.name): Word(term.title, other.title)
        for term, other in zip(terms, moved, strict=True)
    }


def find(words: Iterable[str], texts: Iterable[str]) -> re.Pattern[str]:
    """Return what finds some words, whatever their case, with the article before them.

    The longest first: "african american" is found whole. The groups are `article`, which may be
    missing, `space` behind it, and `word`.

    Parameters
    ----------
    words
        To be found.
    texts
        The corpus: where its "a" and "an" are no English articles, none is found.
    """
    longest_first = sorted(words, key=lambda each: (-len(each), each))
    article = "an?" if has_english_articles(texts) else "(?!)"
    return re.compile(
        rf"(?:(?<!\w)(?P<article>{article})(?P<space>\s+))?(?P<word>{whole(*longest_first)})",
        re.IGNORECASE,
    )


def has_english_articles(texts: Iterable[str]) -> bool:
    """Tell whether "a" and "an" suit the words behind them, as in English; where none is, too.

    In "denkt an ihn" and "dijo a él" they are prepositions, and would be mended into no word.
    """
    found = [each for text in texts for each in _ARTICLE.findall(text)]
    suit = sum(with_article(word).split()[0] == article.lower() for article, word in found)
    return bool(suit >= _ENGLISH * len(found))


def swapped(text: str, pattern: re.Pattern[str], words: Mapping[str, Word]) -> str:
    """Swap every word that a pattern finds, keeping its case and mending the article before it.

    Parameters
    ----------
    text
        A sentence or several.
    pattern
        What `find` made of the words.
    words
        By their keys; what is missing there stays.
    """

    def other(match: re.Match[str]) -> str:
        word = words.get(key(match["word"]))
        if word is None:
            return match.group()
        written = _cased(word, match["word"], _begins(text[: match.start("word")]))
        if match["article"] is None:
            return written
        return _article(match["article"], word) + match["space"] + written

    return pattern.sub(other, text)


def _begins(before: str) -> bool:
    """Tell whether a sentence begins behind a text."""
    before = before.rstrip()
    return not before or before.endswith(_ENDS_OF_SENTENCES)


def _cased(word: Word, as_in: str, begins: bool) -> str:
    """Write what takes a word's place in the case in which the word stands there."""
    if as_in == word.title:
        written = word.other
    elif as_in.isupper() and len(as_in) > 1:
        written = word.other.upper()
    elif as_in.islower():
        written = word.other.lower()
    else:
        written = capitalised(word.other)
    return capitalised(written) if begins and as_in[0].isupper() else written


def _article(article: str, word: Word) -> str:
    """Return the article for another word; the writer's own where both words have the same."""
    before, after = (with_article(each).split()[0] for each in (word.title, word.other))
    if before == after:
        return article
    if article.isupper() and len(article) > 1:
        return after.upper()
    return capitalised(after) if article[0].isupper() else after
