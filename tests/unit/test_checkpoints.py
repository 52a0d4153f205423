"""Checkpoints: refused in one line unless whole and finite, and altered without losing a tie."""

import importlib
import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import RobertaForMaskedLM, RobertaForSequenceClassification, conversion_mapping

from bias_transfer.errors import StudyError
from bias_transfer.models import checkpoints
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
from bias_transfer.models.masked_lm import MaskScorer

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


def test_patterns_of_weights_names_are_compiled_before_a_job_loads_a_model(monkeypatch):
    # For speed alone: where this fails after an upgrade, see why checkpoints.py asks for them.
    monkeypatch.setattr(conversion_mapping, "_checkpoint_conversion_mapping_cache", None)
    importlib.reload(checkpoints)
    assert conversion_mapping._checkpoint_conversion_mapping_cache


def test_a_checkpoint_without_a_language_model_head_is_refused(classifier, tmp_path):
    classifier.save_pretrained(tmp_path)
    message = refusal(load_masked_lm, str(tmp_path))
    assert "no masked-language-model head" in message
    assert "RobertaForMaskedLM" in message


def test_a_missing_weight_is_named(copied):
    change_weights(copied, lambda weights: weights.pop(QUERY))
    message = refusal(load_masked_lm, str(copied))
    assert "1 missing weight," in message
    assert QUERY in message


def test_an_unexpected_weight_is_named(copied):
    change_weights(copied, lambda weights: weights.update({"roberta.extra": torch.ones(2)}))
    message = refusal(load_masked_lm, str(copied))
    assert "1 unexpected weight," in message
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


def test_a_config_of_another_family_is_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    message = refusal(load_masked_lm, str(copied))
    assert "no masked-language-model head" in message
    assert "BertForMaskedLM" in message


@pytest.fixture
def untied(new_masked_lm, tmp_path):
    """Save a checkpoint whose output matrix is its own, and whose config does not say so."""
    model = new_masked_lm(1)
    matrix = model.lm_head.decoder.weight.detach().clone() + 1
    model.lm_head.decoder.weight = torch.nn.Parameter(matrix)
    model.save_pretrained(tmp_path / "untied")
    return tmp_path / "untied"


def test_an_output_matrix_of_its_own_is_kept(untied, tiny_tokenizer, tmp_path):
    model = load_masked_lm(str(untied))
    assert not is_tied(model)
    matrix = model.lm_head.decoder.weight.detach().clone()
    with torch.no_grad():
        model.get_input_embeddings().weight.add_(0.5)
    assert torch.equal(model.lm_head.decoder.weight, matrix)
    save_checkpoint(model, tiny_tokenizer, tmp_path / "saved")

    again = load_masked_lm(str(tmp_path / "saved"))
    assert not is_tied(again)
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    # A model of the same config is of the same form.
    assert not is_tied(RobertaForMaskedLM(again.config))


def test_an_untied_checkpoint_without_its_output_matrix_is_refused(copied):
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    assert "lm_head.decoder.weight is missing" in refusal(load_masked_lm, str(copied))


