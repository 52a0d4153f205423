"""All that differs between families of encoders: one entry each.

What transformers has a common name for (`base_model`, the input embeddings, the classes behind
`AutoModelFor…`) is used by that name everywhere. An encoder is always called with token ids and an
attention mask: each family then assumes a single segment, and counts positions in its own way.
Importing this module is cheap, since the config is checked against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bias_transfer.errors import StudyError

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# Of the tokenizers that are trained here, in the order of their ids: <s> is 0 and <pad> is 1, as in
# roberta-base; [PAD] is 0, as in BERT.
_ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
_BERT_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

# What is pre-trained where the config does not say.
DEFAULT_FAMILY = "roberta"


@dataclass(frozen=True)
class Architecture:
    """The size of a model that is pre-trained here.

    Attributes
    ----------
    vocabulary_size
        Tokens of the vocabulary, at most.
    hidden_size, intermediate_size, layers, heads
        Width, feed-forward width, depth and attention heads.
    maximum_length
        Tokens a text, the two special ones included.
    initializer_range
        Standard deviation of the first weights. A narrow model needs a larger one than the usual
        0.02, about 1 / sqrt(hidden_size), or attention hardly starts to learn.
    dropout
        Dropout of hidden states and attention, kept for fine-tuning.
    family
        One of `PRETRAINABLE`.
    """

    vocabulary_size: int
    hidden_size: int
    intermediate_size: int
    layers: int
    heads: int
    maximum_length: int
    initializer_range: float
    dropout: float
    family: str = DEFAULT_FAMILY


@dataclass(frozen=True)
class Pretraining:
    """How a model of the family is begun from nothing.

    Attributes
    ----------
    tokenizer
        From lines of text, the size of the vocabulary and the tokens a text may have to a trained
        tokenizer.
    configuration
        From the trained tokenizer and the size to the model's config.
    """

    tokenizer: Callable[[Sequence[str], int, int], PreTrainedTokenizerBase]
    configuration: Callable[[PreTrainedTokenizerBase, Architecture], PretrainedConfig]


@dataclass(frozen=True)
class Family:
    """One family of encoders.

    Attributes
    ----------
    title
        As its authors write it.
    head
        The modules of the masked-language-model head, in the order in which they are applied.
    fresh
        The modules of a classifier that a masked language model lacks, its dropout included: their
        weights are drawn anew. In the order in which they are applied; nothing but an activation
        stands between them.
    other_heads
        Modules of published checkpoints that neither model has: poolers, the heads of further
        objectives.
    first_position
        From the config to the number of the first token's position.
    apply_head
        From a masked language model and hidden states to logits; None: the head's modules one
        after another.
    apply_fresh
        From a classifier and what its first fresh module is given to logits; None: the fresh
        modules one after another.
    queries_and_values
        What the linear maps of attention to queries and to values are called; a family that holds
        them in one matrix with the keys has one name.
    dropout
        The keys of the config that hold the rates of dropout of a masked language model, of hidden
        states and of attention weights.
    behind_attention
        From an encoder to the module of its last layer that is called with what attention gives
        and with what went into the layer. From there on each position is computed by itself, also
        by the language model's head, and the classifier looks at the first one only. None where no
        module is called so, or where a classifier may look at all positions, as ModernBERT's does
        that takes their mean.
    recordable
        Whether a step of training can be recorded on a GPU (`models.recording`): nothing in it goes
        from the processor to the GPU or back.
    pretraining
        How one is begun from nothing; None where the study does not offer it.
    """

    title: str
    head: tuple[str, ...]
    fresh: tuple[str, ...]
    other_heads: tuple[str, ...] = ()
    first_position: Callable[[Mapping[str, Any]], int] = lambda config: 0
    apply_head: Callable[[PreTrainedModel, torch.Tensor], torch.Tensor] | None = None
    apply_fresh: Callable[[PreTrainedModel, torch.Tensor], torch.Tensor] | None = None
    queries_and_values: tuple[str, ...] = ("query", "value")
    dropout: tuple[str, ...] = ("hidden_dropout_prob", "attention_probs_dropout_prob")
    behind_attention: Callable[[PreTrainedModel], torch.nn.Module] | None = None
    recordable: bool = True
    pretraining: Pretraining | None = None

    def logits(self, model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
        """Apply a masked language model's head to hidden states, at as many positions as given."""
        if self.apply_head is not None:
            return self.apply_head(model, hidden)
        for name in self.head:
            hidden = getattr(model, name)(hidden)
        return hidden

    def class_logits(self, model: PreTrainedModel, given: torch.Tensor) -> torch.Tensor:
        """Apply a classifier's fresh modules to what the first one is given."""
        if self.apply_fresh is not None:
            return self.apply_fresh(model, given)
        for name in self.fresh:
            given = model.get_submodule(name)(given)
        return given

    def is_fresh(self, parameter: str) -> bool:
        """Tell by its name whether a classifier's parameter is drawn anew."""
        return parameter.startswith(tuple(f"{module}." for module in self.fresh))


