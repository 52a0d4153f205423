"""Ways of altering a checkpoint: what they declare, noise within its bounds, weights drawn anew."""

import copy
import json

import pytest
import torch
import transformers
from pydantic import ValidationError

from bias_transfer.models.dropout import own_rates, with_rate
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.upstream import PRETRAINED, Request, Variant, method, methods
from bias_transfer.upstream._noise import gaussian_noise, noisy, uniform_noise

SENTDEBIAS = method("sentdebias").settings
SHAPE = torch.Size((200, 50))
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 42,
    "initializer_range": 0.5,
}
# Each with what its config calls by another name, or has besides.
FAMILIES = {
    "Roberta": {},
    "XLMRoberta": {},
    "Camembert": {},
    "Bert": {},
    "DistilBert": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},
    "Albert": {"embedding_size": 8},
    "MPNet": {},
    "Electra": {"embedding_size": 8},
    "DebertaV2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "ModernBert": {"global_attn_every_n_layers": 1},
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def untouched(request, family, tiny_tokenizer):
    """Make a tiny masked language model of a family."""
    config = getattr(transformers, f"{family}Config")(
        **SIZES | FAMILIES[family],
        vocab_size=len(tiny_tokenizer),
        pad_token_id=tiny_tokenizer.pad_token_id,
        bos_token_id=tiny_tokenizer.bos_token_id,
        eos_token_id=tiny_tokenizer.eos_token_id,
        cls_token_id=tiny_tokenizer.cls_token_id,
        sep_token_id=tiny_tokenizer.sep_token_id,
        tie_word_embeddings=request.param,
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}ForMaskedLM")(config).eval()
    assert is_tied(model) == request.param
    return model


@pytest.fixture
def masked_lm(untouched):
    """Return a copy of the model that a test may alter."""
    return copy.deepcopy(untouched)


def is_tied(model):
    inner, outer = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    return outer.data_ptr() == inner.data_ptr()


def weights(model):
    return {name: weight.detach().clone() for name, weight in model.named_parameters()}


def applied(name, model, tokenizer, seed=1, **variant):
    settings = method(name).settings()
    return method(name).apply(model, tokenizer, Request(Variant(name, **variant), settings, seed))


# ---- what they declare ---------------------------------------------------------------------------


def test_methods_come_in_the_order_of_tables_and_legends():
    assert list(methods()) == [
        "random",
        "uniform",
        "gaussian",
        "sentdebias",
        "inlp",
        "leace",
        "dropout",
        "counterfactual",
    ]


def test_the_default_variants_have_the_ids_of_their_folders():
    found = [each.id for one in methods().values() for each in one.variants(one.settings())]
    assert found == [
        "random-t1",
        "uniform-c0.2-t1",
        "gaussian-s0.1-t1",
        "sentdebias-g-10",
        "sentdebias-g1",
        "sentdebias-g10",
        "inlp-n8",
        "leace",
        "dropout-p0",
        "dropout-p0.2",
        "counterfactual-s0",
        "counterfactual-s0.5",
        "counterfactual-s1",
    ]
    assert PRETRAINED.id == "pretrained"


def test_every_strength_meets_every_trial():
    settings = method("uniform").settings(half_widths=[0.5, 2], trials=2)
    variants = method("uniform").variants(settings)
    assert [(each.strength, each.trial) for each in variants] == [
        (0.5, 1),
        (0.5, 2),
        (2.0, 1),
        (2.0, 2),
    ]


def test_no_trials_are_no_variants():
    for name in ("random", "uniform", "gaussian"):
        assert method(name).variants(method(name).settings(trials=0)) == ()
    assert method("sentdebias").variants(method("sentdebias").settings(gammas=[])) == ()
    assert method("inlp").variants(method("inlp").settings(iterations=[])) == ()


NOTHING = "0 changes nothing and is always there as 'pretrained'; remove it"


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("sentdebias", {"gammas": [1, 0]}, NOTHING),
        ("uniform", {"half_widths": [0.0]}, NOTHING),
        ("gaussian", {"standard_deviations": [0]}, NOTHING),
        ("uniform", {"half_widths": [-0.1]}, "greater than 0"),
        ("gaussian", {"standard_deviations": [float("inf")]}, "finite"),
        ("sentdebias", {"gammas": [1, 1.0]}, "lists a value twice; remove one"),
        ("uniform", {"half_widths": [0.1, 0.1]}, "lists a value twice; remove one"),
        ("sentdebias", {"gammas": ["1"]}, "valid number"),
        ("sentdebias", {"level": "layer"}, "'word' or 'hidden'"),
        ("sentdebias", {"components": 0}, "greater than or equal to 1"),
        ("sentdebias", {"maximum_pairs": 1}, "greater than or equal to 2"),
        ("inlp", {"iterations": [8, 8]}, "lists a value twice; remove one"),
        ("inlp", {"iterations": [0]}, "greater than or equal to 1"),
        ("inlp", {"iterations": [8.0]}, "valid integer"),
        ("inlp", {"level": "layer"}, "'word' or 'hidden'"),
        ("leace", {"level": "layer"}, "'word' or 'hidden'"),
        ("leace", {"maximum_pairs": 1}, "greater than or equal to 2"),
        ("random", {"trials": -1}, "greater than or equal to 0"),
        ("random", {"trials": 2.0}, "valid integer"),
        ("random", {"trails": 2}, "not permitted"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, settings, said):
    with pytest.raises(ValidationError, match=said):
        method(name).settings(**settings)


