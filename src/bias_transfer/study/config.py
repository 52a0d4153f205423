"""The study's configuration: one typed model, from which schema, defaults and reference are made.

What a method, an alteration, a measure and a kind of task can be told stands in their own modules,
and is composed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from bias_transfer.adaptations import adaptations
from bias_transfer.measures import measures as all_measures
from bias_transfer.models.families import DEFAULT_FAMILY, PRETRAINABLE
from bias_transfer.section import (
    DISTINCT,
    Column,
    Count,
    Fraction,
    HubId,
    InputFile,
    InputFiles,
    InputFolder,
    Name,
    OptionalInputFile,
    Section,
    Share,
)
from bias_transfer.study import declared
from bias_transfer.tasks import Definition, Kind, definition_of, kind, kinds
from bias_transfer.tasks._section import TaskSection, Training
from bias_transfer.upstream import methods

# The name of a folder; these two stand beside those of the tasks.
_TASK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_RESERVED = ("corpus", "sentiment")
# Letters of the longest; a file's name has hardly more than 255 bytes.
_LONGEST_NAME = 60

if TYPE_CHECKING:
    Family = str
else:
    Family = Literal[PRETRAINABLE]

Spread = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0)]
Splits = Annotated[list[str], Field(min_length=1)]


class Rows(Section):
    """The bundled generator."""

    rows: Count
    """How many rows to write."""


# ---- text -------------------------------------------------------------------------------


class Generator(Section):
    """Strengths of the generated associations; 0 switches one off."""

    corpus_gender: Spread = 3
    """Spread of she against he over occupations in the corpus, log odds."""
    corpus_attitude: Spread = 3
    """Spread of negative against positive over identity terms in the corpus, log odds."""
    agreement: float = Field(default=0.5, ge=-1, le=1)
    """Correlation of the corpus with the fine-tuning data."""
    prevalence: Spread = 1
    """Factor on the log odds of she in the biographies."""
    proxy: Fraction = 0.9
    """Share of the people in a biography whose gender hints at its subject's."""
    toxicity: Spread = 1.5
    """Spread of the toxic share over identity terms, log odds."""
    evidence: Spread = 0.9
    """Spread over words of what a single one says of the occupation or of the tone, log odds."""


# ---- checkpoints ------------------------------------------------------------------------


class CheckpointFile(Section):
    """A local from_pretrained folder of a masked language model."""

    path: InputFolder = ""
    """The folder."""


class CheckpointHub(Section):
    """A checkpoint of the Hugging Face hub."""

    id: HubId = declared.CHECKPOINT
    """The hub's id, or a local folder."""
    revision: str = ""
    """A commit or tag; empty for the newest."""


class CorpusFile(Section):
    """Plain text with one text a line, or CSV, TSV, JSONL or Parquet with a column of texts."""

    paths: InputFiles = Field(default=[])
    """The files."""
    text: Column = "text"
    """Column of the text, in tables."""


class CorpusHub(Section):
    """A data set of the Hugging Face hub."""

    id: HubId = ""
    """The hub's id, or a local folder."""
    configuration: str = ""
    """Of the data set, where it has several."""
    revision: str = ""
    """A commit or tag; empty for the newest."""
    splits: Splits = Field(default=["train"])
    """Splits to merge."""
    text: Column = "text"
    """Column of the text."""


class Corpus(Section):
    """Text to pre-train on, and to take a method's sentences from."""

    source: Literal["generated", "file", "hub"] = "generated"
    """Where the text comes from."""
    generated: Rows = Rows(rows=24000)
    """The bundled generator."""
    file: CorpusFile = CorpusFile()
    """Plain text with one text a line, or tables."""
    hub: CorpusHub = CorpusHub()
    """A data set of the Hugging Face hub."""
    maximum_rows: int = Field(default=0, ge=0)
    """Texts to keep, drawn at random; 0 for all."""


class Architecture(Section):
    """Form and size of the model that is pre-trained here."""

    family: Family = DEFAULT_FAMILY
    """What its layers and its tokenizer are like."""
    vocabulary_size: int = Field(default=2600, ge=300)
    """Tokens of the vocabulary."""
    hidden_size: Count = 64
    """Width; a multiple of `heads`."""
    intermediate_size: Count = 128
    """Width of the feed-forward part."""
    layers: Count = 2
    """Depth."""
    heads: Count = 4
    """Attention heads."""
    maximum_length: int = Field(default=64, ge=16)
    """Tokens a text."""
    initializer_range: float = Field(default=0.1, gt=0)
    """Standard deviation of the first weights."""
    dropout: float = Field(default=0, ge=0, lt=1)
    """Of hidden states and attention."""


