"""Commands that make the upstream checkpoints."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase, RobertaForMaskedLM

from bias_transfer.artifacts import (
    atomic_folder,
    describe_folder,
    read_table,
    verified_folder,
    write_table,
)
from bias_transfer.cli.job import Job
from bias_transfer.interventions.embeddings import (
    add_noise,
    bias_subspace,
    gaussian_noise,
    gendered_pairs,
    remove_component,
    sentence_embeddings,
    uniform_noise,
)
from bias_transfer.lexicon import PRONOUNS
from bias_transfer.models.checkpoints import (
    load_masked_lm,
    load_tokenizer,
    random_masked_lm,
    require_single_tokens,
)
from bias_transfer.models.device import prepare_device
from bias_transfer.models.pretraining import Architecture, pretrain
from bias_transfer.models.training import TrainingSettings
from bias_transfer.seeding import derived_seed

logger = logging.getLogger(__name__)

_SCORED_TOKENS = tuple(pronoun.word.capitalize() for pronoun in PRONOUNS)


def prepare_checkpoint(job: Job) -> None:
    """Pre-train the study's checkpoint, or bring in the user's."""
    settings = job.settings
    seed = derived_seed(settings["seed"], "pretraining")
    prepare_device(seed)
    if settings["source"] == "generated":
        lines = read_table(verified_folder(job.input("corpus")) / "corpus.parquet")["text"].tolist()
        options = dict(settings["pretraining"])
        masked_share = options.pop("masked_share")
        with tempfile.TemporaryDirectory() as scratch:
            model, tokenizer, curve = pretrain(
                lines,
                Architecture(**settings["architecture"]),
                TrainingSettings(**options),
                masked_share,
                seed,
                Path(scratch),
                lambda tokenizer: require_single_tokens(
                    tokenizer, _SCORED_TOKENS, "the tokenizer trained on model.corpus"
                ),
            )
    else:
        source = settings[settings["source"]]
        name = source["path"] if settings["source"] == "file" else source["id"]
        revision = source.get("revision", "")
        tokenizer = load_tokenizer(name, revision)
        require_single_tokens(tokenizer, _SCORED_TOKENS, name)
        model, curve = load_masked_lm(name, revision), None
    with atomic_folder(job.output("manifest").parent) as folder:
        _save(model, tokenizer, folder)
        if curve is not None:
            write_table(folder / "loss_curve.csv", curve)
        describe_folder(folder, {"kind": "checkpoint", "upstream": "pretrained", "seed": seed})


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


def alter_checkpoint(job: Job) -> None:
    """Add noise to the word embeddings of a checkpoint, or remove their gender component."""
    upstream = job.settings["upstream"]
    seed = derived_seed(job.settings["seed"], "upstream", upstream["id"])
    prepare_device(seed)
    source = verified_folder(job.input("pretrained"))
    model, tokenizer = load_masked_lm(str(source)), load_tokenizer(str(source))
    matrix = model.roberta.embeddings.word_embeddings.weight
    with torch.no_grad():
        # In place: the tied output matrix is the same tensor and must follow.
        matrix.copy_(_altered(matrix, tokenizer, job, seed))
    _publish(job, model, tokenizer, seed)


def _altered(
    matrix: torch.Tensor, tokenizer: PreTrainedTokenizerBase, job: Job, seed: int
) -> torch.Tensor:
    upstream = job.settings["upstream"]
    if upstream["kind"] == "sentdebias":
        subspace = _gender_subspace(matrix.detach().numpy(), tokenizer, job)
        return remove_component(matrix, subspace, upstream["strength"])
    draw = {"uniform": uniform_noise, "gaussian": gaussian_noise}[upstream["kind"]]
    noise = draw(matrix.shape, upstream["strength"], seed)
    return add_noise(matrix, noise, tokenizer.pad_token_id)


def _gender_subspace(
    matrix: np.ndarray, tokenizer: PreTrainedTokenizerBase, job: Job
) -> np.ndarray:
    texts = read_table(verified_folder(job.input("corpus")) / "corpus.parquet")["text"].tolist()
    options = job.settings["sentdebias"]
    pairs = gendered_pairs(texts, options["maximum_pairs"])
    logger.info("%d pairs of sentences", len(pairs))
    female, male = (
        sentence_embeddings(
            matrix,
            tokenizer([pair[side] for pair in pairs], add_special_tokens=False)["input_ids"],
        )
        if pairs
        else np.empty((0, matrix.shape[1]))
        for side in (0, 1)
    )
    return bias_subspace(female, male, options["components"])


def _publish(
    job: Job, model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, seed: int
) -> None:
    upstream = job.settings["upstream"]
    with atomic_folder(job.output("manifest").parent) as folder:
        _save(model, tokenizer, folder)
        describe_folder(
            folder,
            {"kind": "checkpoint", "upstream": upstream["id"], "recipe": upstream, "seed": seed},
        )


def _save(model: RobertaForMaskedLM, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
