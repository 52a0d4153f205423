"""The closed vocabularies: occupations, pronouns, identity terms, Sent-Debias words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pronoun:
    """A third-person pronoun as masked-language models see it."""

    word: str
    group: str


SHE = Pronoun(word="she", group="female")
HE = Pronoun(word="he", group="male")
THEY = Pronoun(word="they", group="neutral")
PRONOUNS = (SHE, HE, THEY)

# De-Arteaga et al. (2019), "Bias in Bios": the 28 occupations, in the alphabetical order that the
# data set's common hub release numbers from 0.
OCCUPATIONS = (
    "accountant",
    "architect",
    "attorney",
    "chiropractor",
    "comedian",
    "composer",
    "dentist",
    "dietitian",
    "dj",
    "filmmaker",
    "interior_designer",
    "journalist",
    "model",
    "nurse",
    "painter",
    "paralegal",
    "pastor",
    "personal_trainer",
    "photographer",
    "physician",
    "poet",
    "professor",
    "psychologist",
    "rapper",
    "software_engineer",
    "surgeon",
    "teacher",
    "yoga_teacher",
)

# Written in capitals wherever they stand in a sentence.
_OCCUPATION_TITLES = {"dj": "DJ"}

# Dixon et al. (2018), "Measuring and Mitigating Unintended Bias in Text Classification": the 50
# terms, with the paper's own spelling of "millenial".
IDENTITY_TERMS = (
    "lesbian",
    "gay",
    "bisexual",
    "transgender",
    "trans",
    "queer",
    "lgbt",
    "lgbtq",
    "homosexual",
    "straight",
    "heterosexual",
    "male",
    "female",
    "nonbinary",
    "african",
    "african american",
    "black",
    "white",
    "european",
    "hispanic",
    "latino",
    "latina",
    "latinx",
    "mexican",
    "canadian",
    "american",
    "asian",
    "indian",
    "middle eastern",
    "chinese",
    "japanese",
    "christian",
    "muslim",
    "jewish",
    "buddhist",
    "catholic",
    "protestant",
    "sikh",
    "taoist",
    "old",
    "older",
    "young",
    "younger",
    "teenage",
    "millenial",
    "middle aged",
    "elderly",
    "blind",
    "deaf",
    "paralyzed",
)

_UPPER_CASE_TERMS = frozenset({"lgbt", "lgbtq"})
_PROPER_TERMS = frozenset(
    {
        "african",
        "african american",
        "european",
        "hispanic",
        "latino",
        "latina",
        "latinx",
        "mexican",
        "canadian",
        "american",
        "asian",
        "indian",
        "middle eastern",
        "chinese",
        "japanese",
        "christian",
        "muslim",
        "jewish",
        "buddhist",
        "catholic",
        "protestant",
        "sikh",
        "taoist",
    }
)

# RoBERTa's own tokens, in roberta-base's order, so that <s> is 0 and <pad> is 1. Its tokenizer
# takes them for what they are wherever they stand in a text.
SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")

# The two labels of a comment.
TOXIC = "toxic"
NON_TOXIC = "non-toxic"

# Words whose spelling misleads the vowel rule for "a" and "an".
_CONSONANT_SOUND = ("european", "uni", "use")
_VOWEL_SOUND = ("lgbt", "heir", "honest", "hour")

# Liang et al. (2020), "Towards Debiasing Sentence Representations": each pair is (female, male).
GENDERED_PAIRS = (
    ("she", "he"),
    ("her", "his"),
    ("herself", "himself"),
    ("woman", "man"),
    ("girl", "boy"),
    ("mother", "father"),
    ("daughter", "son"),
    ("female", "male"),
    ("gal", "guy"),
    ("mary", "john"),
)


def occupation_title(occupation: str) -> str:
    """Return an occupation as it is written inside a sentence: `yoga_teacher` → `yoga teacher`."""
    return _OCCUPATION_TITLES.get(occupation, occupation.replace("_", " "))


def identity_title(term: str) -> str:
    """Return an identity term as it is written inside a sentence: `african` → `African`."""
    if term in _UPPER_CASE_TERMS:
        return term.upper()
    return term.title() if term in _PROPER_TERMS else term


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