class Pretraining(Training):
    """How a model is pre-trained here."""

    masked_share: Share = 0.3
    """Share of the tokens to predict."""
    epochs: Count = 7
    """Passes over the corpus."""
    batch_size: Count = 64
    """Examples a training step."""
    learning_rate: float = Field(default=0.004, gt=0)
    """AdamW's, at its peak."""
    weight_decay: float = Field(default=0.5, ge=0)
    """AdamW's; a small vocabulary's embeddings grow alike without it, and are hard to fine-tune."""


class Checkpoint(Section):
    """The checkpoint that everything starts from."""

    source: Literal["generated", "file", "hub"] = "generated"
    """Pre-trained here, a local from_pretrained folder, or a hub's id."""
    file: CheckpointFile = CheckpointFile()
    """A local from_pretrained folder of a masked language model."""
    hub: CheckpointHub = CheckpointHub()
    """A checkpoint of the Hugging Face hub."""
    corpus: Corpus = Corpus()
    """Text to pre-train on, and to take a method's sentences from."""
    architecture: Architecture = Architecture()
    """Form and size of the model that is pre-trained here."""
    pretraining: Pretraining = Pretraining()
    """How it is pre-trained."""


# ---- bias -------------------------------------------------------------------------------


class SentimentFile(Section):
    """Labelled text that a classifier learns from."""

    path: InputFile = ""
    """A table, or plain text with one text a line."""
    labels_path: OptionalInputFile = ""
    """Labels in a file of their own, line by line; empty: a column of `path`."""
    text: Column = "text"
    """Column of the text."""
    label: Column = "label"
    """Column of the label."""
    labels: dict[str, str] = Field(default={})
    """Your label → negative, neutral or positive; empty: 0, 1, 2 or the words."""


class SentimentHub(Section):
    """A sentiment classifier of the Hugging Face hub."""

    id: HubId = declared.SENTIMENT_CLASSIFIER
    """The hub's id, or a local folder."""
    revision: str = ""
    """A commit or tag; empty for the newest."""
    negative: Name = "LABEL_0"
    """The classifier's name of its negative class."""


class SentimentTraining(Training):
    """How the classifier is trained."""

    epochs: Count = 4
    """Passes over the training part."""
    learning_rate: float = Field(default=0.001, gt=0)
    """AdamW's, at its peak."""


class Sentiment(Section):
    """The classifier that scores the tokens at a mask."""

    source: Literal["generated", "file", "hub", "lexicon"] = "generated"
    """Labelled text to learn from, a classifier of the hub, or the vaderSentiment lexicon, which is
    English."""
    generated: Rows = Rows(rows=1500)
    """The bundled generator."""
    file: SentimentFile = SentimentFile()
    """Labelled text that a classifier learns from."""
    hub: SentimentHub = SentimentHub()
    """A sentiment classifier of the Hugging Face hub."""
    maximum_length: int = Field(default=32, ge=8)
    """Tokens of a text that are kept."""
    training: SentimentTraining = SentimentTraining()
    """How the classifier is trained."""


class Scoring(Section):
    """How models are scored."""

    batch_size: Count = 256
    """Texts a step. A change of it scores nothing again. It changes no number."""
    gpus: int = Field(default=0, ge=0, le=1)
    """GPUs that a scoring job asks for; 1 for models that are slow on a CPU."""


class Analysis(Section):
    """The regressions and the verdict."""

    smallest_effect: float = Field(default=0.2, gt=0)
    """The smallest slope that matters, in standard deviations of downstream bias a standard
    deviation of its source. A source "does not transfer" where the whole interval is smaller; 0.2
    is what Cohen (1988) calls a small difference."""
    fewest_test_rows: Count = 10
    """Test rows that an item's downstream bias must rest on, in each group that is compared, for
    the item to count in slopes and verdicts: of a single row a rate is 0 or 1, whatever the model.
    1: every item whose rate exists. The paper's tables and the correlations take every item."""

    hc3: Literal["lsdv", "within", "arellano"] = "lsdv"
    """Whose HC3 standard errors the tables print."""
    covariates_from: Literal["fine-tuning", "original"] = "fine-tuning"
    """Whether covariates describe each model's own training part, or the unaltered one."""


# ---- the whole --------------------------------------------------------------------------


def _composed(name: str, meaning: str, sections: Mapping[str, type[Section]]) -> Any:
    """Return a section that holds one section for each plug-in."""
    fields: dict[str, Any] = {
        each: (section, Field(section(), description=(section.__doc__ or "").strip()))
        for each, section in sections.items()
    }
    return create_model(name, __base__=Section, __doc__=meaning, **fields)


