"""Checkpoints: refused in one line unless whole and finite, and altered without losing a tie."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    RobertaForMaskedLM,
    RobertaForSequenceClassification,
)

from bias_transfer.errors import StudyError
from bias_transfer.upstream.embeddings import noisy, uniform_noise
from bias_transfer.models.checkpoints import (
    WORD_EMBEDDINGS,
    load_classifier,
    load_masked_lm,
    load_tokenizer,
    new_classifier,
    random_masked_lm,
    require_single_tokens,
    with_upstream_head,
)
from bias_transfer.models.tokenizer import train_tokenizer

QUERY = "roberta.encoder.layer.0.attention.self.query.weight"


@pytest.fixture
def copied(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint, tmp_path / "copy")


@pytest.fixture
def classifier(tiny_checkpoint):
    torch.manual_seed(3)
    return new_classifier(tiny_checkpoint, ("non-toxic", "toxic"))


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def refusal(call, source, *more):
    with pytest.raises(StudyError) as caught:
        call(source, *more)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{source}: ")
    return message


def test_a_whole_checkpoint_is_loaded_bit_for_bit(tiny_checkpoint, new_masked_lm):
    model, original = load_masked_lm(str(tiny_checkpoint)), new_masked_lm(1)
    assert not model.training
    for name, weight in original.state_dict().items():
        assert torch.equal(model.state_dict()[name], weight), name


def test_a_checkpoint_without_a_language_model_head_is_refused(classifier, tmp_path):
    classifier.save_pretrained(tmp_path)
    message = refusal(load_masked_lm, str(tmp_path))
    assert "no masked-language-model head" in message
    assert "RobertaForMaskedLM" in message


def test_a_missing_weight_is_named(copied):
    change_weights(copied, lambda weights: weights.pop(QUERY))
    message = refusal(load_masked_lm, str(copied))
    assert "1 weights are missing" in message
    assert QUERY in message


def test_an_unexpected_weight_is_named(copied):
    change_weights(copied, lambda weights: weights.update({"roberta.extra": torch.ones(2)}))
    message = refusal(load_masked_lm, str(copied))
    assert "1 unexpected weights" in message
    assert "extra" in message


def test_a_pooler_is_no_harm(copied):
    pooler = {
        "roberta.pooler.dense.weight": torch.ones(16, 16),
        "roberta.pooler.dense.bias": torch.ones(16),
    }
    change_weights(copied, lambda weights: weights.update(pooler))
    load_masked_lm(str(copied))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_not_finite_is_named(copied, value):
    change_weights(copied, lambda weights: weights[QUERY].view(-1)[3:4].fill_(value))
    assert f"the weight {QUERY} holds NaN or infinite" in refusal(load_masked_lm, str(copied))


def test_weights_of_another_shape_are_refused(copied):
    change_weights(copied, lambda weights: weights.update({QUERY: torch.ones(16, 8)}))
    refusal(load_masked_lm, str(copied))


@pytest.mark.parametrize("kept", [0, 4, 100, 5000])
def test_a_truncated_file_is_refused(copied, kept):
    file = copied / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    assert "cannot be loaded" in refusal(load_masked_lm, str(copied))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_missing_file_is_refused(copied, name):
    (copied / name).unlink()
    refusal(load_masked_lm, str(copied))


def test_a_model_of_another_kind_is_refused(tmp_path):
    BertForMaskedLM(
        BertConfig(
            vocab_size=50,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
        )
    ).save_pretrained(tmp_path)
    assert "only RoBERTa" in refusal(load_masked_lm, str(tmp_path))


def test_a_checkpoint_whose_output_matrix_is_its_own_is_refused(new_masked_lm, tmp_path):
    model = new_masked_lm(1)
    model.config.tie_word_embeddings = False
    model.lm_head.decoder.weight = torch.nn.Parameter(
        model.lm_head.decoder.weight.detach().clone() + 1
    )
    model.save_pretrained(tmp_path)
    assert "not tied" in refusal(load_masked_lm, str(tmp_path))


def test_a_tokenizer_that_is_not_there_is_refused(tmp_path):
    assert "no tokenizer" in refusal(load_tokenizer, str(tmp_path))


def test_a_tokenizer_that_splits_a_pronoun_is_refused(tiny_tokenizer):
    # Its corpus never starts a sentence with "She".
    narrow = train_tokenizer(["the she wolf"] * 9, vocabulary_size=300, maximum_length=16)
    with pytest.raises(StudyError) as caught:
        require_single_tokens(narrow, ("She", "He"), "some/folder")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("some/folder: the tokenizer splits 'She' into ")
    require_single_tokens(tiny_tokenizer, ("She", "He", "They"), "tiny")


def test_the_tokenizer_comes_back_as_it_was_saved(tiny_checkpoint, tiny_tokenizer):
    text = "She works as a yoga teacher<mask>, naïve"
    again = load_tokenizer(str(tiny_checkpoint))
    assert again(text)["input_ids"] == tiny_tokenizer(text)["input_ids"]
    assert again.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<unk>"]) == [0, 1, 2, 3]


def test_a_new_classifier_keeps_the_encoder_and_draws_its_head_from_the_seed(tiny_checkpoint):
    def head(seed):
        torch.manual_seed(seed)
        model = new_classifier(tiny_checkpoint, ("a", "b", "c"))
        upstream = load_masked_lm(str(tiny_checkpoint))
        for name, weight in upstream.roberta.state_dict().items():
            assert torch.equal(model.roberta.state_dict()[name], weight)
        assert model.config.label2id == {"a": 0, "b": 1, "c": 2}
        return model.classifier.out_proj.weight

    assert head(1).shape == (3, 16)
    assert torch.equal(head(1), head(1))
    assert not torch.equal(head(1), head(2))


def test_a_classifier_is_loaded_whole_or_not_at_all(classifier, tmp_path):
    classifier.save_pretrained(tmp_path)
    again = load_classifier(tmp_path)
    assert torch.equal(again.classifier.dense.weight, classifier.classifier.dense.weight)
    change_weights(tmp_path, lambda weights: weights.pop("classifier.out_proj.weight"))
    assert "classifier.out_proj.weight" in refusal(load_classifier, tmp_path)


def test_a_masked_language_model_is_no_classifier(tiny_checkpoint):
    assert "classifier." in refusal(load_classifier, tiny_checkpoint)


def test_the_upstream_head_is_put_back_whole_on_the_fine_tuned_encoder(tiny_checkpoint, classifier):
    upstream = load_masked_lm(str(tiny_checkpoint))
    before = {name: weight.clone() for name, weight in upstream.lm_head.state_dict().items()}
    with torch.no_grad():
        for weight in classifier.roberta.parameters():
            weight.add_(0.25)
    tuned = {name: weight.clone() for name, weight in classifier.roberta.state_dict().items()}
    model = with_upstream_head(classifier, upstream)

    for name, weight in model.lm_head.state_dict().items():
        assert torch.equal(weight, before[name]), name
    for name, weight in model.roberta.state_dict().items():
        assert torch.equal(weight, tuned[name]), name
    # Fine-tuning moved the word embeddings; the head's own matrix did not follow.
    inner = model.roberta.embeddings.word_embeddings.weight
    assert not torch.equal(inner, model.lm_head.decoder.weight)

    ids = torch.tensor([[0, 7, 4, 9, 2]])
    with torch.inference_mode():
        hidden = classifier.eval().roberta(input_ids=ids).last_hidden_state
        x = hidden @ before["dense.weight"].T + before["dense.bias"]
        x = torch.nn.functional.gelu(x)
        x = torch.nn.functional.layer_norm(
            x,
            (16,),
            before["layer_norm.weight"],
            before["layer_norm.bias"],
            model.config.layer_norm_eps,
        )
        expected = x @ before["decoder.weight"].T + before["bias"]
        torch.testing.assert_close(model(input_ids=ids).logits, expected)


def test_noise_in_place_keeps_the_tie_and_survives_saving(tiny_checkpoint, tmp_path):
    model = load_masked_lm(str(tiny_checkpoint))
    matrix = model.roberta.embeddings.word_embeddings.weight
    altered = noisy(matrix.detach(), uniform_noise(matrix.shape, 0.3, seed=1), padding=1)
    assert not torch.equal(altered, matrix)
    with torch.no_grad():
        matrix.copy_(altered)
    assert model.lm_head.decoder.weight.data_ptr() == matrix.data_ptr()
    model.save_pretrained(tmp_path)

    again = load_masked_lm(str(tmp_path))
    assert torch.equal(again.roberta.embeddings.word_embeddings.weight, altered)
    assert torch.equal(again.lm_head.decoder.weight, altered)
    changed = {
        name
        for name, weight in load_masked_lm(str(tiny_checkpoint)).state_dict().items()
        if not torch.equal(again.state_dict()[name], weight)
    }
    assert changed == {WORD_EMBEDDINGS, "lm_head.decoder.weight"}


def test_a_random_model_shares_the_shape_and_no_weight(tiny_checkpoint):
    def drawn(seed):
        torch.manual_seed(seed)
        return random_masked_lm(tiny_checkpoint)

    upstream, model = load_masked_lm(str(tiny_checkpoint)), drawn(9)
    assert isinstance(model, RobertaForMaskedLM)
    matrices = {name for name, weight in model.named_parameters() if weight.dim() == 2}
    for name, weight in upstream.named_parameters():
        assert model.get_parameter(name).shape == weight.shape
        # Biases start at zero in both.
        if name in matrices:
            assert not torch.equal(model.get_parameter(name), weight), name
    matrix = model.roberta.embeddings.word_embeddings.weight
    assert (matrix[1] == 0).all()
    assert matrix.std().item() == pytest.approx(0.5, rel=0.1)
    assert model.lm_head.decoder.weight.data_ptr() == matrix.data_ptr()


def test_classifiers_are_of_the_right_class(classifier):
    assert isinstance(classifier, RobertaForSequenceClassification)
