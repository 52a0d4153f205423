"""The Hugging Face hub: a revision is resolved to its commit, and only safe files are fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from bias_transfer.errors import StudyError, shortened
from bias_transfer.models.folder import AutoClass, conversion

Kind = Literal["model", "dataset"]

# Weights as safetensors, settings and tokenizers as text: no pickle, no code, and no subfolder.
_WEIGHTS = ("model.safetensors", "model-*.safetensors")
_FETCHED = (*_WEIGHTS, "*.json", "*.txt", "*.model")
_NOT_FETCHED = ("*/*",)

_WORDS: dict[Kind, str] = {"model": "model", "dataset": "data set"}
_CHECK: dict[Kind, str] = {
    "model": "check the network and run again",
    "dataset": "check the split, the configuration and the network",
}
_INSTEAD: dict[Kind, str] = {
    "model": "download it elsewhere and give the folder",
    "dataset": "download it elsewhere and use the source 'file'",
}


def resolve(name: str, kind: Kind, revision: str = "") -> str:
    """Return the commit that a revision of a repository stands for now.

    Who loads that commit gets what the study's manifest names, whatever moves meanwhile. Where the
    hub cannot be reached, or must not (HF_HUB_OFFLINE=1), it is the commit of the last time.

    Parameters
    ----------
    name
        A hub id, or a local folder, which has no commit.
    kind
        What the repository holds.
    revision
        A commit, a branch or a tag; empty for the newest.

    Returns
    -------
    str
        40 hexadecimal digits; empty for a local folder.

    Raises
    ------
    StudyError
        If there is no such repository or revision, or the hub cannot be asked.
    """
    if Path(name).is_dir():
        return ""
    from huggingface_hub import HfApi

    with explained(name, kind, revision):
        found = HfApi().resolve_revision(name, repo_type=kind, revision=revision or None)
    return str(found.resolved)


def model_folder(name: str, commit: str, auto_class: AutoClass) -> str:
    """Return a folder with a model and its tokenizer, fetched from the hub if it is not one.

    The libraries' own loading by id would, for a repository with pickled weights only, have them
    converted by somebody else's service and load what that proposes.

    Parameters
    ----------
    name
        A hub id, or a local folder, which is returned as it is.
    commit
        As `resolve` returns it.
    auto_class
        What the model is, which decides how pickled weights of it are converted.

    Raises
    ------
    StudyError
        If the files cannot be fetched whole, or there are no weights among them.
    """
    if Path(name).is_dir():
        return name
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    with explained(name, "model", commit):
        folder = snapshot_download(
            name, revision=commit, allow_patterns=list(_FETCHED), ignore_patterns=list(_NOT_FETCHED)
        )
    if not any(file for pattern in _WEIGHTS for file in Path(folder).glob(pattern)):
        raise StudyError(
            f"model {name}: no safetensors at commit {commit}, and pickled weights are not read; "
            "if a pull request on its page adds them, give that as the revision (refs/pr/NUMBER), "
            "or, if you trust them, convert them yourself and give the new folder, with "
            f"{name} for OLD: {conversion(auto_class)}"
        )
    return str(folder)


@contextmanager
def explained(name: str, kind: Kind, revision: str) -> Iterator[None]:
    """Turn whatever the hub's clients raise into one line that says what to do."""
    try:
        yield
    except Exception as error:
        # Each library wraps the errors of the one below in its own.
        raise StudyError(f"{_WORDS[kind]} {name}: {_reason(error, kind, revision)}") from error


def _reason(error: Exception, kind: Kind, revision: str) -> str:
    from huggingface_hub import errors, is_offline_mode

    causes = _causes(error)

    def comes_from(*kinds: type[Exception]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if comes_from(errors.GatedRepoError):
        return "the hub wants its terms accepted; do so on its page, then use `hf auth login`"
    if comes_from(errors.RepositoryNotFoundError):
        return (
            "the hub has none of this id, or shows it to members only; correct the id "
            "(OWNER/NAME), or use `hf auth login`"
        )
    if comes_from(errors.RevisionNotFoundError):
        return (
            f"it has no revision {revision!r}; give a commit, a branch or a tag of it, or leave it "
            "empty for the newest"
        )
    # `datasets` tells no more of it than that there was no connection.
    if is_offline_mode() and comes_from(errors.OfflineModeIsEnabled, ConnectionError):
        return (
            "it was not fetched before, and HF_HUB_OFFLINE forbids to do so now; unset that, or "
            f"{_INSTEAD[kind]}"
        )
    # The innermost says most, but what a parser says may quote a cell.
    telling = next((each for each in reversed(causes) if not isinstance(each, ValueError)), error)
    return f"cannot be loaded ({shortened(telling)}); {_CHECK[kind]}, or {_INSTEAD[kind]}"


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and those that it was raised from, the outermost first."""
    found = [error]
    while (cause := found[-1].__cause__) is not None:
        found.append(cause)
    return found
