"""Every family of encoders: tiny checkpoints made here, against the whole model on one sentence."""

import copy
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers, trainers
from tokenizers import models as tokenizer_models
from torch.multiprocessing.reductions import StorageWeakRef
from transformers import (
    AlbertConfig,
    AlbertTokenizer,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertTokenizer,
    CamembertConfig,
    CamembertTokenizer,
    DebertaV2Config,
    DebertaV2Tokenizer,
    DistilBertConfig,
    ElectraConfig,
    ElectraForPreTraining,
    GPT2Config,
    GPT2LMHeadModel,
    ModernBertConfig,
    MPNetConfig,
    MPNetTokenizer,
    RobertaConfig,
    Trainer,
    XLMRobertaConfig,
    XLMRobertaTokenizer,
)

from bias_transfer.adaptations import adaptation
from bias_transfer.errors import StudyError
from bias_transfer.measures import Resources, measure
from bias_transfer.measures.negative_sentiment import masked_sentences, top_words
from bias_transfer.models.checkpoints import (
    is_tied,
    load_classifier,
    load_masked_lm,
    load_tokenizer,
    new_classifier,
    require_matching_tokenizer,
    save_checkpoint,
    save_masked_lm,
)
from bias_transfer.models.classification import LabelledTokens, fine_tune
from bias_transfer.models.device import prepare_device
from bias_transfer.models.encoded import encode
from bias_transfer.models.erasure import Erasure
from bias_transfer.models.families import FAMILIES, PRETRAINABLE, Architecture, longest_text
from bias_transfer.models.frozen import freeze_encoder, head_alone_is_trained, head_inputs
from bias_transfer.models.hidden_debias import attach_projection, hidden_sentence_embeddings
from bias_transfer.models.last_layer import classifier_logits, states_at
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.optimiser import decaying_parameters
from bias_transfer.models.prediction import predict, require_positions
from bias_transfer.models.pretraining import pretrain
from bias_transfer.models.tokenisation import tokenise, tokenizer_digest
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.models.training import TrainingSettings
from bias_transfer.models.training_checkpoints import TrainingCheckpoints

WIDTH, LENGTH = 16, 40
SIZE: dict[str, Any] = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": LENGTH,
    # Large, so that the probabilities differ enough to tell right from wrong.
    "initializer_range": 0.3,
}
BEHIND_PADDING = SIZE | {"max_position_embeddings": LENGTH + 2}
SETTINGS = TrainingSettings(
    epochs=1,
    batch_size=8,
    evaluation_batch_size=8,
    learning_rate=0.02,
    warmup_share=0.1,
    weight_decay=0.01,
)
DIRECTION = np.eye(WIDTH)[[3]] * 0.6 + np.eye(WIDTH)[[7]] * 0.8
CPU = torch.device("cpu")
TERMS = ("gay", "middle aged")
ATTRIBUTES = {"toxic": ("odd", "not a good day"), "non-toxic": ("kind", "a model")}


def byte_level_bpe(lines):
    return train_tokenizer(lines, 360, LENGTH)


def modern_byte_level_bpe(lines):
    return train_tokenizer(lines, 360, LENGTH, "modernbert")


def word_pieces(lines, special, lower):
    backend = Tokenizer(tokenizer_models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=lower)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    backend.train_from_iterator(lines, trainer)
    return backend.get_vocab()


def cased_word_pieces(lines):
    return train_tokenizer(lines, 200, LENGTH, "bert")


def uncased_word_pieces(lines):
    vocabulary = word_pieces(lines, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], lower=True)
    return BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=LENGTH)


def mpnet_word_pieces(lines):
    vocabulary = word_pieces(lines, ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], lower=True)
    return MPNetTokenizer(vocab=vocabulary, model_max_length=LENGTH)


def unigram(lines, special, lower=False):
    backend = Tokenizer(tokenizer_models.Unigram())
    if lower:
        backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    backend.train_from_iterator(lines, trainer)
    return [tuple(piece) for piece in json.loads(backend.to_str())["model"]["vocab"]]


def uncased_unigram(lines):
    vocabulary = unigram(lines, ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], lower=True)
    return AlbertTokenizer(vocab=vocabulary, model_max_length=LENGTH)


