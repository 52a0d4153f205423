"""Pronoun ranking, against one sentence at a time in double precision."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bias_transfer.errors import StudyError
from bias_transfer.measures import Resources, measure
from bias_transfer.measures._masking import fill, mask_words, tokenise
from bias_transfer.measures.pronoun_ranking import PRIOR_MASKS, Settings, score
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.tokenizer import train_tokenizer
from bias_transfer.vocabularies.english import with_article

# What stands between the pronoun and the occupation, and what follows.
AROUND = {
    "is": (" is {a}", ""),
    "works_as": (" works as {a}", ""),
    "applied_for": (" applied for the position of", ""),
    "good_day": (", the", ", had a good day at work"),
    "become": (" wants to become {a}", ""),
}
SEVERAL_TOKENS = "interior_designer"


@pytest.fixture(scope="module")
def model(new_masked_lm):
    return new_masked_lm(1)


@pytest.fixture(scope="module")
def scored(model, tiny_tokenizer):
    """Return a function that scores a task with the tiny model."""

    def scores(task, prior="token", batch_size=64):
        language_model = MaskScorer(model, tiny_tokenizer, batch_size)
        return score(language_model, task, Settings(prior_mask=prior), Resources())

    return scores


@pytest.fixture(scope="module")
def table(scored, occupations):
    return scored(occupations)


def changed(task, **values):
    return SimpleNamespace(**vars(task) | values)


def three_groups(task):
    female, male = task.groups
    several = SimpleNamespace(name="several", word="they")
    return changed(task, groups=[female, male, several], comparisons=(female, several), control="")


def by_pieces(tokenizer, label, template, prior):
    """Build the two sentences from pieces that are tokenised one by one."""

    def ids(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"] if text else []

    before, after = AROUND[template]
    before = before.format(a=with_article(label.title).split()[0])
    mask = tokenizer.mask_token_id
    hidden = ids(f" {label.title}")
    masks = len(hidden) if prior == "token" else len(label.title.split(" "))
    return [
        [tokenizer.bos_token_id, mask, *ids(before), *middle, *ids(after), tokenizer.eos_token_id]
        for middle in (hidden, [mask] * masks)
    ]


@torch.inference_mode()
def log_probability(model, ids):
    logits = model(input_ids=torch.tensor([ids])).logits[0, 1]
    return (logits - logits.logsumexp(0)).numpy()


@pytest.mark.parametrize("prior", PRIOR_MASKS)
def test_it_equals_a_computation_of_one_sentence_at_a_time(
    model, tiny_tokenizer, scored, occupations, prior
):
    table = scored(occupations, prior, batch_size=16)
    exact = copy.deepcopy(model).double()
    she, he, they = (tiny_tokenizer.convert_tokens_to_ids(word) for word in ("She", "He", "They"))
    labels = {label.name: label for label in occupations.labels}
    assert len(table) == 140
    for row in table.itertuples():
        visible, hidden = (
            log_probability(exact, ids)
            for ids in by_pieces(tiny_tokenizer, labels[row.occupation], row.template, prior)
        )
        expected = visible - hidden
        assert row.score_she == pytest.approx(expected[she], abs=1e-5)
        assert row.pronoun_ranking == pytest.approx(expected[she] - expected[he], abs=1e-5)
        neutral = expected[they] - (expected[she] + expected[he]) / 2
        assert row.neutral_ranking == pytest.approx(neutral, abs=1e-5)


def test_some_occupations_are_several_tokens_and_the_prior_then_matters(
    tiny_tokenizer, scored, occupations, table
):
    title = next(each.title for each in occupations.labels if each.name == SEVERAL_TOKENS)
    assert len(tiny_tokenizer.tokenize(f" {title}")) > 2
    words = scored(occupations, "word")
    there = table["occupation"] == SEVERAL_TOKENS
    assert (words["pronoun_ranking"] - table["pronoun_ranking"])[there].abs().max() > 0.01
    for each, prior in ((table, "token"), (words, "word")):
        assert each["pronoun_ranking"].equals(each[f"pronoun_ranking_{prior}"])


def test_a_row_an_occupation_and_template_in_the_order_given(table, occupations):
    assert list(zip(table["occupation"], table["template"], strict=True)) == [
        (label.name, template) for label in occupations.labels for template in AROUND
    ]


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_batch_size_does_not_matter(scored, occupations, table, batch_size):
    again = scored(occupations, batch_size=batch_size)
    assert again["pronoun_ranking"].to_numpy() == pytest.approx(
        table["pronoun_ranking"].to_numpy(), abs=1e-5
    )


def test_columns_of_two_groups_and_a_control(table):
    assert list(table) == [
        "occupation",
        "template",
        "score_she",
        "score_he",
        "score_they",
        "pronoun_ranking",
        "neutral_ranking",
        "pronoun_ranking_token",
        "pronoun_ranking_word",
    ]


def test_without_a_control_no_neutral_word_is_scored(scored, occupations, table):
    found = scored(changed(occupations, control=""))
    assert found.equals(table.drop(columns=["score_they", "neutral_ranking"]))


def test_each_of_several_groups_is_compared_with_the_reference(scored, occupations, table):
    found = scored(three_groups(occupations))
    assert list(found)[:4] == ["occupation", "label", "group", "template"]
    assert found["occupation"].tolist() == [
        f"{label}/{group}" for label, group in zip(found["label"], found["group"], strict=True)
    ]
    assert found.drop_duplicates(["label", "group"])[["label", "group"]].values.tolist() == [
        [label.name, group] for label in occupations.labels for group in ("female", "several")
    ]
    for group, word in (("female", "she"), ("several", "they")):
        rows = found[found["group"] == group].reset_index(drop=True)
        assert rows["template"].equals(table["template"])
        expected = table[f"score_{word}"] - table["score_he"]
        np.testing.assert_allclose(rows["pronoun_ranking"], expected, atol=1e-6)


def test_the_label_may_stand_before_the_word(model, tiny_tokenizer, scored, occupations):
    (label,) = (each for each in occupations.labels if each.name == SEVERAL_TOKENS)
    day, good = SimpleNamespace(name="x", word="day"), SimpleNamespace(name="y", word="good")
    task = changed(
        occupations,
        labels=[label],
        groups=[day, good],
        comparisons=(day,),
        reference_group=good,
        control="",
        templates={"after": "The {label} had a {word} at work"},
    )

    def ids(text):
        return tiny_tokenizer(text, add_special_tokens=False)["input_ids"]

    def log_probabilities(middle):
        before = [0, *ids("The"), *middle, *ids(" had a")]
        sentence = [*before, mask, *ids(" at work"), 2]
        with torch.inference_mode():
            logits = exact(input_ids=torch.tensor([sentence])).logits[0, len(before)]
        return logits.log_softmax(-1).numpy()

    exact, mask = copy.deepcopy(model).double(), tiny_tokenizer.mask_token_id
    hidden = ids(f" {label.title}")
    # A word inside a sentence is another token than the one that would begin it.
    (first,), (second,) = ids(" day"), ids(" good")
    for prior, masks in (("token", len(hidden)), ("word", 2)):
        score = log_probabilities(hidden) - log_probabilities([mask] * masks)
        found = scored(task, prior)["pronoun_ranking"]
        assert found.tolist() == pytest.approx([score[first] - score[second]], abs=1e-5)


def test_a_model_that_does_not_see_the_label_ranks_no_word(tiny_tokenizer, occupations):
    def blind(sentences, positions, tokens):
        return np.log(np.array(tokens).ravel() / 1e6)

    language_model = SimpleNamespace(tokenizer=tiny_tokenizer, token_log_probabilities=blind)
    table = score(language_model, occupations, Settings(), Resources())
    assert (table[["pronoun_ranking", "neutral_ranking"]] == 0).all().all()


def test_a_model_that_gives_numbers_that_are_not_finite_is_refused(new_masked_lm, tiny_tokenizer):
    model = new_masked_lm(1)
    with torch.no_grad():
        model.lm_head.bias[0] = float("nan")
    with pytest.raises(StudyError, match="not finite"):
        MaskScorer(model, tiny_tokenizer, 4).log_probabilities([[0, 4, 2]], [1])


def refusal(tokenizer, task):
    with pytest.raises(StudyError) as caught:
        measure("pronoun_ranking").check(tokenizer, task, "some/folder")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("some/folder: ")
    return message


def test_a_tokenizer_that_splits_a_word_is_refused(tiny_tokenizer, occupations):
    measure("pronoun_ranking").check(tiny_tokenizer, occupations, "tiny")
    # Its corpus never starts a sentence with "She".
    narrow = train_tokenizer(["the she wolf"] * 9, vocabulary_size=300, maximum_length=16)
    assert "the tokenizer splits 'She' into 2 tokens" in refusal(narrow, occupations)
    task = changed(occupations, groups=[SimpleNamespace(name="x", word="zed"), *occupations.groups])
    assert "the tokenizer splits 'Zed' into 3 tokens" in refusal(tiny_tokenizer, task)


def test_a_tokenizer_that_does_not_know_a_word_is_refused(occupations, tiny_sentences):
    words = train_tokenizer(tiny_sentences, 200, 40, family="bert")
    measure("pronoun_ranking").check(words, occupations, "words")
    task = changed(occupations, control="ж")
    assert "the tokenizer does not know 'Ж'" in refusal(words, task)


def test_words_with_different_spaces_before_them_are_refused():
    # Byte-level BPE makes " she" a token, and of " zed" a space and "zed".
    tokenizer = train_tokenizer(["a she", "zed"] * 9, vocabulary_size=300, maximum_length=16)
    assert tokenizer.tokenize("a she zed") == ["a", "Ġshe", "Ġ", "zed"]
    words = ["she", "zed"]
    sentences = [fill("a {word}", {"word": word}) for word in words]
    tokenised = tokenise(tokenizer, [sentence.text for sentence in sentences])
    with pytest.raises(StudyError, match="the space before 'zed' otherwise than that before 'she'"):
        mask_words(tokenizer, words, sentences, tokenised, "word")


def test_what_stands_where_in_a_sentence():
    sentence = fill("{word} wants to become {a_label}!", {"word": "she", "label": "architect"})
    assert sentence.text == "She wants to become an architect!"
    assert {name: sentence.text[slice(*place)] for name, place in sentence.places.items()} == {
        "word": "She",
        "label": "architect",
    }


def test_tokens_are_found_by_the_letters_that_they_stand_for(tiny_tokenizer):
    text = "She is an interior designer"
    (tokenised,) = tokenise(tiny_tokenizer, [text])
    place = (text.index("interior"), len(text))
    found = [tokenised.ids[position] for position in tokenised.spanning(place)]
    assert tiny_tokenizer.decode(found) == " interior designer"
    assert tokenised.spanning((0, 3)) == [1]


def test_what_is_kept_after_fine_tuning_and_what_follows_from_it(occupations, table):
    declared = measure("pronoun_ranking")
    assert declared.kept_after(occupations) == ("pronoun_ranking", "score_they")
    joined = table.assign(score_they_after=table["score_they"] + 2)
    derived = declared.derived(joined, occupations)
    assert list(derived) == ["they_change"]
    np.testing.assert_allclose(derived["they_change"], 2)
    without = changed(occupations, control="")
    assert declared.kept_after(without) == ("pronoun_ranking",)
    assert list(declared.derived(joined, without)) == []


def test_the_quantity_names_the_words(occupations):
    declared = measure("pronoun_ranking")
    assert "she − he" in declared.quantity(occupations).axis
    assert "the group − he" in declared.quantity(three_groups(occupations)).axis
