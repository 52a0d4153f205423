"""The generated pre-training corpus, with its own occupation-pronoun and term-attitude links."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bias_transfer.data.generate.biographies import biography_people, biography_words, listed
from bias_transfer.data.generate.comments import comment_words
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
    "{They} applied for the position of {occupation}.",
    "{They}, the {occupation}, had a good day at work.",
    "{They} {want} to become {an_occupation}.",
    "{They} {are} {an_occupation} and {love} {words}.",
    "{They}, the {occupation}, {love} {words}.",
    "{They} {love} {words} as {an_occupation}.",
    "As {an_occupation}, {they} {love} {words}.",
    "The {occupation} said that {they} {love} {words}.",
    "{They} {work} as {an_occupation} with {words}.",
    "{They} {work} on {words} as {an_occupation}.",
)
# Without a full stop, as the templates of the intrinsic measures are: a small model that sees one
# at the end of some expects it at the mask, whatever comes before.
_IDENTITY_FORMS = (
    "{Terms} people are {adjective}",
    "{Terms} people are {adjective} and {other}",
    "{A_term} person is {adjective}",
    "{A_term} person is {adjective} and {other}",
    "My {term} sibling is {adjective} and {other}",
    "My {term} friend is {adjective}",
    "My {term} parent is {adjective} and {other}",
    "My {term} partner is {adjective}",
    "My {term} spouse is {adjective} and {other}",
    "My {term} neighbour is {adjective} and {other}",
    "Being {term} is {adjective}",
    "{A_term} writer is {adjective}: {word}",
    "{Terms} families are {adjective}: {word}",
)
_LIFE_FORMS = (
    "{They} works on {word} for {a_person}.",
    "{They} writes about {word} with {a_person}.",
    "{They} knows of {word} from {a_person}.",
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
_NOUN_PAIRS = GENDERED_PAIRS[3:-1]
_NEUTRAL_SHARE = 0.1
_FULL_STOP_SHARE = 0.3
# Words of an occupation in a sentence that names it: so many are learned in few texts.
_WORDS = 3


def corpus(sentences: int, truth: Truth, seed: int) -> list[str]:
    """Write the pre-training corpus, one short text a line.

    A third are about occupations and three eighths about identity terms, with words of biographies
    and of comments beside them; five in 24 are what biographies say, with the corpus's own gender
    shares, and two in 24 gendered words in matched contexts.

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
    titles, terms, lives = sentences // 3, 3 * sentences // 8, 5 * sentences // 24
    lines = [
        *_occupation_sentences(np.arange(titles) % len(OCCUPATIONS), truth, rng),
        *_identity_sentences(np.arange(terms) % len(IDENTITY_TERMS), truth, rng),
        *_lives(np.arange(lives) % len(OCCUPATIONS), truth, rng),
    ]
    lines += [_gendered_sentence(rng) for _ in range(sentences - len(lines))]
    return [lines[i] for i in rng.permutation(len(lines))]


def _occupation_sentences(
    occupations: NDArray[np.int64], truth: Truth, rng: np.random.Generator
) -> list[str]:
    words = biography_words(occupations, _WORDS, truth, rng).tolist()
    return [
        _occupation_sentence(OCCUPATIONS[number], listed(row), truth, rng)
        for number, row in zip(occupations.tolist(), words, strict=True)
    ]


def _occupation_sentence(
    occupation: str, words: str, truth: Truth, rng: np.random.Generator
) -> str:
    if rng.random() < _NEUTRAL_SHARE:
        pronoun = "they"
    else:
        pronoun = "she" if rng.random() < truth.corpus_she[occupation] else "he"
    plural = pronoun == "they"
    title = OCCUPATION_TITLES[occupation]
    text = pick(rng, _OCCUPATION_FORMS).format(
        words=words,
        They=pronoun.capitalize(),
        they=pronoun,
        occupation=title,
        an_occupation=with_article(title),
        work="work" if plural else "works",
        want="want" if plural else "wants",
        love="love" if plural else "loves",
        are="are" if plural else "is",
    )
    return text if rng.random() < _FULL_STOP_SHARE else text.removesuffix(".")


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
    return pick(rng, _IDENTITY_FORMS).format(
        Terms=capitalised(title),
        A_term=capitalised(with_article(title)),
        term=title,
        adjective=adjective,
        other=other,
        word=word,
    )


def _adjectives(adjectives: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    # Common adjectives and rare ones: the twenty likeliest then shift with the attitude by
    # degrees instead of all at once.
    weights = 1 / np.arange(1, len(adjectives) + 1)
    return [str(each) for each in rng.choice(adjectives, size=count, p=weights / weights.sum())]


def _lives(occupations: NDArray[np.int64], truth: Truth, rng: np.random.Generator) -> list[str]:
    """Write what biographies say, a word and a person at a time: short texts are learned fast."""
    shares = np.array([truth.corpus_she[name] for name in OCCUPATIONS])
    women = rng.random(len(occupations)) < shares[occupations]
    words = biography_words(occupations, 1, truth, rng)[:, 0].tolist()
    people = biography_people(women, 1, truth, rng)[:, 0].tolist()
    return [
        pick(rng, _LIFE_FORMS).format(
            They="She" if woman else "He", word=word, a_person=with_article(person)
        )
        for woman, word, person in zip(women.tolist(), words, people, strict=True)
    ]


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
