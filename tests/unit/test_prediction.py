"""Prediction: every distinct text once, and the numbers that it would have alone."""

import numpy as np
import pytest
import torch

from bias_transfer.errors import StudyError
from bias_transfer.models.checkpoints import new_classifier
from bias_transfer.models.encoded import Encoded
from bias_transfer.models.prediction import predict
from bias_transfer.models.sentiment import by_classifier

TEXTS = [[0, 20, 30, 2], [0, 21, 2], [0, 20, 30, 2], [0, *range(20, 40), 2], [0, 21, 2]]


@pytest.fixture
def classifier(tiny_checkpoint):
    torch.manual_seed(5)
    return new_classifier(tiny_checkpoint, ("a", "b", "c")).eval()


@pytest.mark.parametrize("batch_size", [1, 2, 256])
def test_a_text_has_the_probabilities_that_it_has_alone(classifier, batch_size):
    found = predict(classifier, Encoded.of(TEXTS), 1, batch_size)
    with torch.inference_mode():
        alone = [classifier(input_ids=torch.tensor([ids])).logits[0].softmax(-1) for ids in TEXTS]
    np.testing.assert_allclose(found, torch.stack(alone).numpy(), atol=1e-6)
    assert np.array_equal(found[0], found[2])


def test_a_text_that_comes_again_is_not_sent_again(classifier):
    sent = []
    classifier.base_model.register_forward_pre_hook(
        lambda encoder, given, named: sent.extend((given or [named["input_ids"]])[0].tolist()),
        with_kwargs=True,
    )
    predict(classifier, Encoded.of(TEXTS), 1, 256)
    assert sorted(sent) == sorted(map(list, set(map(tuple, TEXTS))))


def test_no_text_has_no_probabilities(classifier):
    assert predict(classifier, Encoded.of([]), 1, 8).shape == (0, 3)


def test_a_model_that_diverged_is_refused(classifier):
    with torch.no_grad():
        classifier.classifier.out_proj.bias[0] = float("nan")
    with pytest.raises(StudyError, match="its training diverged"):
        predict(classifier, Encoded.of(TEXTS), 1, 8)


def test_a_classifier_is_asked_once_for_a_word(tiny_checkpoint, tiny_tokenizer):
    torch.manual_seed(5)
    classifier = new_classifier(tiny_checkpoint, ("negative", "positive")).eval()
    score = by_classifier(classifier, tiny_tokenizer, 1, 40, 8)
    assert score([]).shape == (0,)
    sent = []
    classifier.base_model.register_forward_pre_hook(lambda encoder, given: sent.append(given))
    first, again = score(["kind", "old", "kind"]), score(["old", "kind"])
    assert len(sent) == 1
    assert again.tolist() == first[1:].tolist()
    alone = by_classifier(classifier, tiny_tokenizer, 0, 40, 8)(["kind"])
    assert first[0] == pytest.approx(1 - alone[0], abs=1e-6)