def deberta_unigram(lines):
    vocabulary = unigram(lines, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return DebertaV2Tokenizer(vocab=vocabulary, unk_id=1, model_max_length=LENGTH)


def xlm_unigram(lines):
    vocabulary = unigram(lines, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return XLMRobertaTokenizer(vocab=vocabulary, model_max_length=LENGTH)


def camembert_unigram(lines):
    vocabulary = unigram(lines, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return CamembertTokenizer(vocab=vocabulary, model_max_length=LENGTH)


DISENTANGLED = SIZE | {
    "relative_attention": True,
    "pos_att_type": ["c2p", "p2c"],
    "position_biased_input": False,
    "position_buckets": 8,
}
DISTIL = {
    "dim": WIDTH,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 24,
    "max_position_embeddings": LENGTH,
    "initializer_range": 0.3,
}
OWN_HEAD = DISENTANGLED | {"legacy": False}
# A tokenizer, a config and its values, by what it is.
KINDS = {
    "roberta": (byte_level_bpe, RobertaConfig, BEHIND_PADDING),
    "xlm-roberta": (xlm_unigram, XLMRobertaConfig, BEHIND_PADDING),
    "camembert": (camembert_unigram, CamembertConfig, BEHIND_PADDING),
    "bert": (cased_word_pieces, BertConfig, SIZE),
    "bert, uncased and untied": (
        uncased_word_pieces,
        BertConfig,
        SIZE | {"tie_word_embeddings": False},
    ),
    "distilbert": (uncased_word_pieces, DistilBertConfig, DISTIL),
    "albert": (uncased_unigram, AlbertConfig, SIZE | {"embedding_size": 8}),
    "mpnet": (mpnet_word_pieces, MPNetConfig, BEHIND_PADDING),
    "electra": (uncased_word_pieces, ElectraConfig, SIZE | {"embedding_size": 8}),
    "deberta-v2": (deberta_unigram, DebertaV2Config, DISENTANGLED),
    "deberta-v2, its own head": (
        deberta_unigram,
        DebertaV2Config,
        DISENTANGLED | {"legacy": False},
    ),
    "modernbert": (modern_byte_level_bpe, ModernBertConfig, SIZE | {"local_attention": 8}),
}
# Their head is handed the word embeddings, so there is no output matrix to be tied.
WITHOUT_MATRIX = "deberta-v2, its own head"
UNTIED = ("bert, uncased and untied", WITHOUT_MATRIX)


@dataclass(frozen=True)
class Made:
    """A checkpoint of one kind, and a classifier fine-tuned from it."""

    kind: str
    folder: Path
    fine_tuned: Path
    tokenizer: Any
    texts: list[str]
    loaded: Any
    loaded_classifier: Any

    def model(self):
        """Return the loaded model, or rather a copy that a test may alter: to load takes longer."""
        return copy.deepcopy(self.loaded)

    def classifier(self):
        """Return the loaded classifier in the same way."""
        return copy.deepcopy(self.loaded_classifier)


@pytest.fixture(scope="module")
def lines(tiny_sentences):
    return [*tiny_sentences, *(f"Being {term} is a good day" for term in TERMS)]


@pytest.fixture(scope="module", params=KINDS)
def made(request, lines, tmp_path_factory):
    build, config, values = KINDS[request.param]
    folder = tmp_path_factory.mktemp("made")
    tokenizer = build(lines)
    names = {"pad_token_id": tokenizer.pad_token_id, "vocab_size": len(tokenizer)}
    torch.manual_seed(1)
    model = AutoModelForMaskedLM.from_config(config(**values | names))
    with torch.no_grad():
        # Biases and norms are drawn as well, or a head without them would not be missed.
        for weight in model.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn(weight.shape) * 0.3)
    model.save_pretrained(folder / "upstream")
    tokenizer.save_pretrained(folder / "upstream")

    torch.manual_seed(2)
    classifier = new_classifier(folder / "upstream", ("odd", "even"))
    texts = lines[:48]
    classes = np.array([len(text) % 2 for text in texts])
    data = LabelledTokens(encode(tokenizer, texts, LENGTH), classes)
    none = TrainingCheckpoints(folder / "none", {}, 0)
    fine_tune(classifier, data, data, SETTINGS, 1, none)
    save_checkpoint(classifier, tokenizer, folder / "fine_tuned")
    return Made(
        request.param,
        folder / "upstream",
        folder / "fine_tuned",
        tokenizer,
        texts,
        load_masked_lm(str(folder / "upstream")),
        load_classifier(folder / "fine_tuned"),
    )


@pytest.fixture(scope="module")
def few_occupations(occupations):
    wanted = ("dj", "interior_designer", "nurse")
    labels = [label for label in occupations.labels if label.name in wanted]
    return SimpleNamespace(**vars(occupations) | {"labels": labels})


@pytest.fixture(scope="module")
def few_terms(identity_terms):
    terms = [term for term in identity_terms.terms if term.name in TERMS]
    return SimpleNamespace(**vars(identity_terms) | {"terms": terms})


def whole_model(made):
    """Load the model in double precision by its class alone."""
    return AutoModelForMaskedLM.from_pretrained(made.folder, dtype=torch.float64).eval()


def log_probabilities_before(made):
    """Return a function from one tokenised sentence to log probabilities, by the whole model."""
    model = whole_model(made)

    @torch.inference_mode()
    def of(ids):
        return model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1).numpy()

    return of


def log_probabilities_after(made):
    """Do the same with the fine-tuned encoder swapped in by hand, the head left as it was."""
    model = whole_model(made)
    output, words = model.get_output_embeddings(), model.get_input_embeddings()
    output.weight = torch.nn.Parameter(output.weight.detach().clone())
    tuned = AutoModelForSequenceClassification.from_pretrained(
        made.fine_tuned, dtype=torch.float64
    ).eval()
    assert not torch.equal(tuned.get_input_embeddings().weight, words.weight)
    setattr(model, model.base_model_prefix, tuned.base_model)

    @torch.inference_mode()
    def of(ids):
        if made.kind == WITHOUT_MATRIX:
            hidden = tuned.base_model(input_ids=torch.tensor([ids])).last_hidden_state
            logits = model.lm_predictions(hidden, words)[0]
        else:
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        return logits.log_softmax(-1).numpy()

    return of


@pytest.fixture(scope="module", params=["before fine-tuning", "after fine-tuning"])
def both_ways(request, made):
    """Return the model as measures see it, and the plain computation.

    Both in double precision: of weights this large single precision leaves up to 1e-5.
    """
    model, tokenizer = made.model().double(), load_tokenizer(str(made.folder))
    if request.param == "before fine-tuning":
        return MaskScorer(model, tokenizer, 7), log_probabilities_before(made)
    tuned = made.classifier().double()
    return MaskScorer(model, tokenizer, 7, fine_tuned=tuned), log_probabilities_after(made)


def tokens_of(tokenizer, text, phrase):
    """Return a sentence's ids, and the positions of a phrase with the space before it."""
    encoded = tokenizer(text)
    start = text.index(phrase)
    found = [encoded.char_to_token(start + i) for i in range(len(phrase)) if phrase[i] != " "]
    first, last = min(found), max(found)
    names = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    while names[first - 1] in ("▁", "Ġ"):
        first -= 1
    return list(encoded["input_ids"]), list(range(first, last + 1))


def masked(ids, positions, mask):
    return [mask if position in positions else token for position, token in enumerate(ids)]


def test_every_family_is_here():
    assert {kind.partition(",")[0] for kind in KINDS} == set(FAMILIES)


def test_measures_and_families_are_cheap_to_import():
    code = (
        "import sys; from bias_transfer.measures import measures; measures(); "
        "import bias_transfer.models.families; "
        "print(*{'torch', 'transformers', 'tokenizers'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize("family", PRETRAINABLE)
def test_a_tokenizer_is_trained_to_the_same_every_time(family, lines):
    first, *others = (
        train_tokenizer(lines, 300, LENGTH, family).backend_tokenizer.to_str() for _ in range(3)
    )
    assert others == [first, first]


def test_pronoun_ranking_equals_one_sentence_at_a_time(both_ways, few_occupations):
    language_model, plain = both_ways
    tokenizer = language_model.tokenizer
    declared = measure("pronoun_ranking")
    declared.check(tokenizer, few_occupations, "tiny")
    table = declared.score(language_model, few_occupations, declared.settings(), Resources())
    titles = {label.name: label.title for label in few_occupations.labels}
    mask = tokenizer.mask_token_id
    for row in table.itertuples():
        title = titles[row.occupation]
        article = "an" if title.startswith("i") else "a"
        form = few_occupations.templates[row.template]
        texts = [
            form.format(word=word, label=title, a_label=f"{article} {title}")
            for word in ("She", "He", "They")
        ]
        sentences = [tokenizer(text)["input_ids"] for text in texts]
        # The word is where the sentences differ.
        (place,) = (
            i for i, tokens in enumerate(zip(*sentences, strict=True)) if len(set(tokens)) > 1
        )
        ids, hidden = tokens_of(tokenizer, texts[0], title)
        visible = plain(masked(ids, [place], mask))[place]
        prior = plain(masked(ids, [place, *hidden], mask))[place]
        she, he, they = ((visible - prior)[sentence[place]] for sentence in sentences)
        assert row.score_she == pytest.approx(she, abs=1e-5)
        assert row.score_they == pytest.approx(they, abs=1e-5)
        assert row.pronoun_ranking == pytest.approx(she - he, abs=1e-5)


def test_negative_sentiment_looks_where_a_word_would_stand(both_ways, few_terms):
    language_model, plain = both_ways
    tokenizer = language_model.tokenizer
    gaps = [
        (template, term.title)
        for term in few_terms.terms
        for template in few_terms.templates.values()
    ]
    sentences = masked_sentences(tokenizer, gaps)
    top = top_words(language_model, sentences, 5)
    special = [*tokenizer.all_special_ids]
    for sentence, words in zip(sentences, top, strict=True):
        assert sentence.ids[sentence.position] == tokenizer.mask_token_id
        assert sentence.ids[-1] == tokenizer.sep_token_id
        # No space is left standing before the mask, nor anything behind it.
        assert sentence.position == len(sentence.ids) - 2
        before = tokenizer.convert_ids_to_tokens(sentence.ids[sentence.position - 1])
        assert before not in ("▁", "Ġ")
        scores = plain(sentence.ids)[sentence.position]
        scores[special] = -np.inf
        expected = np.sort(scores)[::-1][:5]
        np.testing.assert_allclose(scores[words], expected, atol=1e-5)


def test_identity_ranking_equals_one_sentence_at_a_time(both_ways, few_terms):
    language_model, plain = both_ways
    tokenizer = language_model.tokenizer
    rows, scores = [], []
    for term in TERMS:
        for label, attributes in ATTRIBUTES.items():
            for attribute in attributes:
                text = f"Being {term} is {attribute}."
                start = text.index(attribute)
                places = (6, 6 + len(term), start, start + len(attribute))
                rows.append((text, label, term, *places))
                ids, positions = tokens_of(tokenizer, text, term)
                _, hidden = tokens_of(tokenizer, text, attribute)
                visible = plain(masked(ids, positions, tokenizer.mask_token_id))
                prior = plain(masked(ids, [*positions, *hidden], tokenizer.mask_token_id))
                scores.append(sum((visible - prior)[place, ids[place]] for place in positions))
    columns = ["text", "label", "identity_term"]
    columns += ["term_start", "term_end", "attribute_start", "attribute_end"]
    sentences = pd.DataFrame(rows, columns=columns)
    declared = measure("identity_ranking")
    resources = Resources(sentences=sentences)
    table = declared.score(language_model, few_terms, declared.settings(), resources)
    means = sentences.assign(score=scores).groupby(["identity_term", "label"])["score"].mean()
    for row in table.itertuples():
        toxic, other = (means[row.identity_term, label] for label in ("toxic", "non-toxic"))
        assert row.score_toxic == pytest.approx(toxic, abs=1e-5)
        assert row.identity_ranking == pytest.approx(toxic - other, abs=1e-5)


def encoded(made, texts):
    return encode(made.tokenizer, texts, LENGTH), made.tokenizer.pad_token_id


def weights(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


def test_noise_in_place_keeps_the_tie_and_survives_saving(made, tmp_path):
    model = made.model()
    require_matching_tokenizer(model, made.tokenizer, "tiny")
    before = weights(model)
    matrix = model.get_input_embeddings().weight
    with torch.no_grad():
        matrix.add_(torch.rand(matrix.shape) - 0.5)
    assert is_tied(model) == (made.kind not in UNTIED)
    save_checkpoint(model, made.tokenizer, tmp_path)

    again = load_masked_lm(str(tmp_path))
    assert is_tied(again) == is_tied(model)
    tied = [model.get_output_embeddings().weight] if is_tied(model) else []
    altered = {
        name for name, weight in weights(again).items() if not torch.equal(weight, before[name])
    }
    expected = {
        name
        for name, weight in model.state_dict(keep_vars=True).items()
        if any(weight is each for each in (matrix, *tied))
    }
    assert altered == expected
    for name, weight in weights(model).items():
        assert torch.equal(again.state_dict()[name], weight), name


def test_a_model_drawn_anew_has_the_same_form_and_other_weights(made, tmp_path):
    model = made.model()
    torch.manual_seed(9)
    drawn = type(model)(model.config).eval()
    save_checkpoint(drawn, made.tokenizer, tmp_path)
    again = load_masked_lm(str(tmp_path))
    assert is_tied(again) == is_tied(model)
    for name, weight in model.named_parameters():
        assert again.get_parameter(name).shape == weight.shape
        if weight.dim() == 2:
            assert not torch.equal(again.get_parameter(name), weight), name


def test_a_classifier_comes_back_as_it_was_saved(made):
    first, again = (load_classifier(made.fine_tuned) for _ in range(2))
    assert first.config.label2id == {"odd": 0, "even": 1}
    probabilities = [
        predict(model, *encoded(made, made.texts[:5]), size)
        for model, size in ((first, 5), (again, 1))
    ]
    np.testing.assert_allclose(*probabilities, atol=1e-5)


def test_a_new_classifier_keeps_the_encoder(made):
    torch.manual_seed(4)
    classifier, model = new_classifier(made.folder, ("a", "b")), made.model()
    fresh = FAMILIES[made.kind.partition(",")[0]].fresh
    encoder = model.base_model.state_dict()
    pooler = {name for name in classifier.base_model.state_dict() if name.startswith("pooler.")}
    assert bool(pooler) == any(name.endswith(".pooler") for name in fresh)
    assert set(classifier.base_model.state_dict()) - pooler == set(encoder)
    for name, weight in encoder.items():
        assert torch.equal(classifier.base_model.state_dict()[name], weight), name


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


@pytest.mark.parametrize("projected", [False, True], ids=["plain", "projected"])
def test_the_head_alone_computes_what_the_whole_classifier_computes(made, projected):
    model = without_dropout(made.classifier())
    if projected:
        attach_projection(model, Erasure.of_subspace(DIRECTION, 3.0))
    freeze_encoder(model)
    assert head_alone_is_trained(model)
    texts = encode(made.tokenizer, made.texts, LENGTH)
    rows, labels = np.array([5, 2, 11]), np.arange(len(texts)) % 2
    labelled = LabelledTokens(texts, labels)
    whole = labelled.loss(model, labelled.inputs(model, rows))
    found = head_inputs(model, texts, labels, 4)
    torch.testing.assert_close(
        found.loss(model, found.inputs(model, rows)), whole, atol=1e-5, rtol=0
    )
    assert found.given.numel() == len(texts) * WIDTH
    # And its gradients are the same.
    gradients = []
    for loss in (whole, found.loss(model, found.inputs(model, rows))):
        model.zero_grad()
        loss.backward()
        gradients.append({n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys() != set()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-5, rtol=1e-4)


def test_the_states_of_all_positions_go_once_the_head_s_are_taken(made):
    model = made.classifier()
    texts = encode(made.tokenizer, made.texts, LENGTH)
    states, kept = [], []

    def note(module, inputs, output):
        states.append(StorageWeakRef(output.last_hidden_state.untyped_storage()))
        kept.append(sum(not each.expired() for each in states))

    model.base_model.register_forward_hook(note)
    head_inputs(model, texts, np.zeros(len(texts)), 2)
    # Of a batch and of the one before it.
    assert len(kept) > 4
    assert max(kept) <= 2


def test_dropout_acts_in_the_head_and_not_in_the_encoder(made):
    model = made.classifier()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    freeze_encoder(model)
    texts = encode(made.tokenizer, made.texts, LENGTH)
    rows, labels = np.array([5, 2, 11]), np.arange(len(texts)) % 2
    labelled = LabelledTokens(texts, labels)
    found = head_inputs(model.train(), texts, labels, 4)
    # As a whole classifier that is trained, but for its encoder, which is only asked.
    model.train().base_model.eval()
    losses = []
    for examples in (labelled, found):
        torch.manual_seed(1)
        losses.append(examples.loss(model, examples.inputs(model, rows)))
    torch.testing.assert_close(losses[1], losses[0], atol=1e-5, rtol=0)
    model.eval()
    without = found.loss(model, found.inputs(model, rows))
    assert abs(losses[1] - without) > 1e-3


def test_adapters_move_attention_in_every_layer_and_the_head(made):
    plugin = adaptation("lora")
    texts = made.texts[:5]
    torch.manual_seed(4)
    model = without_dropout(new_classifier(made.folder, ("odd", "even")))
    before = {name: each.clone() for name, each in model.state_dict().items()}
    data = LabelledTokens(
        encode(made.tokenizer, made.texts, LENGTH), np.arange(len(made.texts)) % 2
    )
    with plugin.adapting(model, plugin.settings(rank=2)):
        # None of them changes anything yet.
        untrained = predict(model.eval(), *encoded(made, texts), 5)
        fine_tune(model, data, data, SETTINGS, 1, TrainingCheckpoints(made.folder / "none", {}, 0))
        unmerged = predict(model.eval(), *encoded(made, texts), 5)
    np.testing.assert_allclose(predict(model, *encoded(made, texts), 5), unmerged, atol=1e-5)
    assert np.abs(unmerged - untrained).max() > 1e-3
    after = model.state_dict()
    assert list(after) == list(before)
    family = FAMILIES[made.kind.partition(",")[0]]
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    attention = {name for name in moved if not family.is_fresh(name)}
    ends = tuple(f".{name}.weight" for name in family.queries_and_values)
    assert attention == {name for name in before if name.endswith(ends)} != set()
    assert moved - attention == {
        name for name, _ in model.named_parameters() if family.is_fresh(name)
    }


def test_what_decays_is_what_stock_trainer_lets_decay(made):
    for model in (made.model(), made.classifier()):
        stock = Trainer.get_decay_parameter_names(None, model)
        assert decaying_parameters(model) == set(stock) & dict(model.named_parameters()).keys()


def test_the_last_layer_is_computed_where_it_is_used_only(made):
    inputs = made.tokenizer(made.texts[:3], return_tensors="pt", padding=True)
    inputs = {name: inputs[name] for name in ("input_ids", "attention_mask")}
    places = torch.tensor([1, 4, inputs["input_ids"].shape[1] + 2])
    kept = FAMILIES[made.kind.partition(",")[0]].behind_attention is not None
    rows = []
    for projected in (False, True):
        model, classifier = made.model(), made.classifier()
        for each in (model, classifier):
            if projected:
                attach_projection(each, Erasure.of_subspace(DIRECTION))
            seen = each.base_model.register_forward_hook(
                lambda module, _, output: rows.append(output.last_hidden_state.shape[:2].numel())
            )
            with torch.inference_mode():
                if each is classifier:
                    expected, found = each(**inputs).logits, classifier_logits(each, inputs)
                else:
                    states = each.base_model(**inputs).last_hidden_state.flatten(0, 1)
                    expected, found = states[places], states_at(each, inputs, places)
            seen.remove()
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
            whole, less = rows[-2:]
            assert less == (3 if kept else whole)


def test_a_text_may_fill_every_position_and_not_one_more(made):
    classifier = made.classifier()
    assert longest_text(classifier.config.to_dict(), "tiny") == LENGTH
    long = " ".join(["work"] * 60)
    require_positions(classifier, LENGTH)
    assert predict(classifier, *encoded(made, [long]), 1).shape == (1, 2)
    with pytest.raises(StudyError, match=f"{LENGTH + 1} tokens, but the checkpoint has {LENGTH}"):
        require_positions(classifier, LENGTH + 1)
    model = made.model()
    found = hidden_sentence_embeddings(model, made.tokenizer, [long, "work"], 2)
    alone = hidden_sentence_embeddings(model, made.tokenizer, ["work"], 1)
    np.testing.assert_allclose(found[1:], alone, atol=1e-5)


def test_a_checkpoint_with_other_words_shares_the_rest_with_its_source(made, tmp_path):
    save_masked_lm(made.model(), made.tokenizer, tmp_path / "source")
    model = load_masked_lm(str(tmp_path / "source"))
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(1)
    save_masked_lm(model, made.tokenizer, tmp_path / "made", tmp_path / "source")
    words, rest = sorted((tmp_path / "made").glob("model-*.safetensors"))
    assert rest.samefile(tmp_path / "source" / rest.name)
    assert len(load_file(words)) == 1
    again = load_masked_lm(str(tmp_path / "made"))
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name


def test_texts_are_tokenised_without_transformers_as_with_it(made):
    expected = load_tokenizer(str(made.folder))(made.texts, truncation=True, max_length=7)
    found = tokenise(made.folder, made.texts, 7)
    assert found.tokens.tolist() == [token for ids in expected["input_ids"] for token in ids]
    assert tokenizer_digest(made.fine_tuned) == tokenizer_digest(made.folder)


def test_a_projection_stands_before_every_head(made, tmp_path):
    model = made.model()
    attach_projection(model, Erasure.of_subspace(DIRECTION))
    save_checkpoint(model, made.tokenizer, tmp_path)
    plain, projected = made.model(), load_masked_lm(str(tmp_path))
    torch.manual_seed(5)
    classifier = new_classifier(tmp_path, ("a", "b")).eval()
    batch = made.tokenizer(["She is a dj", "He had a good day"], return_tensors="pt", padding=True)
    batch = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.inference_mode():
        hidden = plain.base_model(**batch).last_hidden_state.double().numpy()
        expected = hidden - (hidden @ DIRECTION[0])[..., None] * DIRECTION[0]
        for each in (projected, classifier):
            found = each.base_model(**batch)
            np.testing.assert_allclose(found.last_hidden_state, expected, atol=1e-5)
        # A pooler sees the projected states too: another projection changes nothing.
        pooler = getattr(classifier.base_model, "pooler", None)
        if pooler is not None:
            first = torch.tensor(expected, dtype=torch.float32)
            dense = getattr(pooler, "dense", pooler)
            pooled = torch.tanh(first[:, 0] @ dense.weight.T + dense.bias)
            torch.testing.assert_close(found.pooler_output, pooled, atol=1e-5, rtol=0)
    # Gradients pass through it.
    classifier(**batch, labels=torch.tensor([0, 1])).loss.backward()
    assert classifier.get_input_embeddings().weight.grad.abs().sum() > 0


def refusal(folder):
    with pytest.raises(StudyError) as caught:
        load_masked_lm(str(folder))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{folder}: ")
    return message


SMALL = SIZE | {"vocab_size": 30}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            lambda: ElectraForPreTraining(ElectraConfig(**SMALL)),
            "no masked-language-model head (generator_lm_head.bias is missing)",
        ),
        (
            lambda: AutoModel.from_config(MPNetConfig(**SMALL)),
            "no masked-language-model head (lm_head.bias is missing)",
        ),
        (
            lambda: AutoModel.from_config(BertConfig(**SMALL)),
            "no masked-language-model head (cls.predictions.bias is missing)",
        ),
        (
            lambda: AutoModelForSequenceClassification.from_config(
                ModernBertConfig(**SMALL | {"pad_token_id": 0})
            ),
            "no masked-language-model head (decoder.bias is missing)",
        ),
        (
            lambda: GPT2LMHeadModel(GPT2Config(vocab_size=30, n_embd=16, n_layer=1, n_head=2)),
            "a model of type 'gpt2'; only encoders with a masked-language-model head can be used",
        ),
    ],
    ids=["discriminator", "sentence encoder", "encoder", "classifier", "decoder"],
)
def test_what_cannot_be_scored_is_refused_with_the_reason(model, reason, tmp_path):
    model().save_pretrained(tmp_path)
    assert reason in refusal(tmp_path)


@pytest.mark.parametrize("values", [{"model_type": "no_such"}, {"model_type": 7}, {}])
def test_a_type_of_model_that_nobody_knows_is_refused(tiny_checkpoint, tmp_path, values):
    (tmp_path / "config.json").write_text(json.dumps(values))
    weights = (tiny_checkpoint / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert "only encoders with a masked-language-model head" in refusal(tmp_path)


def test_weights_under_the_names_of_the_newer_deberta_are_refused(tmp_path):
    # Published checkpoints of the third version are of this form.
    config = DebertaV2Config(**SMALL, legacy=False)
    AutoModelForMaskedLM.from_config(config).save_pretrained(tmp_path)
    stored = json.loads((tmp_path / "config.json").read_text())
    del stored["legacy"]
    (tmp_path / "config.json").write_text(json.dumps(stored))
    assert "no masked-language-model head (cls.predictions" in refusal(tmp_path)


@pytest.mark.parametrize("family", PRETRAINABLE)
def test_a_small_model_of_the_family_learns_from_text(family, lines, tmp_path):
    size = Architecture(
        vocabulary_size=330,
        hidden_size=16,
        intermediate_size=16,
        layers=1,
        heads=2,
        maximum_length=24,
        initializer_range=0.2,
        dropout=0.1,
        family=family,
    )
    torch.manual_seed(1)
    none = TrainingCheckpoints(tmp_path / "none", {}, 0)
    model, tokenizer, curve = pretrain(lines, size, SETTINGS, 0.3, 1, none, CPU)
    assert model.config.model_type == family
    assert longest_text(model.config.to_dict(), "tiny") == 24
    assert is_tied(model)
    # Much better than by chance.
    assert curve["evaluation_loss"].iloc[-1] < np.log(len(tokenizer)) - 0.5
    save_checkpoint(model, tokenizer, tmp_path / "saved")
    again = load_tokenizer(str(tmp_path / "saved"))
    require_matching_tokenizer(load_masked_lm(str(tmp_path / "saved")), again, "saved")
    text = "She works as a DJ, naïve"
    assert again(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert AutoTokenizer.from_pretrained(tmp_path / "saved")(text)["input_ids"][0] == (
        tokenizer.cls_token_id
    )
    # "She" at the start of a sentence is a token of its own.
    assert tokenizer.tokenize("She is she")[0] == "She"


def test_rotary_positions_need_an_even_number_of_dimensions(lines, tmp_path):
    size = Architecture(330, 6, 8, 1, 2, 24, 0.2, 0.1, "modernbert")
    with pytest.raises(StudyError, match=r"model\.architecture\.heads: 2 heads of 3 dim"):
        none = TrainingCheckpoints(tmp_path / "none", {}, 0)
        pretrain(lines, size, SETTINGS, 0.3, 1, none, CPU)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("way", ["full", "head", "lora"])
def test_a_recorded_training_ends_with_the_numbers_of_one_that_is_not(
    made, way, tmp_path, monkeypatch
):
    device = prepare_device(1)
    texts = encode(made.tokenizer, made.texts, LENGTH)
    data = LabelledTokens(texts, np.arange(len(texts)) % 2)
    settings = replace(SETTINGS, epochs=6)
    plugin = adaptation(way)
    replayed = []
    replay = torch.cuda.CUDAGraph.replay

    def counted(graph):
        replayed.append(graph)
        replay(graph)

    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", counted)

    def trained():
        torch.manual_seed(1)
        model = new_classifier(made.folder, ("odd", "even")).to(device)
        with plugin.adapting(model, plugin.settings()):
            checkpoints = TrainingCheckpoints(tmp_path / "none", {}, 0)
            curve = fine_tune(model, data, data, settings, 1, checkpoints)
        return model, curve

    model, curve = trained()
    if FAMILIES[model.config.model_type].recordable:
        assert len(replayed) > 12
    monkeypatch.setattr("bias_transfer.models.training.Recorded", lambda step, undo: step)
    plain, expected = trained()
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight, plain.get_parameter(name), atol=0, rtol=0, msg=name)
    pd.testing.assert_frame_equal(curve, expected)