def test_settings_are_valid_again_after_they_were_written_out():
    for each in methods().values():
        settings = each.settings()
        assert each.settings(**json.loads(settings.model_dump_json())) == settings


def test_every_key_is_described():
    for each in methods().values():
        for name, field in each.settings.model_fields.items():
            assert field.description, name


# ---- noise ---------------------------------------------------------------------------------------


def matrix(seed=0):
    rows = torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))
    # A padding row of its own range, as pre-training leaves it.
    rows[1] *= 10
    return rows


def test_noise_is_added_then_clipped_to_the_range_before():
    before = torch.tensor([[0.0, 1.0], [9.0, -9.0], [-1.0, 0.5]])
    noise = torch.tensor([[0.25, 0.25], [0.5, 0.5], [-0.25, 0.25]])
    after = noisy(before, noise, padding=1)
    assert after.tolist() == [[0.25, 1.0], [9.0, -9.0], [-1.0, 0.75]]
    assert before[0, 0] == 0


@pytest.mark.parametrize("strength", [0.1, 2.0, 100.0])
def test_however_strong_the_noise_no_entry_leaves_the_range_of_the_words(strength):
    before = matrix()
    words = torch.cat([before[:1], before[2:]])
    after = noisy(before, gaussian_noise(SHAPE, strength, seed=1), padding=1)
    altered = torch.cat([after[:1], after[2:]])
    assert altered.min() >= words.min()
    assert altered.max() <= words.max()
    assert (altered != words).float().mean() > 0.9


def test_the_padding_row_is_no_word_and_stays_as_it_was():
    before = matrix()
    after = noisy(before, torch.full(SHAPE, 100.0), padding=1)
    assert torch.equal(after[1], before[1])
    words = torch.cat([before[:1], before[2:]])
    assert words.max() < before.max()
    assert (torch.cat([after[:1], after[2:]]) == words.max()).all()


def test_without_a_padding_row_every_row_is_a_word():
    before = matrix()
    noise = gaussian_noise(SHAPE, 0.1, seed=1)
    expected = (before + noise).clamp(before.min().item(), before.max().item())
    assert torch.equal(noisy(before, noise, padding=None), expected)


def test_no_noise_changes_nothing():
    before = matrix()
    assert torch.equal(noisy(before, torch.zeros(SHAPE), padding=1), before)


def test_uniform_noise_lies_evenly_within_its_half_width():
    noise = uniform_noise(SHAPE, 0.5, seed=1)
    assert noise.abs().max() <= 0.5
    assert noise.min() < -0.49
    assert noise.max() > 0.49
    # The variance of U(-c, c) is c^2 / 3; of 10,000 draws the mean is off by 0.003.
    assert noise.mean().abs() < 0.012
    assert noise.var().item() == pytest.approx(0.25 / 3, rel=0.05)


def test_gaussian_noise_has_its_standard_deviation():
    noise = gaussian_noise(SHAPE, 0.3, seed=1)
    assert noise.mean().abs() < 0.012
    assert noise.std().item() == pytest.approx(0.3, rel=0.03)
    # A normal variable is within one standard deviation 68.3 % of the time.
    assert (noise.abs() < 0.3).float().mean().item() == pytest.approx(0.683, abs=0.02)


@pytest.mark.parametrize("draw", [uniform_noise, gaussian_noise])
def test_noise_depends_on_its_seed_only(draw):
    torch.manual_seed(5)
    first = draw(SHAPE, 1.0, 1)
    assert torch.equal(first, draw(SHAPE, 1.0, 1))
    assert not torch.equal(first, draw(SHAPE, 1.0, 2))