def family_of(config: Mapping[str, Any], name: str) -> Family:
    """Return the family of a model by its config.

    Parameters
    ----------
    config
        As config.json holds it.
    name
        What an error message calls the model.

    Raises
    ------
    StudyError
        If it is none of those known here.
    """
    kind = config.get("model_type")
    if kind not in FAMILIES:
        known = ", ".join(sorted(each.title for each in FAMILIES.values()))
        raise StudyError(
            f"{name}: a model of type {kind!r}; only encoders with a masked-language-model head "
            f"can be used, of these families: {known}"
        )
    return FAMILIES[kind]


def longest_text(config: Mapping[str, Any], name: str) -> int:
    """Return how many tokens a text may have, the special ones included.

    A model with relative or rotary positions could take more; it was not trained on more.

    Parameters
    ----------
    config
        As config.json holds it.
    name
        What an error message calls the model.
    """
    return int(config["max_position_embeddings"]) - family_of(config, name).first_position(config)


def _behind_padding(config: Mapping[str, Any]) -> int:
    return int(config["pad_token_id"]) + 1


def _roberta_tokenizer(
    lines: Sequence[str], vocabulary_size: int, maximum_length: int
) -> PreTrainedTokenizerBase:
    """Train a byte-level BPE tokenizer."""
    from transformers import RobertaTokenizer

    untrained = RobertaTokenizer(
        vocab=_numbered(_ROBERTA_TOKENS), merges=[], model_max_length=maximum_length
    )
    return _trained(untrained, lines, vocabulary_size)


def _bert_tokenizer(
    lines: Sequence[str], vocabulary_size: int, maximum_length: int
) -> PreTrainedTokenizerBase:
    """Train a WordPiece tokenizer that keeps upper case.

    "She" at the start of a sentence stays another token than "she" inside one, as it is in
    byte-level BPE, so that the same words are compared whichever the family; and names keep the
    case that tells them from other words.
    """
    from tokenizers import Tokenizer, models, trainers
    from transformers import BertTokenizer

    def tokenizer(vocabulary: dict[str, int]) -> BertTokenizer:
        return BertTokenizer(
            vocab=vocabulary,
            do_lower_case=False,
            strip_accents=False,
            model_max_length=maximum_length,
        )

    form = tokenizer(_numbered(_BERT_TOKENS)).backend_tokenizer
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer = form.normalizer, form.pre_tokenizer
    continuing = {
        letter
        for line in lines
        for word, _ in form.pre_tokenizer.pre_tokenize_str(form.normalizer.normalize_str(line))
        for letter in word[1:]
    }
    # The trainer would number these pieces in the order of a hash table, another one every time,
    # and the numbers decide between pairs of equal frequency.
    pieces = [f"##{letter}" for letter in sorted(continuing)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size, special_tokens=[*_BERT_TOKENS, *pieces], show_progress=False
    )
    backend.train_from_iterator(lines, trainer)
    return tokenizer(backend.get_vocab())


def _modernbert_tokenizer(
    lines: Sequence[str], vocabulary_size: int, maximum_length: int
) -> PreTrainedTokenizerBase:
    """Train a byte-level BPE tokenizer with BERT's special tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    numbers = _numbered(_BERT_TOKENS)
    backend = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(token, numbers[token]) for token in ("[CLS]", "[SEP]")],
    )
    untrained = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token=AddedToken("[MASK]", lstrip=True, special=True),
        model_input_names=["input_ids", "attention_mask"],
        model_max_length=maximum_length,
    )
    return _trained(untrained, lines, vocabulary_size)


def _trained(
    untrained: PreTrainedTokenizerBase, lines: Sequence[str], vocabulary_size: int
) -> PreTrainedTokenizerBase:
    return untrained.train_new_from_iterator(lines, vocab_size=vocabulary_size, show_progress=False)


def _numbered(tokens: tuple[str, ...]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _shared(tokenizer: PreTrainedTokenizerBase, size: Architecture) -> dict[str, Any]:
    """Return what the configs of all families call by the same name."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": size.hidden_size,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.intermediate_size,
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": True,
        "initializer_range": size.initializer_range,
    }


def _roberta_configuration(
    tokenizer: PreTrainedTokenizerBase, size: Architecture
) -> PretrainedConfig:
    from transformers import RobertaConfig

    return RobertaConfig(
        **_shared(tokenizer, size),
        # Positions are counted from the one behind that of padding.
        max_position_embeddings=size.maximum_length + 2,
        type_vocab_size=1,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        hidden_dropout_prob=size.dropout,
        attention_probs_dropout_prob=size.dropout,
    )


def _bert_configuration(tokenizer: PreTrainedTokenizerBase, size: Architecture) -> PretrainedConfig:
    from transformers import BertConfig

    return BertConfig(
        **_shared(tokenizer, size),
        max_position_embeddings=size.maximum_length,
        hidden_dropout_prob=size.dropout,
        attention_probs_dropout_prob=size.dropout,
    )


