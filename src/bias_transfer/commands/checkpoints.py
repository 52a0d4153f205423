"""Commands that make the upstream checkpoints."""

import logging
from pathlib import Path

import pandas as pd
import torch
from transformers import PreTrainedTokenizerBase, RobertaForMaskedLM

from bias_transfer.runtime.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.runtime.job import Job
from bias_transfer.runtime.resuming import training_checkpoints
from bias_transfer.upstream.embeddings import (
    bias_subspace,
    gaussian_noise,
    gendered_pairs,
    noisy,
    remove_component,
    sentence_embeddings,
    uniform_noise,
)
from bias_transfer.vocabularies.lexicon import PRONOUNS
from bias_transfer.models.checkpoints import (
    load_masked_lm,
    load_tokenizer,
    random_masked_lm,
    require_matching_tokenizer,
    require_single_tokens,
)
from bias_transfer.models.device import prepare_device
from bias_transfer.models.hidden_debias import hidden_sentence_embeddings, save_debias
from bias_transfer.models.pretraining import Architecture, pretrain
from bias_transfer.models.training import TrainingSettings
from bias_transfer.seeding import derived_seed

logger = logging.getLogger(__name__)

_SCORED_TOKENS = tuple(pronoun.word.capitalize() for pronoun in PRONOUNS)


def prepare_checkpoint(job: Job) -> None:
    """Pre-train the study's checkpoint, or bring in the user's."""
    settings = job.settings
    seed = derived_seed(settings["seed"], "pretraining")
    device = prepare_device(seed)
    if settings["source"] == "generated":
        lines = read_table(verified_folder(job.input("corpus")) / "corpus.parquet")["text"].tolist()
        options = dict(settings["pretraining"])
        masked_share = options.pop("masked_share")
        with training_checkpoints(job, "checkpoints", device) as checkpoints:
            model, tokenizer, curve = pretrain(
                lines,
                Architecture(**settings["architecture"]),
                TrainingSettings(**options),
                masked_share,
                seed,
                checkpoints,
                lambda tokenizer: require_single_tokens(
                    tokenizer, _SCORED_TOKENS, "the tokenizer trained on model.corpus"
                ),
            )
            _publish_pretrained(job, model, tokenizer, seed, curve)
    else:
        source = settings[settings["source"]]
        name = source["path"] if settings["source"] == "file" else source["id"]
        revision = source.get("revision", "")
        tokenizer = load_tokenizer(name, revision)
        require_single_tokens(tokenizer, _SCORED_TOKENS, name)
        model = load_masked_lm(name, revision)
        require_matching_tokenizer(model, tokenizer, name)
        _publish_pretrained(job, model, tokenizer, seed, None)


def randomise_checkpoint(job: Job) -> None:
    """Draw every weight of a checkpoint anew."""
    upstream = job.settings["upstream"]
    seed = derived_seed(job.settings["seed"], "upstream", upstream["id"])
    prepare_device(seed)
    source = verified_folder(job.input("pretrained"))
    tokenizer = load_tokenizer(str(source))
    # Seeded again: loading has used the random numbers.
    torch.manual_seed(seed)
    _publish(job, random_masked_lm(source), tokenizer, seed)


def add_noise(job: Job) -> None:
    """Add noise to the word embeddings of a checkpoint."""
    upstream = job.settings["upstream"]
    model, tokenizer, seed = _pretrained(job)
    matrix = model.roberta.embeddings.word_embeddings.weight
    draw = {"uniform": uniform_noise, "gaussian": gaussian_noise}[upstream["kind"]]
    noise = draw(matrix.shape, upstream["strength"], seed)
    with torch.no_grad():
        # In place: the tied output matrix is the same tensor and must follow.
        matrix.copy_(noisy(matrix, noise, tokenizer.pad_token_id))
    _publish(job, model, tokenizer, seed)


def debias_word_embeddings(job: Job) -> None:
    """Remove the gender component of a checkpoint's word embeddings."""
    model, tokenizer, seed = _pretrained(job)
    matrix = model.roberta.embeddings.word_embeddings.weight
    female, male = (
        sentence_embeddings(
            matrix.detach().numpy(), tokenizer(texts, add_special_tokens=False)["input_ids"]
        )
        for texts in _gendered_sentences(job)
    )
    subspace = bias_subspace(female, male, job.settings["sentdebias"]["components"])
    with torch.no_grad():
        matrix.copy_(remove_component(matrix, subspace, job.settings["upstream"]["strength"]))
    _publish(job, model, tokenizer, seed)


def debias_hidden_states(job: Job) -> None:
    """Put a projection behind a checkpoint's encoder that removes its gender component."""
    model, tokenizer, seed = _pretrained(job)
    model.to(prepare_device(seed))
    female, male = (
        hidden_sentence_embeddings(model, tokenizer, texts, 64)
        for texts in _gendered_sentences(job)
    )
    subspace = bias_subspace(female, male, job.settings["sentdebias"]["components"])
    upstream = job.settings["upstream"]
    with atomic_folder(job.output("manifest").parent) as folder:
        _save(model, tokenizer, folder)
        save_debias(folder, subspace, upstream["strength"])
        _describe(job, folder, seed)


def _pretrained(job: Job) -> tuple[RobertaForMaskedLM, PreTrainedTokenizerBase, int]:
    seed = derived_seed(job.settings["seed"], "upstream", job.settings["upstream"]["id"])
    prepare_device(seed)
    source = verified_folder(job.input("pretrained"))
    return load_masked_lm(str(source)), load_tokenizer(str(source)), seed


def _gendered_sentences(job: Job) -> tuple[list[str], list[str]]:
    texts = read_table(verified_folder(job.input("corpus")) / "corpus.parquet")["text"].tolist()
    pairs = gendered_pairs(texts, job.settings["sentdebias"]["maximum_pairs"])
    logger.info("%d pairs of sentences", len(pairs))
    return [female for female, _ in pairs], [male for _, male in pairs]


def _publish_pretrained(
    job: Job,
    model: RobertaForMaskedLM,
    tokenizer: PreTrainedTokenizerBase,
    seed: int,
    curve: pd.DataFrame | None,
) -> None:
    with atomic_folder(job.output("manifest").parent) as folder:
        _save(model, tokenizer, folder)
        if curve is not None:
            write_table(folder / "loss_curve.csv", curve)
        describe_folder(folder, {"kind": "checkpoint", "upstream": "pretrained", "seed": seed})


def _publish(
    job: Job, model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, seed: int
) -> None:
    with atomic_folder(job.output("manifest").parent) as folder:
        _save(model, tokenizer, folder)
        _describe(job, folder, seed)


def _describe(job: Job, folder: Path, seed: int) -> None:
    upstream = job.settings["upstream"]
    describe_folder(
        folder,
        {"kind": "checkpoint", "upstream": upstream["id"], "recipe": upstream, "seed": seed},
    )


def _save(model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
