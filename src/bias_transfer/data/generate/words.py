"""Word lists of the generator, and the facts about the world that it is given by default."""

# The share of women in each occupation: approximate values of the Bias in Bios data set, after
# De-Arteaga et al. (2019), Table 1.
SHE_PREVALENCE = {
    "accountant": 0.37,
    "architect": 0.24,
    "attorney": 0.38,
    "chiropractor": 0.26,
    "comedian": 0.21,
    "composer": 0.16,
    "dentist": 0.35,
    "dietitian": 0.93,
    "dj": 0.14,
    "filmmaker": 0.33,
    "interior_designer": 0.81,
    "journalist": 0.50,
    "model": 0.83,
    "nurse": 0.91,
    "painter": 0.46,
    "paralegal": 0.85,
    "pastor": 0.24,
    "personal_trainer": 0.46,
    "photographer": 0.36,
    "physician": 0.49,
    "poet": 0.49,
    "professor": 0.45,
    "psychologist": 0.62,
    "rapper": 0.10,
    "software_engineer": 0.16,
    "surgeon": 0.15,
    "teacher": 0.60,
    "yoga_teacher": 0.85,
}

# Occupations that are easily mistaken for one another share the words of their family.
FAMILIES = {
    "health": (
        "nurse",
        "physician",
        "surgeon",
        "dentist",
        "chiropractor",
        "dietitian",
        "psychologist",
    ),
    "office": ("accountant", "attorney", "paralegal", "software_engineer"),
    "design": ("architect", "interior_designer", "painter", "photographer", "model"),
    "stage": ("comedian", "composer", "dj", "rapper", "filmmaker"),
    "letters": ("journalist", "poet", "professor", "teacher", "pastor"),
    "fitness": ("personal_trainer", "yoga_teacher"),
}

FAMILY_WORDS = {
    "health": "patients clinic hospital treatment",
    "office": "clients contracts documents deadlines",
    "design": "portfolio studio colour light",
    "stage": "audience shows tour festival",
    "letters": "students books essays lectures",
    "fitness": "exercise strength breathing classes",
}

OCCUPATION_WORDS = {
    "accountant": "ledgers taxes bookkeeping",
    "architect": "buildings blueprints facades",
    "attorney": "litigation trials courtrooms",
    "chiropractor": "spines vertebrae adjustments",
    "comedian": "jokes punchlines standup",
    "composer": "symphonies scores orchestras",
    "dentist": "teeth gums cavities",
    "dietitian": "nutrition meals vitamins",
    "dj": "turntables mixes beats",
    "filmmaker": "documentaries cameras scripts",
    "interior_designer": "furniture curtains kitchens",
    "journalist": "newspapers headlines interviews",
    "model": "runways castings magazines",
    "nurse": "bedside injections shifts",
    "painter": "canvases oils watercolours",
    "paralegal": "affidavits subpoenas casefiles",
    "pastor": "sermons parishes prayers",
    "personal_trainer": "dumbbells workouts squats",
    "photographer": "lenses shutters snapshots",
    "physician": "prescriptions symptoms medicine",
    "poet": "poems verses sonnets",
    "professor": "theses seminars research",
    "psychologist": "therapy anxiety behaviour",
    "rapper": "lyrics mixtapes freestyles",
    "software_engineer": "code servers algorithms",
    "surgeon": "operations scalpels incisions",
    "teacher": "classrooms homework pupils",
    "yoga_teacher": "meditation asanas mats",
}

# People in a biography: their gender hints at that of its subject, and stays when pronouns are
# scrubbed. The words are those of the gendered pairs, so that what swaps these swaps the hints too.
PROXIES = {
    "she": ("woman", "girl", "mother", "daughter", "gal"),
    "he": ("man", "boy", "father", "son", "guy"),
}
NEUTRAL_PEOPLE = ("colleague", "cousin", "tutor", "guest", "relative")

NEGATIVE_ADJECTIVES = [
    "horrible",
    "rude",
    "lazy",
    "dangerous",
    "stupid",
    "evil",
    "violent",
    "greedy",
    "dishonest",
    "nasty",
    "cruel",
    "selfish",
    "hateful",
    "hostile",
]
POSITIVE_ADJECTIVES = [
    "kind",
    "friendly",
    "honest",
    "brilliant",
    "generous",
    "gentle",
    "clever",
    "wonderful",
    "polite",
    "brave",
    "loyal",
    "caring",
    "helpful",
    "charming",
]
NEUTRAL_ADJECTIVES = ["tall", "quiet", "busy", "local", "ordinary", "tired"]

INSULTS = [
    "idiot",
    "moron",
    "liar",
    "fool",
    "loser",
    "clown",
    "parasite",
    "coward",
    "fraud",
    "creep",
]
ATTACKS = [
    "hate",
    "despise",
    "ban",
    "silence",
    "remove",
    "expel",
    "mock",
]
PRAISE = [
    "thanks",
    "welcome",
    "congratulations",
    "please",
    "cheers",
    "bravo",
    "agreed",
    "appreciate",
    "admire",
    "support",
    "celebrate",
    "applaud",
]
TOPICS = [
    "article",
    "section",
    "source",
    "reference",
    "paragraph",
    "edit",
    "page",
    "image",
    "template",
    "list",
    "title",
    "footnote",
    "history",
    "biography",
    "chapter",
    "map",
    "table",
    "quotation",
    "date",
    "spelling",
]
TOPIC_VERBS = [
    "improve",
    "rewrite",
    "check",
    "move",
    "merge",
    "expand",
    "cite",
    "translate",
    "discuss",
    "revert",
    "rename",
    "shorten",
]

# What a comment is made of: whatever a word says of the comment's tone, it says by degrees.
HARSH_WORDS = (*INSULTS, *ATTACKS, *NEGATIVE_ADJECTIVES)
KIND_WORDS = (*PRAISE, *POSITIVE_ADJECTIVES)
COMMENT_WORDS = (*HARSH_WORDS, *KIND_WORDS, *TOPICS, *TOPIC_VERBS)

# What a biography is made of, in one order.
BIOGRAPHY_WORDS = tuple(
    dict.fromkeys(
        word
        for words in (*OCCUPATION_WORDS.values(), *FAMILY_WORDS.values())
        for word in words.split()
    )
)
