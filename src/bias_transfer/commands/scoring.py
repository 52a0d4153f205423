"""Commands that score a checkpoint before fine-tuning and a classifier after it."""

import pandas as pd
from transformers import PreTrainedTokenizerBase, RobertaForMaskedLM

from bias_transfer.runtime.artifacts import read_table, verified_folder, write_table
from bias_transfer.runtime.job import Job
from bias_transfer.vocabularies.lexicon import IDENTITY_TERMS, OCCUPATIONS, TOXIC
from bias_transfer.measures import negative_sentiment as sentiment
from bias_transfer.measures.identity_ranking import identity_ranking
from bias_transfer.measures.pronoun_ranking import pronoun_ranking
from bias_transfer.models.checkpoints import (
    load_classifier,
    load_masked_lm,
    load_tokenizer,
    with_upstream_head,
)
from bias_transfer.models.device import prepare_device
from bias_transfer.models.masked_lm import MaskScorer
from bias_transfer.models.prediction import predict
from bias_transfer.models.sentiment import negative_probability


def score_upstream(job: Job) -> None:
    """Score every upstream checkpoint on both tasks' measures, in one job: loading is the cost."""
    device = prepare_device(0)
    scored: dict[str, list[pd.DataFrame]] = {"bios": [], "wiki": []}
    for upstream, manifest in zip(job.settings["upstream"], job.inputs["upstream"], strict=True):
        folder = verified_folder(manifest)
        model, tokenizer = load_masked_lm(str(folder)).to(device), load_tokenizer(str(folder))
        for task, tables in scored.items():
            table = _intrinsic(task, model, tokenizer, job)
            table.insert(0, "upstream", upstream)
            tables.append(table)
    for task, tables in scored.items():
        write_table(job.output(task), pd.concat(tables, ignore_index=True))


def score_fine_tuned(job: Job) -> None:
    """Predict the test part, and score the fine-tuned encoder as a language model again."""
    device = prepare_device(0)
    settings = job.settings
    fine_tuned, upstream = (verified_folder(job.input(name)) for name in ("model", "upstream"))
    classifier, tokenizer = load_classifier(fine_tuned).to(device), load_tokenizer(str(fine_tuned))
    test = read_table(verified_folder(job.input("data")) / "test.parquet")
    probabilities = predict(
        classifier,
        tokenizer,
        test["text"].tolist(),
        settings["maximum_length"],
        settings["batch_size"],
    )
    labels = [classifier.config.id2label[index] for index in range(probabilities.shape[1])]
    columns = pd.Index(labels)
    # The score is P(toxic) for comments and the probability of the true occupation for biographies.
    scored = (
        columns.get_indexer(pd.Index([TOXIC] * len(test)))
        if settings["task"] == "wiki"
        else columns.get_indexer(pd.Index(test["label"]))
    )
    predictions = pd.DataFrame(
        {
            "id": test["id"],
            "label": test["label"],
            "prediction": columns[probabilities.argmax(axis=1)],
            "score": probabilities[range(len(test)), scored],
            "group": test["group"],
        }
    )
    model = with_upstream_head(classifier, load_masked_lm(str(upstream)).to(device))
    write_table(job.output("intrinsic"), _intrinsic(settings["task"], model, tokenizer, job))
    write_table(job.output("predictions"), predictions)


def _intrinsic(
    task: str, model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, job: Job
) -> pd.DataFrame:
    settings = job.settings
    scorer = MaskScorer(model, tokenizer, settings["batch_size"])
    if task == "bios":
        return pronoun_ranking(
            OCCUPATIONS, tokenizer, scorer.log_probabilities, settings["prior_mask"]
        )
    keys = [(term, template) for term in IDENTITY_TERMS for template in sentiment.TEMPLATES]
    sentences = [
        # RoBERTa's mask takes the space before it along.
        sentiment.sentence(term, template, tokenizer.mask_token).replace(
            f" {tokenizer.mask_token}", tokenizer.mask_token
        )
        for term, template in keys
    ]
    likeliest = sentiment.top_tokens(
        tokenizer(sentences)["input_ids"],
        tokenizer.mask_token_id,
        scorer.log_probabilities,
        settings["top_tokens"],
    )
    tokens = [[tokenizer.decode([token]) for token in row] for row in likeliest]
    negative = negative_probability(
        job.input("sentiment"), settings["sentiment_length"], settings["batch_size"]
    )
    rows = sentiment.negative_sentiment(keys, tokens, negative, IDENTITY_TERMS)
    templates = read_table(verified_folder(job.input("templates")) / "templates.parquet")
    ranking = identity_ranking(templates, tokenizer, scorer.token_log_probabilities)
    return rows.merge(ranking, on="identity_term", how="left", validate="many_to_one")