@pytest.mark.parametrize("name", ["uniform", "gaussian"])
def test_noise_reaches_the_word_embeddings_of_every_family(name, masked_lm, tiny_tokenizer):
    before, tied = weights(masked_lm), is_tied(masked_lm)
    inner = masked_lm.get_input_embeddings().weight.detach().clone()
    outer = masked_lm.get_output_embeddings().weight.detach().clone()
    altered = applied(name, masked_lm, tiny_tokenizer, strength=0.2, trial=1)
    assert altered is masked_lm
    draw = {"uniform": uniform_noise, "gaussian": gaussian_noise}[name]
    expected = noisy(inner, draw(inner.shape, 0.2, 1), tiny_tokenizer.pad_token_id)
    assert torch.equal(altered.get_input_embeddings().weight, expected)
    # Where the output matrix is tied, it follows; where it is one of its own, it stays.
    assert is_tied(altered) == tied
    assert torch.equal(altered.get_output_embeddings().weight, expected if tied else outer)
    changed = {key for key, weight in weights(altered).items() if not weight.equal(before[key])}
    assert len(changed) == 1


# ---- weights drawn anew --------------------------------------------------------------------------


def test_every_family_is_drawn_anew_in_the_same_form(masked_lm, tiny_tokenizer):
    before, tied = weights(masked_lm), is_tied(masked_lm)
    drawn = applied("random", masked_lm, tiny_tokenizer, trial=1)
    assert type(drawn) is type(masked_lm)
    assert not drawn.training
    assert is_tied(drawn) == tied
    after = weights(drawn)
    assert {name: each.shape for name, each in after.items()} == {
        name: each.shape for name, each in before.items()
    }
    # Biases begin at 0 and scales at 1, in any draw.
    for name, weight in after.items():
        if weight.ndim == 2:
            assert not torch.equal(weight, before[name]), name