def _modernbert_configuration(
    tokenizer: PreTrainedTokenizerBase, size: Architecture
) -> PretrainedConfig:
    from transformers import ModernBertConfig

    if size.hidden_size // size.heads % 2:
        raise StudyError(
            f"config key model.architecture.heads: {size.heads} heads of "
            f"{size.hidden_size // size.heads} dimensions each; rotary positions need an even "
            "number of dimensions"
        )
    return ModernBertConfig(
        **_shared(tokenizer, size),
        max_position_embeddings=size.maximum_length,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        embedding_dropout=size.dropout,
        mlp_dropout=size.dropout,
        attention_dropout=size.dropout,
        classifier_dropout=size.dropout,
    )


def _behind_attention(encoder: PreTrainedModel) -> torch.nn.Module:
    module: torch.nn.Module = encoder.encoder.layer[-1].attention.output
    return module


def _deberta_logits(model: PreTrainedModel, hidden: torch.Tensor) -> torch.Tensor:
    """Apply DeBERTa's head: BERT's, or its own, which is handed the word embeddings."""
    logits: torch.Tensor
    if model.config.legacy:
        logits = model.cls(hidden)
    else:
        logits = model.lm_predictions(hidden, model.get_input_embeddings())
    return logits


def _distilbert_fresh(model: PreTrainedModel, given: torch.Tensor) -> torch.Tensor:
    hidden = model.dropout(model.pre_classifier(given).relu())
    logits: torch.Tensor = model.classifier(hidden)
    return logits


def _albert_fresh(model: PreTrainedModel, given: torch.Tensor) -> torch.Tensor:
    encoder = model.albert
    hidden = model.dropout(encoder.pooler_activation(encoder.pooler(given)))
    logits: torch.Tensor = model.classifier(hidden)
    return logits


_ROBERTA = Family(
    title="RoBERTa",
    head=("lm_head",),
    fresh=("classifier",),
    other_heads=("roberta.pooler",),
    first_position=_behind_padding,
    behind_attention=_behind_attention,
    pretraining=Pretraining(_roberta_tokenizer, _roberta_configuration),
)

# By `model_type`, as config.json names it.
FAMILIES: dict[str, Family] = {
    "roberta": _ROBERTA,
    "xlm-roberta": replace(_ROBERTA, title="XLM-RoBERTa", pretraining=None),
    "camembert": replace(_ROBERTA, title="CamemBERT", pretraining=None),
    "bert": Family(
        title="BERT",
        head=("cls",),
        # The pooler belongs to the objective of the next sentence.
        fresh=("bert.pooler", "dropout", "classifier"),
        other_heads=("bert.pooler", "cls.seq_relationship"),
        behind_attention=_behind_attention,
        pretraining=Pretraining(_bert_tokenizer, _bert_configuration),
    ),
    "distilbert": Family(
        title="DistilBERT",
        head=("vocab_transform", "activation", "vocab_layer_norm", "vocab_projector"),
        fresh=("pre_classifier", "dropout", "classifier"),
        apply_fresh=_distilbert_fresh,
        queries_and_values=("q_lin", "v_lin"),
        dropout=("dropout", "attention_dropout"),
    ),
    "albert": Family(
        title="ALBERT",
        head=("predictions",),
        fresh=("albert.pooler", "dropout", "classifier"),
        apply_fresh=_albert_fresh,
        other_heads=("albert.pooler", "sop_classifier"),
    ),
    "mpnet": Family(
        title="MPNet",
        head=("lm_head",),
        fresh=("classifier",),
        other_heads=("mpnet.pooler",),
        queries_and_values=("q", "v"),
        # Whatever the config says of the padding token.
        first_position=lambda config: 2,
    ),
    "electra": Family(
        title="ELECTRA's generator",
        head=("generator_predictions", "generator_lm_head"),
        fresh=("classifier",),
        behind_attention=_behind_attention,
    ),
    "deberta-v2": Family(
        title="DeBERTa-v2",
        head=("cls", "lm_predictions"),
        fresh=("pooler", "dropout", "classifier"),
        queries_and_values=("query_proj", "value_proj"),
        # Of the objective of replaced tokens.
        other_heads=("mask_predictions",),
        apply_head=_deberta_logits,
        # Attention is scaled by numbers that are made on the processor.
        recordable=False,
    ),
    # Its classifier starts from the language model's own `head`, and only the last layer is new.
    "modernbert": Family(
        title="ModernBERT",
        head=("head", "decoder"),
        fresh=("drop", "classifier"),
        queries_and_values=("Wqkv",),
        dropout=("embedding_dropout", "mlp_dropout", "attention_dropout"),
        pretraining=Pretraining(_modernbert_tokenizer, _modernbert_configuration),
    ),
}

PRETRAINABLE = tuple(name for name, family in FAMILIES.items() if family.pretraining is not None)


def pretraining_of(family: str) -> Pretraining:
    """Return how a model of a family is begun from nothing; the family is in `PRETRAINABLE`."""
    found = FAMILIES[family].pretraining
    if found is None:
        raise ValueError(f"{family} is not pre-trained here")
    return found
