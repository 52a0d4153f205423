"""What the folder of a checkpoint must hold, as its file names alone tell: without torch."""

from pathlib import Path

from bias_transfer.errors import StudyError

_PICKLED_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

# For the reader to run, at their own risk; nothing here opens a pickle.
_CONVERT = (
    'python -c "import sys; from transformers import AutoModelForMaskedLM as M, AutoTokenizer as '
    'T; [c.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2]) for c in (M, T)]" OLD NEW'
)

# Of fast tokenizers, and of those that a fast one can be made from.
_TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


def require_safe_files(source: str) -> None:
    """Refuse a local folder without a config or with pickled weights only, saying what to do."""
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
            f"new folder: {_CONVERT}"
        )
    raise StudyError(
        f"{source}: no weights (*.safetensors) in the folder; give one that save_pretrained wrote"
    )


def require_tokenizer_files(source: str) -> None:
    """Refuse a local folder without a tokenizer: the library would make an empty one up."""
    folder = Path(source)
    if folder.is_dir() and not _holds(folder, _TOKENIZER_FILES):
        raise StudyError(
            f"{source}: no tokenizer in the folder; save it there too with save_pretrained"
        )


def _holds(folder: Path, patterns: tuple[str, ...]) -> bool:
    return any(file.is_file() for pattern in patterns for file in folder.glob(pattern))
