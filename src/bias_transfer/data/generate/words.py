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
    "health": "patients clinic hospital treatment care pain health diagnosis ward recovery",
    "office": "clients contracts documents deadlines firm reports offices meetings audits filings",
    "design": "portfolio studio colour light space gallery sketches exhibitions fashion galleries",
    "stage": "audience shows tour festival sound stage records fans clubs premieres",
    "letters": "students books essays lectures readers community language stories lessons ideas",
    "fitness": "exercise strength breathing classes posture balance wellness gym stretching",
}

OCCUPATION_WORDS = {
    "accountant": "ledgers taxes bookkeeping payroll balances invoices",
    "architect": "buildings blueprints facades skyscrapers towers zoning",
    "attorney": "litigation trials courtrooms verdicts appeals lawsuits",
    "chiropractor": "spines vertebrae adjustments joints backs necks",
    "comedian": "jokes punchlines standup laughter sketches humour",
    "composer": "symphonies scores orchestras quartets melodies operas",
    "dentist": "teeth gums cavities crowns implants braces",
    "dietitian": "nutrition meals vitamins diets calories menus",
    "dj": "turntables mixes beats dancefloors playlists remixes",
    "filmmaker": "documentaries cameras scripts films scenes editing",
    "interior_designer": "furniture curtains kitchens decor fabrics wallpapers",
    "journalist": "newspapers headlines interviews columns reporting newsrooms",
    "model": "runways castings magazines catwalks poses campaigns",
    "nurse": "bedside injections shifts bandages vitals wards",
    "painter": "canvases oils watercolours brushes portraits murals",
    "paralegal": "affidavits subpoenas casefiles exhibits pleadings briefs",
    "pastor": "sermons parishes prayers congregations worship chapels",
    "personal_trainer": "dumbbells workouts squats deadlifts cardio muscles",
    "photographer": "lenses shutters snapshots exposures darkrooms negatives",
    "physician": "prescriptions symptoms medicine checkups fevers infections",
    "poet": "poems verses sonnets stanzas rhymes anthologies",
    "professor": "theses seminars research journals faculties laboratories",
    "psychologist": "therapy anxiety behaviour counselling minds emotions",
    "rapper": "lyrics mixtapes freestyles rhythms bars hooks",
    "software_engineer": "code servers algorithms databases compilers software",
    "surgeon": "operations scalpels incisions transplants sutures anaesthesia",
    "teacher": "classrooms homework pupils grades blackboards kindergartens",
    "yoga_teacher": "meditation asanas mats mindfulness retreats chakras",
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

INSULTS = (
    "idiot moron liar fool loser clown parasite coward fraud creep scum vandal jerk bully "
    "crook pest troll hypocrite brute cheat"
).split()
ATTACKS = (
    "hate despise ban silence remove expel mock insult threaten curse punish ridicule loathe "
    "smash"
).split()
PRAISE = (
    "thanks welcome congratulations please cheers bravo agreed appreciate admire support "
    "celebrate applaud thoughtful precise elegant careful patient tidy lovely useful sincere "
    "cordial respect gratitude kudos"
).split()
TOPICS = (
    "article section source reference paragraph edit page image template list title footnote "
    "history biography chapter map table quotation date spelling caption headline index link "
    "category archive summary heading citation draft diagram glossary appendix infobox "
    "gallery preface abstract outline statistics timeline translation bibliography photograph "
    "museum railway river battle album novel castle election galaxy enzyme theorem orchestra "
    "stadium bridge volcano harbour parliament painting comet mammal festival airline kingdom"
).split()
TOPIC_VERBS = (
    "improve rewrite check move merge expand cite translate discuss revert rename shorten "
    "update format correct compare verify publish upload replace review rearrange annotate "
    "restore proofread"
).split()

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
