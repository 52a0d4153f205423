"""The dial: which sentences are swapped, how, and that nothing else moves with the share."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bias_transfer import vocabularies
from bias_transfer.errors import StudyError
from bias_transfer.measures import Resources, measure
from bias_transfer.models import pretraining, training
from bias_transfer.models.batches import random_batches
from bias_transfer.models.checkpoints import is_tied, load_masked_lm
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.masking import masking
from bias_transfer.models.training_checkpoints import TrainingCheckpoints
from bias_transfer.runtime.artifacts import (
    MANIFEST,
    describe_folder,
    read_json,
    read_table,
    write_table,
)
from bias_transfer.runtime.main import main
from bias_transfer.study.declared import BIOS
from bias_transfer.study.parsing import parse
from bias_transfer.upstream import Request, Trained, Variant
from bias_transfer.upstream._swapping import counterparts, find, rotated, swapped
from bias_transfer.upstream.counterfactual import METHOD, Settings, counterfactuals
from bias_transfer.vocabularies.entries import Term
from tests.unit.calls import call

PAIRS = vocabularies.pairs("gendered_pairs")
TERMS = [
    Term(name=title.lower(), title=title)
    for title in ("gay", "old", "African", "African American", "LGBT", "Christian")
]
SHARES = (0.0, 0.3, 0.5, 1.0)


# ---- swapping ------------------------------------------------------------------------------------


def gendered(text: str, pairs: Sequence[Sequence[str]] = PAIRS) -> str:
    words = counterparts(pairs)
    return swapped(text, find(words, [text]), words)


def moved(text: str, places: int) -> str:
    words = rotated(TERMS, places)
    return swapped(text, find(words, [text]), words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She loves her work", "He loves his work"),
        ("SHE and Mary saw the WOMAN", "HE and John saw the MAN"),
        ("the boy's mother, herself a gal", "the girl's father, himself a guy"),
        ("A woman and a man", "A man and a woman"),
        ("The shell is theirs, a mankind of its own", "The shell is theirs, a mankind of its own"),
        ("", ""),
    ],
)
def test_every_gendered_word_is_swapped_in_its_case_at_word_boundaries(
    text: str, expected: str
) -> None:
    assert gendered(text) == expected


@given(st.lists(st.sampled_from([*"a b ,.A", "She", *(word for pair in PAIRS for word in pair)])))
def test_swapped_twice_a_sentence_is_as_it_was_where_pairs_are_one_to_one(parts: list[str]) -> None:
    text = " ".join(parts)
    assert gendered(gendered(text)) == text


def test_a_word_of_several_pairs_becomes_its_counterpart_in_the_first() -> None:
    pairs = [("her", "his"), ("hers", "his"), ("her", "him")]
    assert gendered("her hers him his", pairs) == "his his her her"


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [
        # The article follows the term, where the two terms have different ones.
        ("A gay person is kind", 1, "An old person is kind"),
        ("I met an old man", 5, "I met a gay man"),
        ("an African person", 1, "an African American person"),
        ("AN OLD MAN", 5, "A GAY MAN"),
        ("a gay person", 4, "an LGBT person"),
        ("vitamin a, gay people", 1, "vitamin a, old people"),
        # The longest first, whatever white space it holds.
        ("My african  american friend", 2, "My christian friend"),
        ("My African American friend", 3, "My gay friend"),
        # A title is written as it is inside a sentence, and begins one with a capital.
        ("Christian people. Christian people", 1, "Gay people. Gay people"),
        ("the Christian people", 1, "the gay people"),
        ("the LGBT people", 5, "the African American people"),
        ("Gay people", 2, "African people"),
        ("see Gay Pride", 1, "see Old Pride"),
        # Every mention of a term becomes the same other one, and no two terms do.
        ("gay and old, gay", 4, "LGBT and Christian, LGBT"),
        ("gayest, golden", 1, "gayest, golden"),
    ],
)
def test_a_term_becomes_another_that_fits_its_place(text: str, places: int, expected: str) -> None:
    assert moved(text, places) == expected


# ---- which sentences -----------------------------------------------------------------------------

CORPUS = [
    each
    for number in range(60)
    for each in (
        f"She is a nurse of {number}",
        f"He is a dj of {number}",
        f"A gay person and a {number} dj",
        "They are busy",
    )
]


def test_what_holds_a_word_to_swap_is_found_and_the_rest_is_not() -> None:
    found = counterfactuals(CORPUS, PAIRS, [TERMS], seed=1)
    assert found.rows.tolist() == [row for row in range(240) if row % 4 != 3]
    assert found.texts[0] == "He is a nurse of 0"
    assert found.texts[1] == "She is a dj of 0"
    assert {each.split()[1] for each in found.texts if "person" in each} == {
        *("old", "African", "LGBT", "Christian")
    }


def test_what_is_drawn_for_a_sentence_depends_on_the_seed_and_its_row_alone() -> None:
    found = counterfactuals(CORPUS, PAIRS, [TERMS], seed=1)
    again = counterfactuals(["They are busy"] * 100 + CORPUS[100:], PAIRS, [TERMS], seed=1)
    late = found.rows >= 100
    assert again.rows.tolist() == found.rows[late].tolist()
    assert again.draws.tolist() == found.draws[late].tolist()
    assert again.texts == [text for text, each in zip(found.texts, late, strict=True) if each]
    other = counterfactuals(CORPUS, PAIRS, [TERMS], seed=2)
    assert other.draws.tolist() != found.draws.tolist()
    assert other.texts != found.texts


def test_every_other_term_is_as_likely_as_the_next() -> None:
    found = counterfactuals(["gay"] * 5000, PAIRS, [TERMS], seed=1)
    shares = pd.Series(found.texts).value_counts(normalize=True)
    assert len(shares) == 5
    assert shares.to_numpy() == pytest.approx(0.2, abs=0.025)


def test_a_term_that_is_a_gendered_word_is_swapped_as_that_and_none_becomes_it() -> None:
    terms = [Term(name=name, title=name) for name in ("female", "gay", "old")]
    found = counterfactuals(["a female", "gay"] * 50, PAIRS, [terms], seed=1)
    assert set(found.texts) == {"a male", "old"}


def test_a_term_becomes_another_of_its_own_task() -> None:
    colours, ages = (
        [Term(name=name, title=name) for name in names]
        for names in (("red", "blue"), ("old", "young", "red"))
    )
    found = counterfactuals(["red blue old young"] * 20, PAIRS, [colours, ages], seed=1)
    assert set(found.texts) == {"blue red young old"}
    # An only term has no other.
    assert not len(counterfactuals(["red"], PAIRS, [colours[:1]], seed=1).rows)


# ---- training ------------------------------------------------------------------------------------


def told(**values: Any) -> dict[str, Any]:
    learning = {"epochs": 2, "batch_size": 16, "learning_rate": 0.02} | values
    return {"training": learning, "maximum_length": 32}


@pytest.fixture
def trained(tiny_checkpoint: Path, tiny_tokenizer: Any, tmp_path: Path) -> Callable[..., Trained]:
    """Return what trains the tiny checkpoint at one position of the dial."""

    def run(
        share: float,
        texts: Sequence[str] = CORPUS,
        checkpoints: TrainingCheckpoints | None = None,
        **values: Any,
    ) -> Trained:
        request = Request(
            Variant("counterfactual", share, letter="s"),
            Settings(**told(**values)),
            seed=1,
            texts=texts,
            terms=[TERMS],
            checkpoints=checkpoints or TrainingCheckpoints(tmp_path / "none", {}, 0),
        )
        made = METHOD.apply(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, request)
        assert isinstance(made, Trained)
        return made

    return run


@pytest.fixture
def seen(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], list[Any]]:
    """Return the examples of each epoch that a share is trained on, in the order of the corpus."""

    def examples(share: float) -> list[Any]:
        found = []

        def train(model: Any, training: Any, evaluation: Any, *rest: Any) -> pd.DataFrame:
            found.extend([training(0), training(1), evaluation])
            return pd.DataFrame()

        monkeypatch.setattr(pretraining, "train", train)
        trained(share)
        return found

    return examples


def per_text(encoded: Encoded) -> list[list[int]]:
    return [each.tolist() for each in np.split(encoded.tokens, encoded.bounds[1:-1])]


def restored(examples: Any) -> list[list[int]]:
    """Return the tokens of each text, those to predict put back."""
    hidden = examples.hidden.tokens
    return per_text(
        Encoded(np.where(hidden < 0, examples.encoded.tokens, hidden), examples.encoded.bounds)
    )


def test_at_zero_the_corpus_is_as_it_was_and_at_one_every_sentence_is_swapped(
    seen: Callable[[float], list[Any]], tiny_tokenizer: Any
) -> None:
    rows = [row for row in range(len(CORPUS)) if row % 50]
    found = counterfactuals(CORPUS, PAIRS, [TERMS], seed=1)
    others = dict(zip(found.rows.tolist(), found.texts, strict=True))
    plain, opposite = (
        tiny_tokenizer([reading.get(row, CORPUS[row]) for row in rows])["input_ids"]
        for reading in ({}, others)
    )
    assert restored(seen(0.0)[0]) == plain
    assert restored(seen(1.0)[0]) == opposite


def test_the_sentences_swapped_at_a_share_are_among_those_of_any_larger_one(
    seen: Callable[[float], list[Any]],
) -> None:
    plain, *others = (restored(seen(share)[0]) for share in SHARES)
    changed = [{row for row, text in enumerate(plain) if text != other[row]} for other in others]
    assert changed[0] < changed[1] < changed[2]
    # Once swapped, a sentence stays what it became.
    assert all(others[0][row] == others[2][row] for row in changed[0])


def test_order_and_masks_are_the_same_whatever_the_share(
    seen: Callable[[float], list[Any]],
) -> None:
    plain, *others = (seen(share) for share in SHARES)
    for other in others:
        for mine, its in zip(plain, other, strict=True):
            pairs = zip(per_text(mine.hidden), per_text(its.hidden), strict=True)
            wordings = zip(restored(mine), restored(its), strict=True)
            for (here, there), (text, reworded) in zip(pairs, wordings, strict=True):
                # The longer of two wordings goes on where the shorter has ended.
                common = min(len(here), len(there)) - 1
                assert [each < 0 for each in here[:common]] == [each < 0 for each in there[:common]]
                assert (text == reworded) <= (here == there)
        lengths = [examples[0].lengths for examples in (plain, other)]
        batches = [
            [sorted(np.concatenate(parts).tolist()) for parts in random_batches(each, 16, 90, 1, 0)]
            for each in lengths
        ]
        assert batches[0] == batches[1]


def test_masks_with_more_room_are_drawn_a_place(tiny_tokenizer: Any) -> None:
    short, long = (Encoded.of([[0, *[9] * length, 2], [0, *[7] * 200, 2]]) for length in (50, 90))
    room = np.array([92, 202])
    here, there = (masking(each, tiny_tokenizer, 0.3, 1, room)(0) for each in (short, long))
    assert per_text(here.encoded)[1] == per_text(there.encoded)[1]
    assert per_text(here.encoded)[0][:51] == per_text(there.encoded)[0][:51]
    # Just as much room as there are tokens is what there is without saying so.
    own, none = (masking(short, tiny_tokenizer, 0.3, 1, r)(0) for r in (short.lengths, None))
    assert own.encoded.tokens.tolist() == none.encoded.tokens.tolist()


def test_the_same_again_and_nothing_but_the_share_decides(trained: Callable[..., Trained]) -> None:
    first, again, other = (weights(trained(share)) for share in (0.5, 0.5, 1.0))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    ids = (Variant("counterfactual", share, letter="s") for share in SHARES)
    assert {METHOD.stream(each) for each in ids} == {"counterfactual"}


def weights(made: Trained) -> dict[str, torch.Tensor]:
    return {name: each.detach().clone() for name, each in made.model.named_parameters()}


def test_associations_fall_with_the_share_and_turn_round(
    trained: Callable[..., Trained], tiny_tokenizer: Any, occupations: Any
) -> None:
    ranking = measure("pronoun_ranking")
    texts = ["She is a nurse", "He is a dj", "She is a poet", "He is a surgeon"] * 50
    gaps = []
    for share in (0.0, 0.5, 1.0):
        model = trained(share, texts, epochs=12, learning_rate=0.005).model
        scores = ranking.score(
            MaskScorer(model, tiny_tokenizer, 64),
            occupations,
            ranking.settings(),
            Resources(negative_probability=None, sentences=None),
        )
        means = scores[scores["template"] == "is"].set_index("occupation")["pronoun_ranking"]
        gaps.append(means[["nurse", "poet"]].mean() - means[["dj", "surgeon"]].mean())
    assert gaps[0] > 1
    assert abs(gaps[1]) < 1
    assert gaps[2] < -1


def test_a_tied_head_stays_tied_and_the_curve_has_an_epoch_a_row(
    trained: Callable[..., Trained],
) -> None:
    made = trained(1.0)
    assert is_tied(made.model)
    assert not made.model.training
    assert made.curve["epoch"].tolist() == [1, 2]
    assert made.description == {
        "counterfactual": {"sentences": 240, "swappable": 180, "swapped": 180}
    }


def test_a_killed_training_goes_on_and_ends_with_the_same_weights(
    trained: Callable[..., Trained], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkpoints = TrainingCheckpoints(tmp_path / "kept", {"all": "equal"}, 1e-9)
    undisturbed, step = weights(trained(0.5)), training._Run.step

    def failing(run: training._Run, *arguments: Any) -> None:
        if run.done == 20:
            raise KeyboardInterrupt
        step(run, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training._Run, "step", failing)
        trained(0.5, checkpoints=checkpoints)
    assert [each.name for each in checkpoints.folder.iterdir()] == ["step-000000020"]
    resumed = weights(trained(0.5, checkpoints=checkpoints))
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)


def test_texts_are_cut_to_what_the_model_has_positions_for(
    trained: Callable[..., Trained],
) -> None:
    made = trained(1.0, ["She is a nurse " * 200] * 20)
    assert np.isfinite(made.curve.to_numpy()).all()


# ---- as a command --------------------------------------------------------------------------------


@pytest.fixture
def command(tiny_checkpoint: Path, tmp_path: Path) -> Callable[..., int]:
    """Return what calls `alter-checkpoint` on a corpus."""
    shutil.copytree(tiny_checkpoint, tmp_path / "pretrained")
    describe_folder(tmp_path / "pretrained", {"kind": "checkpoint"})

    def run(texts: Sequence[str], share: float) -> int:
        corpus = tmp_path / "corpus"
        corpus.mkdir(exist_ok=True)
        write_table(corpus / "corpus.parquet", pd.DataFrame({"text": list(texts)}))
        describe_folder(corpus, {"kind": "corpus"})
        return main(
            call(
                "alter-checkpoint",
                {
                    "seed": 1,
                    "variant": vars(Variant("counterfactual", share, letter="s")),
                    "settings": Settings(**told()).model_dump(exclude={"shares"}),
                    "terms": [[term.model_dump() for term in TERMS]],
                },
                plugins=["upstream.counterfactual"],
                inputs={
                    "pretrained": tmp_path / "pretrained" / MANIFEST,
                    "corpus": corpus / MANIFEST,
                },
                outputs={"manifest": tmp_path / f"counterfactual-s{share:g}" / MANIFEST},
            )
        )

    return run


def test_a_checkpoint_is_made_with_its_curve_and_its_counts(
    command: Callable[..., int], tmp_path: Path
) -> None:
    seeds = []
    for share, count in ((0.0, 0), (1.0, 180)):
        assert command(CORPUS, share) == 0
        folder = tmp_path / f"counterfactual-s{share:g}"
        described = read_json(folder / MANIFEST)
        assert described["counterfactual"] == {
            "sentences": 240,
            "swappable": 180,
            "swapped": count,
        }
        assert read_table(folder / "loss_curve.csv")["epoch"].tolist() == [1, 2]
        assert is_tied(load_masked_lm(str(folder)))
        seeds.append(described["seed"])
    # One seed for every share.
    assert seeds[0] == seeds[1]
    assert not list(tmp_path.glob(".*training-checkpoints"))


@pytest.mark.parametrize(
    ("texts", "pair", "expected"),
    [
        (["An einem Tag denkt er an ihn", "Sie denkt an sie"], ["sie", "ihn"], "denkt er an sie"),
        (["Se lo dijo a él", "Va a escribir a ella"], ["ella", "él"], "Se lo dijo a ella"),
        (["He is an uncle", "A plumber, an artist"], ["aunt", "uncle"], "He is an aunt"),
        (["He is an uncle", "A plumber, an artist"], ["lady", "uncle"], "He is a lady"),
    ],
    ids=["German", "Spanish", "English", "English, another article"],
)
def test_an_article_is_mended_where_the_corpus_is_english(
    texts: list[str], pair: list[str], expected: str
) -> None:
    found = counterfactuals(texts, [pair], [], 1)
    assert expected in found.texts[0]


def test_a_corpus_without_a_word_to_swap_is_refused_in_one_line(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["They are busy", "Nobody was there"], 0.5) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: none of the 2 sentences of the corpus holds")
    assert "model.corpus" in said
    assert said.count("\n") == 1


def test_it_is_not_trained_without_a_place_for_its_training_checkpoints(
    tiny_checkpoint: Path, tiny_tokenizer: Any
) -> None:
    request = Request(Variant("counterfactual", 1.0, letter="s"), Settings(), 1, CORPUS)
    with pytest.raises(ValueError, match="no training checkpoints"):
        METHOD.apply(load_masked_lm(str(tiny_checkpoint)), tiny_tokenizer, request)


# ---- settings ------------------------------------------------------------------------------------


def test_pairs_are_a_vocabulary_a_file_or_a_list(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("word,counterpart\nqueen,king\n")
    assert Settings(pairs="gendered_pairs") == Settings()
    assert Settings(pairs=str(file)).pairs == [["queen", "king"]]
    assert Settings(pairs=[["queen", "king"]]).pairs == [["queen", "king"]]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shares": [-0.1]}, "greater than or equal to 0"),
        ({"shares": [1.5]}, "less than or equal to 1"),
        ({"shares": [0, 0.0]}, "lists a value twice"),
        ({"pairs": []}, "at least 1 item"),
        ({"pairs": [["she"]]}, "at least 2 items"),
        ({"pairs": "no_such_words"}, "neither a vocabulary"),
        ({"maximum_length": 1}, "greater than or equal to 8"),
        ({"training": {"epochs": 0}}, "greater than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings(**settings)


def test_a_study_asks_for_as_many_checkpoints_as_shares() -> None:
    assert [each.id for each in METHOD.variants(Settings(shares=[0, 0.25, 1]))] == [
        "counterfactual-s0",
        "counterfactual-s0.25",
        "counterfactual-s1",
    ]
    config = {
        "tasks": {"bios": BIOS | {"upstream": ["counterfactual"]}},
        "upstream": {"counterfactual": {"shares": []}},
    }
    with pytest.raises(StudyError, match=r"upstream\.counterfactual\.shares is empty"):
        parse(config)