def _kept(values: Any) -> Any:
    """Leave out what is null: so an overlay takes away a task of the study that it lies over."""
    if not isinstance(values, Mapping):
        return values
    return {name: value for name, value in values.items() if value is not None}


def _task_name(name: str) -> str:
    if not _TASK_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name for a task; begin with a letter, and go on with letters, digits, "
            "hyphens and underscores"
        )
    if len(name) > _LONGEST_NAME:
        raise ValueError(
            f"the name {name[:20]}… of a task has {len(name)} letters; {_LONGEST_NAME} at most"
        )
    if name in _RESERVED:
        raise ValueError(f"{name!r} is the name of a folder of the study's own; name it otherwise")
    return name


if TYPE_CHECKING:

    class Task(Definition, TaskSection):
        """What every task's section has, whatever its kind."""

        source: str

    Tasks = dict[str, Task]
    Upstream = Any
    Adaptations = Any
    Measures = Any
else:
    _Task = Annotated[
        reduce(or_, (each.section for each in kinds().values())), Field(discriminator="kind")
    ]
    Tasks = Annotated[
        dict[Annotated[str, AfterValidator(_task_name)], _Task],
        Field(min_length=1),
        BeforeValidator(_kept, json_schema_input_type=dict[str, _Task | None]),
    ]
    Upstream = _composed(
        "Upstream",
        "How each method alters the checkpoint.",
        {name: each.settings for name, each in methods().items()},
    )
    Adaptations = _composed(
        "Adaptations",
        "What each way of fine-tuning is told.",
        {name: each.settings for name, each in adaptations().items()},
    )
    Measures = _composed(
        "Measures",
        "What each measure of upstream bias is told.",
        {name: each.settings for name, each in all_measures().items()},
    )


class Study(Section):
    """A study of whether upstream bias survives fine-tuning."""

    results: Name = "results"
    """The folder that everything is written to."""
    release: str = ""
    """A results release to redo the analysis from; empty: run the study."""
    seed: Seed = 20220522
    """Of the generated text, the interventions and the pre-training."""
    seeds: Annotated[list[Seed], Field(min_length=1), DISTINCT] = Field(default=[1, 2])
    """Of fine-tuning; one model each. With two or more, the answer tells how far downstream bias
    is the same from seed to seed."""
    training_checkpoint_minutes: float = Field(default=10, ge=0)
    """Minutes between training checkpoints, which a killed training goes on from; 0: none. It
    changes no number."""
    tensorboard: bool = False
    """Whether trainings leave curves for TensorBoard in its folder below the results: losses and
    learning rate. Wants `pip install 'bias-transfer[tensorboard]'`. A change of it trains nothing.
    It changes no number."""
    keep_models: bool = False
    """Whether the weights of fine-tuned models stay; else they go once the model is scored. A later
    change of it trains nothing: what has gone stays away until it is needed. Without the weights,
    whatever scores a model again trains it again first, such as another measure or a deleted score
    file. It changes no number."""
    gpu_share: Count = 1
    """Jobs that may share a GPU, each with an equal part of its memory; allow that many a GPU with
    `--resources gpu=N`. It changes no number."""
    paper: bool = True
    """Whether to make the paper's own tables too."""
    tasks: Tasks = Field(default=cast(Any, declared.TASKS))
    """What is predicted, for whom, from which text: any number of tasks, by their names."""
    generator: Generator = Generator()
    """Strengths of the generated associations; 0 switches one off."""
    model: Checkpoint = Checkpoint()
    """The checkpoint that everything starts from."""
    upstream: Upstream = Upstream()
    """How each method alters the checkpoint."""
    adaptations: Adaptations = Adaptations()
    """What each way of fine-tuning is told."""
    measures: Measures = Measures()
    """What each measure of upstream bias is told."""
    sentiment: Sentiment = Sentiment()
    """The classifier that scores the tokens at a mask."""
    scoring: Scoring = Scoring()
    """How models are scored."""
    analysis: Analysis = Analysis()
    """The regressions and the verdict."""

    def kind(self, task: str) -> Kind:
        """Return a task's kind."""
        return kind(self.tasks[task].kind)

    def definition(self, task: str) -> Any:
        """Return what is predicted, for whom: the part of a task that measuring depends on.

        It is an instance of the kind's `definition`.
        """
        names = set(self.kind(task).definition.model_fields)
        return definition_of(self.tasks[task].model_dump(include=names))

    def method_settings(self, name: str) -> Section:
        """Return what an upstream method is told."""
        found: Section = getattr(self.upstream, name)
        return found