def test_a_draw_depends_on_its_seed_only(new_masked_lm, tiny_tokenizer):
    torch.manual_seed(7)
    config = new_masked_lm(1).config
    first, again, other = (
        weights(applied("random", new_masked_lm(seed), tiny_tokenizer, seed=draw, trial=1))
        for seed, draw in ((1, 5), (2, 5), (1, 6))
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    torch.manual_seed(5)
    straight = weights(transformers.RobertaForMaskedLM(config))
    assert all(torch.equal(first[name], straight[name]) for name in first)


# ---- Sent-Debias on every family (what it removes is tested in test_sentdebias) ------------------


def sentdebias(model, tokenizer, texts, level):
    request = Request(Variant("sentdebias", 1.0), SENTDEBIAS(level=level), 1, texts)
    return method("sentdebias").apply(model, tokenizer, request)


def test_word_embeddings_of_every_family_are_debiased_in_place(
    masked_lm, tiny_tokenizer, tiny_sentences
):
    before, tied = weights(masked_lm), is_tied(masked_lm)
    inner = masked_lm.get_input_embeddings().weight
    was = inner.detach().clone()
    sentdebias(masked_lm, tiny_tokenizer, tiny_sentences, "word")
    assert is_tied(masked_lm) == tied
    changed = {name for name, each in weights(masked_lm).items() if not each.equal(before[name])}
    assert len(changed) == 1
    # One direction is gone: the difference is of rank 1, and what is left is orthogonal to it.
    _, singular, directions = torch.linalg.svd((was - inner.detach()).double())
    assert singular[0] > 0.1
    assert singular[1] < 1e-5
    assert (inner.detach().double() @ directions[0]).abs().max() < 1e-5


def test_hidden_states_of_every_family_are_debiased_behind_the_encoder(
    masked_lm, tiny_tokenizer, tiny_sentences
):
    batch = tiny_tokenizer(tiny_sentences[:8], padding=True, return_tensors="pt")
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    before = weights(masked_lm)
    with torch.inference_mode():
        was = masked_lm.base_model(**inputs).last_hidden_state.double().flatten(0, 1)
        sentdebias(masked_lm, tiny_tokenizer, tiny_sentences, "hidden")
        now = masked_lm.base_model(**inputs).last_hidden_state.double().flatten(0, 1)
    assert all(weight.equal(before[name]) for name, weight in weights(masked_lm).items())
    _, singular, directions = torch.linalg.svd(was - now)
    assert singular[0] > 0.1
    assert singular[1] < 1e-4
    assert (now @ directions[0]).abs().max() < 1e-4


# ---- counterfactual training on every family (what it swaps is tested in test_counterfactual) ----


def test_every_family_is_trained_further_and_keeps_its_form(masked_lm, tiny_tokenizer, tmp_path):
    before, tied = weights(masked_lm), is_tied(masked_lm)
    request = Request(
        Variant("counterfactual", 1.0, letter="s"),
        method("counterfactual").settings(training={"batch_size": 16}),
        seed=1,
        # Longer than the model has positions for.
        texts=["She is a nurse", "He works as a dj " * 30] * 30,
        checkpoints=TrainingCheckpoints(tmp_path / "none", {}, 0),
    )
    made = method("counterfactual").apply(masked_lm, tiny_tokenizer, request)
    assert made.model is masked_lm
    assert not made.model.training
    assert is_tied(made.model) == tied
    after = weights(made.model)
    assert all(torch.isfinite(each).all() for each in after.values())
    words = made.model.get_input_embeddings().weight
    name = next(name for name, each in made.model.named_parameters() if each is words)
    assert not torch.equal(after[name], before[name])


# ---- dropout on every family (what its training holds equal is tested in test_dropout) -----------


@pytest.fixture
def logits(tiny_tokenizer, tiny_sentences):
    """Return what computes a model's logits, with the dropout of training or without any."""
    batch = tiny_tokenizer(tiny_sentences[:8], padding=True, return_tensors="pt")

    def of(model, training):
        with torch.no_grad():
            return model.train(training)(batch["input_ids"], batch["attention_mask"]).logits

    return of


@pytest.fixture
def dropped(monkeypatch):
    """Return what notes the rate of every dropout, of hidden states and inside attention."""
    noted = {"dropout": [], "scaled_dot_product_attention": []}

    def noting(name, rate_of):
        was = getattr(torch.nn.functional, name)

        def noted_first(*arguments, **named):
            noted[name].append(rate_of(*arguments, **named))
            return was(*arguments, **named)

        monkeypatch.setattr(torch.nn.functional, name, noted_first)

    noting("dropout", lambda states, p=0.5, training=True, inplace=False: p if training else 0.0)
    noting("scaled_dot_product_attention", lambda *given, dropout_p=0.0, **named: dropout_p)
    return noted


def test_every_family_drops_at_the_rate_asked_for_and_at_no_other(masked_lm, logits, dropped):
    logits(with_rate(masked_lm, 0.35), training=True)
    rates = [rate for each in dropped.values() for rate in each]
    assert set(rates) == {0.35}
    # Of the embeddings, of attention, and behind attention or the feed-forward part.
    assert len(rates) >= 3


def test_every_rate_of_a_family_is_known_and_each_drops_something(masked_lm, logits):
    # All at zero, nothing is left that training would drop.
    none = with_rate(with_rate(masked_lm, 0.35), 0.0)
    assert set(own_rates(none).values()) == {0.0}
    torch.testing.assert_close(logits(none, True), logits(none, False), rtol=0, atol=0)
    for key in own_rates(masked_lm):
        config = copy.deepcopy(none.config)
        setattr(config, key, 0.35)
        one = type(masked_lm)(config)
        assert not torch.equal(logits(one, True), logits(one, True)), key
        assert torch.equal(logits(one, False), logits(one, False))


def test_a_copy_with_another_rate_is_the_same_model_where_nothing_is_dropped(masked_lm, logits):
    own, stored = own_rates(masked_lm), masked_lm.config.to_json_string()
    other = with_rate(masked_lm, 0.35)
    assert set(own_rates(other).values()) == {0.35}
    assert is_tied(other) == is_tied(masked_lm)
    assert torch.equal(logits(other, False), logits(masked_lm, False))
    inner, its = masked_lm.get_input_embeddings().weight, other.get_input_embeddings().weight
    assert its.data_ptr() != inner.data_ptr()
    assert own_rates(masked_lm) == own
    assert masked_lm.config.to_json_string() == stored


def test_every_family_is_trained_with_more_dropout_and_has_its_own_rates_back(
    masked_lm, tiny_tokenizer, logits, dropped, tmp_path
):
    before, tied, stored = weights(masked_lm), is_tied(masked_lm), masked_lm.config.to_json_string()
    logits(masked_lm, training=True)
    own = copy.deepcopy(dropped)
    request = Request(
        Variant("dropout", 0.35, letter="p"),
        method("dropout").settings(training={"batch_size": 16, "epochs": 1}),
        seed=1,
        # Longer than the model has positions for.
        texts=["She is a nurse", "He works as a dj " * 30] * 30,
        checkpoints=TrainingCheckpoints(tmp_path / "none", {}, 0),
    )
    made = method("dropout").apply(masked_lm.eval(), tiny_tokenizer, request)
    assert made.model is masked_lm
    assert not made.model.training
    assert is_tied(made.model) == tied
    assert made.model.config.to_json_string() == stored
    after = weights(made.model)
    assert all(torch.isfinite(each).all() for each in after.values())
    words = made.model.get_input_embeddings().weight
    name = next(name for name, each in made.model.named_parameters() if each is words)
    assert not torch.equal(after[name], before[name])
    # Trained as a classifier would be, it drops what it dropped before.
    for each in dropped.values():
        each.clear()
    logits(made.model, training=True)
    assert dropped == own