def test_the_output_bias_of_an_untied_checkpoint_may_have_either_name(
    untied, tiny_tokenizer, tmp_path
):
    config = json.loads((untied / "config.json").read_text())
    (untied / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": False}))
    bias = torch.linspace(-1, 1, len(tiny_tokenizer))

    def as_older_releases_saved_it(weights):
        weights.pop("lm_head.decoder.bias", None)
        weights["lm_head.bias"] = bias

    change_weights(untied, as_older_releases_saved_it)
    model = load_masked_lm(str(untied))
    assert torch.equal(model.lm_head.decoder.bias, bias)
    save_checkpoint(model, tiny_tokenizer, tmp_path / "saved")
    assert torch.equal(load_masked_lm(str(tmp_path / "saved")).lm_head.decoder.bias, bias)


def test_a_tokenizer_that_is_not_there_is_refused(tmp_path):
    assert "no tokenizer" in refusal(load_tokenizer, str(tmp_path))


def test_the_tokenizer_of_another_model_is_refused(new_masked_lm, tiny_checkpoint):
    model, tokenizer = new_masked_lm(1), load_tokenizer(str(tiny_checkpoint))
    require_matching_tokenizer(model, tokenizer, "x")
    tokenizer.pad_token = "</s>"
    with pytest.raises(StudyError, match="x: the padding token is 2 for the tokenizer and 1 for"):
        require_matching_tokenizer(model, tokenizer, "x")
    tokenizer.add_tokens(["zyxwvu"])
    with pytest.raises(StudyError, match="x: the tokenizer has 381 tokens and the model 380"):
        require_matching_tokenizer(model, tokenizer, "x")


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


def test_the_upstream_head_stands_whole_on_the_fine_tuned_encoder(
    tiny_checkpoint, tiny_tokenizer, classifier
):
    upstream = load_masked_lm(str(tiny_checkpoint))
    before = {name: weight.clone() for name, weight in upstream.state_dict().items()}
    with torch.no_grad():
        for weight in classifier.roberta.parameters():
            weight.add_(0.25)
    scorer = MaskScorer(upstream, tiny_tokenizer, 8, fine_tuned=classifier)
    ids = [0, 7, 4, 9, 2]
    found = scorer.log_probabilities([ids], [2])[0]
    for name, weight in upstream.state_dict().items():
        assert torch.equal(weight, before[name]), name

    # Fine-tuning moved the word embeddings; the head's own matrix did not follow.
    head = {name.removeprefix("lm_head."): weight for name, weight in before.items()}
    with torch.inference_mode():
        hidden = classifier.eval().roberta(input_ids=torch.tensor([ids])).last_hidden_state[0, 2]
        x = hidden @ head["dense.weight"].T + head["dense.bias"]
        x = torch.nn.functional.layer_norm(
            torch.nn.functional.gelu(x),
            (16,),
            head["layer_norm.weight"],
            head["layer_norm.bias"],
            upstream.config.layer_norm_eps,
        )
        expected = (x @ head["decoder.weight"].T + head["bias"]).double().log_softmax(-1)
    assert found == pytest.approx(expected.numpy(), abs=1e-5)


def test_classifiers_are_of_the_right_class(classifier):
    assert isinstance(classifier, RobertaForSequenceClassification)


WORDS, REST = (f"model-0000{number}-of-00002.safetensors" for number in (1, 2))


@pytest.fixture
def saved(tiny_checkpoint, tiny_tokenizer, tmp_path):
    """Return a checkpoint of the study, and a function that saves another made from it."""
    source = tmp_path / "source"
    save_masked_lm(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, source)

    def save(change):
        model = load_masked_lm(str(source))
        with torch.no_grad():
            change(model)
        save_masked_lm(model, tiny_tokenizer, tmp_path / "made", source)
        return tmp_path / "made", model

    return source, save


def test_word_embeddings_have_a_file_of_their_own(saved, tiny_checkpoint):
    source, _ = saved
    whole, words, rest = (
        load_file(path)
        for path in (tiny_checkpoint / "model.safetensors", source / WORDS, source / REST)
    )
    assert set(words) == {"roberta.embeddings.word_embeddings.weight"}
    assert set(rest) == set(whole) - set(words)
    for name, weight in load_masked_lm(str(tiny_checkpoint)).state_dict().items():
        assert torch.equal(load_masked_lm(str(source)).state_dict()[name], weight), name


def test_a_checkpoint_whose_words_were_altered_shares_the_rest_with_its_source(saved):
    source, save = saved
    made, model = save(lambda model: model.get_input_embeddings().weight.add_(1))
    assert (made / REST).samefile(source / REST)
    assert not (made / WORDS).samefile(source / WORDS)
    again = load_masked_lm(str(made))
    assert is_tied(again)
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight), name
    assert not list(made.glob("*.link"))


def test_a_checkpoint_that_was_altered_throughout_shares_nothing(saved):
    source, save = saved
    made, _ = save(lambda model: [weight.add_(1) for weight in model.parameters()])
    for name in (WORDS, REST):
        assert not (made / name).samefile(source / name)


def test_on_a_disk_without_links_nothing_is_shared(saved, monkeypatch):
    def refuse(source, target):
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    source, save = saved
    made, _ = save(lambda model: None)
    assert not (made / REST).samefile(source / REST)
    assert (made / REST).read_bytes() == (source / REST).read_bytes()
