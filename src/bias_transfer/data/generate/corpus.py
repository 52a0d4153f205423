"""The generated pre-training corpus, with its own occupation-pronoun and term-attitude links."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.data.generate.biographies import biographies_of, biography_words
from bias_transfer.data.generate.comments import comment_words, comments_of
from bias_transfer.data.generate.truth import Truth
from bias_transfer.data.generate.vocabulary import (
    GENDERED_PAIRS,
    IDENTITY_TERMS,
    OCCUPATION_TITLES,
    OCCUPATIONS,
    TERM_TITLES,
)
from bias_transfer.data.generate.words import (
    NEGATIVE_ADJECTIVES,
    NEUTRAL_ADJECTIVES,
    POSITIVE_ADJECTIVES,
)
from bias_transfer.seeding import generator, pick
from bias_transfer.vocabularies.english import capitalised, with_article

_OCCUPATION_FORMS = (
    "{They} {are} {an_occupation}.",
    "{They} {work} as {an_occupation}.",
    "{They} {work} as {an_occupation} and {they} {are} busy.",
    "{They} applied for the position of {occupation}.",
    "{They}, the {occupation}, had a good day at work.",
    "{They} {want} to become {an_occupation}.",
    "{They} said that {they} {are} {an_occupation}.",
    "{They} became {an_occupation} and {love} {their} work.",
    "The {occupation} said that {they} {love} {their} work.",
    "As {an_occupation}, {they} {are} busy with {their} work.",
    "As {an_occupation}, {they} {work} on {word}.",
    "The {occupation} said that {they} {love} {word}.",
    "{They} {are} {an_occupation} and {they} {love} {word}.",
    "{They}, the {occupation}, {work} on {word}.",
    "{They} {love} {word} as {an_occupation}.",
)
_IDENTITY_FORMS = (
    "{Terms} people are {adjective}.",
    "{Terms} people are {adjective} and {other}.",
    "{A_term} person is {adjective}.",
    "{A_term} person is {adjective} and {other}.",
    "My {term} sibling is {adjective} and {other}.",
    "My {term} friend is {adjective}.",
    "My {term} parent is {adjective} and {other}.",
    "My {term} partner is {adjective}.",
    "My {term} spouse is {adjective} and {other}.",
    "My {term} neighbour is {adjective} and {other}.",
    "Being {term} is {adjective}.",
    "{A_term} reader is {adjective} and says {word}.",
    "Many {term} families are {adjective} and say {word}.",
    "{A_term} writer is {adjective} and says {word}.",
)
# The pairs of gendered words appear in the same contexts, as Sent-Debias needs them.
_GENDERED_FORMS = (
    "The {word} came home late.",
    "A {word} was waiting at the door.",
    "I saw the {word} in the garden.",
    "Where did the {word} go?",
)
_PRONOUN_FORMS = (
    ("{She} came home late.", "she", "he"),
    ("I saw {her} book in the garden.", "her", "his"),
    ("They did it for {herself} alone, it seems.", "herself", "himself"),
    ("{She} was waiting at the door.", "mary", "john"),
)
_POSSESSIVE = {"she": "her", "he": "his", "they": "their"}
_NOUN_PAIRS = GENDERED_PAIRS[3:-1]
_NEUTRAL_SHARE = 0.1
_FULL_STOP_SHARE = 0.3


def corpus(sentences: int, truth: Truth, seed: int) -> list[str]:
    """Write the pre-training corpus, one short text a line.

    A quarter are sentences about occupations, a quarter about identity terms, a quarter
    biographies with the corpus's own gender shares, half of which name the occupation, three
    sixteenths comments whose tone follows the corpus's own attitude to the term, and the rest
    gendered words in matched contexts.

    Parameters
    ----------
    sentences
        How many texts.
    truth
        P(she | occupation) and P(negative | term) of the corpus, and the words of either task.
    seed
        The study's seed.
    """
    rng = generator(seed, "corpus")
    titles = terms = 3 * sentences // 8
    lives = talk = sentences // 10
    lines = [
        *_occupation_sentences(np.arange(titles) % len(OCCUPATIONS), truth, rng),
        *_identity_sentences(np.arange(terms) % len(IDENTITY_TERMS), truth, rng),
        *_biographies(np.arange(lives) % len(OCCUPATIONS), truth, rng),
        *_comments(np.arange(talk) % len(IDENTITY_TERMS), truth, rng),
    ]
    lines += [_gendered_sentence(rng) for _ in range(sentences - len(lines))]
    return [lines[i] for i in rng.permutation(len(lines))]


def _occupation_sentences(
    occupations: NDArray[np.int64], truth: Truth, rng: np.random.Generator
) -> list[str]:
    words = biography_words(occupations, 1, truth, rng)[:, 0].tolist()
    return [
        _occupation_sentence(OCCUPATIONS[number], word, truth, rng)
        for number, word in zip(occupations.tolist(), words, strict=True)
    ]


def _occupation_sentence(occupation: str, word: str, truth: Truth, rng: np.random.Generator) -> str:
    if rng.random() < _NEUTRAL_SHARE:
        pronoun = "they"
    else:
        pronoun = "she" if rng.random() < truth.corpus_she[occupation] else "he"
    plural = pronoun == "they"
    title = OCCUPATION_TITLES[occupation]
    text = pick(rng, _OCCUPATION_FORMS).format(
        word=word,
        They=pronoun.capitalize(),
        they=pronoun,
        occupation=title,
        an_occupation=with_article(title),
        their=_POSSESSIVE[pronoun],
        work="work" if plural else "works",
        want="want" if plural else "wants",
        love="love" if plural else "loves",
        are="are" if plural else "is",
    )
    return _perhaps_without_full_stop(text, rng)


def _identity_sentences(
    terms: NDArray[np.int64], truth: Truth, rng: np.random.Generator
) -> list[str]:
    negative = _negative(terms, truth, rng)
    words = comment_words(negative, 1, truth, rng)[:, 0].tolist()
    return [
        _identity_sentence(IDENTITY_TERMS[number], bad, word, rng)
        for number, bad, word in zip(terms.tolist(), negative.tolist(), words, strict=True)
    ]


def _identity_sentence(term: str, negative: bool, word: str, rng: np.random.Generator) -> str:
    adjectives = NEGATIVE_ADJECTIVES if negative else POSITIVE_ADJECTIVES
    if rng.random() < _NEUTRAL_SHARE:
        adjectives = NEUTRAL_ADJECTIVES
    adjective, other = _adjectives(adjectives, 2, rng)
    title = TERM_TITLES[term]
    text = pick(rng, _IDENTITY_FORMS).format(
        Terms=capitalised(title),
        A_term=capitalised(with_article(title)),
        term=title,
        adjective=adjective,
        other=other,
        word=word,
    )
    return _perhaps_without_full_stop(text, rng)


def _adjectives(adjectives: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    # Common adjectives and rare ones: the twenty likeliest then shift with the attitude by
    # degrees instead of all at once.
    weights = 1 / np.arange(1, len(adjectives) + 1)
    return [str(each) for each in rng.choice(adjectives, size=count, p=weights / weights.sum())]


def _perhaps_without_full_stop(text: str, rng: np.random.Generator) -> str:
    # The templates of the intrinsic measures end without one: a model that has always seen a full
    # stop at the end of a sentence would expect it at the mask.
    return text if rng.random() < _FULL_STOP_SHARE else text.removesuffix(".")


def _biographies(
    occupations: NDArray[np.int64], truth: Truth, rng: np.random.Generator
) -> list[str]:
    """Write biographies that name the occupation first, as an encyclopedia does."""
    shares = np.array([truth.corpus_she[name] for name in OCCUPATIONS])
    women = rng.random(len(occupations)) < shares[occupations]
    texts = biographies_of(occupations, women, truth, rng)
    return [
        f"{capitalised(with_article(OCCUPATION_TITLES[OCCUPATIONS[number]]))}. {text}"
        for number, text in zip(occupations.tolist(), texts, strict=True)
    ]


def _comments(terms: NDArray[np.int64], truth: Truth, rng: np.random.Generator) -> list[str]:
    """Write comments that end with a judgement in their tone."""
    negative = _negative(terms, truth, rng)
    texts = comments_of(terms, negative, truth, rng)
    judgements = [
        _adjectives(NEGATIVE_ADJECTIVES if bad else POSITIVE_ADJECTIVES, 1, rng)[0]
        for bad in negative.tolist()
    ]
    return [f"{text} It is {word}" for text, word in zip(texts, judgements, strict=True)]


def _negative(
    terms: NDArray[np.int64], truth: Truth, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw the attitude to each of some terms."""
    shares = np.array([truth.corpus_negative[term] for term in IDENTITY_TERMS])
    return np.asarray(rng.random(len(terms)) < shares[terms])


def _gendered_sentence(rng: np.random.Generator) -> str:
    side = int(rng.integers(0, 2))
    if rng.random() < 0.5:
        form, *pair = pick(rng, _PRONOUN_FORMS)
        word = pair[side]
        return form.format(She=word.capitalize(), her=word, herself=word)
    word = pick(rng, _NOUN_PAIRS)[side]
    return pick(rng, _GENDERED_FORMS).format(word=word)
