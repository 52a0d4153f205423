"""What the folder of a checkpoint must hold, as its file names alone tell: without torch."""

from pathlib import Path
from typing import Literal

from bias_transfer.errors import StudyError

# A checkpoint by its folder, or by its id on the hub, of which no file name is known.
Source = Path | str

_PICKLED_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

# What transformers calls the class that reads a checkpoint whole; another would leave its head out.
AutoClass = Literal["AutoModelForMaskedLM", "AutoModelForSequenceClassification"]
MASKED_LM: AutoClass = "AutoModelForMaskedLM"
CLASSIFIER: AutoClass = "AutoModelForSequenceClassification"

# Of fast tokenizers, and of those that a fast one can be made from.
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt")
# From which one can be made where the package sentencepiece is installed.
_SENTENCEPIECE = ("*.model",)

# For the reader to run there.
_MAKE_FAST = (
    'python -c "import sys; from transformers import AutoTokenizer as T; '
    'T.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[1])" FOLDER'
)


def conversion(auto_class: AutoClass) -> str:
    """Return the command that makes safetensors of pickled weights, head included.

    For the reader to run, at their own risk; nothing here opens a pickle.
    """
    return (
        f'python -c "import sys; from transformers import {auto_class} as M, AutoTokenizer as T; '
        '[c.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2]) for c in (M, T)]" OLD NEW'
    )


def require_safe_files(source: Source, auto_class: AutoClass) -> None:
    """Refuse a local folder without a config or with pickled weights only, saying what to do.

    Parameters
    ----------
    source
        The folder, or a hub id, of which nothing is asked.
    auto_class
        What the checkpoint is, which decides how its weights are converted.
    """
    folder = Path(source)
    if not folder.is_dir():
        # On the hub: only safetensors are fetched.
        return
    if not (folder / "config.json").is_file():
        raise StudyError(
            f"{source}: no config.json in the folder; give one that save_pretrained wrote"
        )
    if _holds(folder, ("*.safetensors",)):
        return
    if _holds(folder, _PICKLED_WEIGHTS):
        raise StudyError(
            f"{source}: the weights are pickled, and a pickle runs whatever it holds when it is "
            "opened, so they are not read; if you trust them, convert them yourself and give the "
            f"new folder: {conversion(auto_class)}"
        )
    raise StudyError(
        f"{source}: no weights (*.safetensors) in the folder; give one that save_pretrained wrote"
    )


def require_tokenizer_files(source: Source) -> None:
    """Refuse a local folder without a tokenizer that can be read, saying what to do.

    Without any, the library would make an empty one up.
    """
    folder = Path(source)
    if not folder.is_dir() or _holds(folder, _TOKENIZER_FILES):
        return
    if _holds(folder, _SENTENCEPIECE):
        raise StudyError(
            f"{source}: no tokenizer.json in the folder, and a SentencePiece model alone is not "
            "read; where the package sentencepiece is installed, this adds the file: "
            f"{_MAKE_FAST}"
        )
    raise StudyError(
        f"{source}: no tokenizer in the folder; save it there too with save_pretrained"
    )


def _holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in folder.glob(pattern))
