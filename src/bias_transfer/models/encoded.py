"""Tokenised texts, laid end to end in one array; their file, and batches that are cut from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bias_transfer.runtime.artifacts import atomic_file, reading

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

# The column of the token ids in a file of tokenised texts.
_TOKENS = "tokens"
# What a batch's width is a multiple of on a GPU.
_WIDTHS = 8
# Texts at a time: what a tokenizer makes of each takes tens of kilobytes.
_AT_A_TIME = 4096


@dataclass(frozen=True)
class Encoded:
    """Tokenised texts, special tokens included.

    Attributes
    ----------
    tokens
        Token ids of all texts, one text after the other; int32, shape (tokens,).
    bounds
        Where each text starts, and the end of the last; int64, shape (texts + 1,).
    """

    tokens: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[Sequence[int]]) -> Encoded:
        """Lay the token ids of texts end to end."""
        lengths = [len(each) for each in texts]
        tokens = np.fromiter((i for each in texts for i in each), np.int32, sum(lengths))
        return cls(tokens, np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))

    @classmethod
    def joined(cls, parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Encoded:
        """Lay parts end to end, each given by its token ids and the length of its texts."""
        tokens, lengths = zip((np.empty(0, np.int32), np.empty(0, np.int64)), *parts, strict=True)
        ends = np.cumsum(np.concatenate(lengths), dtype=np.int64)
        return cls(np.concatenate(tokens), np.concatenate([[0], ends]))

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, shape (texts,)."""
        return np.diff(self.bounds)

    @cached_property
    def longest(self) -> int:
        """Tokens of the longest text; 0 where there is none."""
        return int(self.lengths.max(initial=0))

    def take(self, rows: np.ndarray) -> Encoded:
        """Return some of the texts."""
        bounds = np.concatenate([[0], np.cumsum(self.lengths[rows], dtype=np.int64)])
        moved = np.repeat(self.bounds[rows] - bounds[:-1], np.diff(bounds))
        return Encoded(self.tokens[moved + np.arange(bounds[-1])], bounds)

    def padded(self, rows: np.ndarray, padding: int, width: int = 0) -> dict[str, torch.Tensor]:
        """Return texts as a model takes them, padded on the right to the longest of them.

        Parameters
        ----------
        rows
            Which texts.
        padding
            The id of the token that fills up.
        width
            Tokens to pad to, where that is more than the longest has.

        Returns
        -------
        dict
            `input_ids` and `attention_mask`, int64, shape (rows, tokens of the longest or `width`).
        """
        # Takes a second, which a job that only tokenises should not.
        import torch

        lengths = self.bounds[rows + 1] - self.bounds[rows]
        columns = np.arange(lengths.max(initial=width))
        real = columns < lengths[:, None]
        ids = np.full(real.shape, padding, dtype=np.int64)
        ids[real] = self.tokens[(self.bounds[rows][:, None] + columns)[real]]
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(real.astype(np.int64)),
        }

    def inputs(
        self, rows: np.ndarray, padding: int, device: torch.device
    ) -> dict[str, torch.Tensor]:
        """Return texts on a device, and no mask where nothing is padded: see `padded`.

        On a GPU few widths recur, so that a step may be recorded for each (`models.recording`).
        """
        from bias_transfer.models.device import on_device

        lengths = self.bounds[rows + 1] - self.bounds[rows]
        width = lengths.max()
        if device.type == "cuda":
            # No text is longer than this, which the model has positions for.
            width = min(-(-width // _WIDTHS) * _WIDTHS, self.longest)
        inputs = self.padded(rows, padding, width)
        if lengths.min() == width:
            del inputs["attention_mask"]
        return {name: on_device(each, device) for name, each in inputs.items()}


def encode(
    tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], maximum_length: int
) -> Encoded:
    """Tokenise any number of texts, each cut to a number of tokens."""
    options = {"truncation": True, "max_length": maximum_length}
    return encode_by(lambda some: tokenizer(list(some), **options).input_ids, texts)


def encode_by(
    ids: Callable[[Sequence[str]], Sequence[Sequence[int]]], texts: Sequence[str]
) -> Encoded:
    """Tokenise any number of texts, some thousand at a time.

    Parameters
    ----------
    ids
        From some texts to the token ids of each.
    texts
        All of them.
    """
    encoded = map(Encoded.of, map(ids, some_at_a_time(texts)))
    return Encoded.joined([(each.tokens, each.lengths) for each in encoded])


def some_at_a_time(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield all texts, as many at a time as a tokenizer's memory allows."""
    return (texts[start : start + _AT_A_TIME] for start in range(0, len(texts), _AT_A_TIME))


def write_encoded(path: Path, rows: pd.DataFrame, encoded: Encoded) -> None:
    """Write tokenised texts as Parquet, a row a text, beside what else is known of each."""
    import pyarrow
    import pyarrow.parquet

    lists = pyarrow.LargeListArray.from_arrays(
        pyarrow.array(encoded.bounds), pyarrow.array(encoded.tokens)
    )
    table = pyarrow.Table.from_pandas(rows, preserve_index=False).append_column(_TOKENS, lists)
    with atomic_file(path) as temporary:
        pyarrow.parquet.write_table(table, temporary)


def read_encoded(path: Path) -> tuple[pd.DataFrame, Encoded]:
    """Read tokenised texts, and what else is known of each: the other columns, a row a text."""
    import pyarrow
    import pyarrow.parquet

    with reading(path):
        table = pyarrow.parquet.read_table(path, partitioning=None)
        parts = [
            (each.flatten().to_numpy(), each.value_lengths().to_numpy())
            for each in table.column(_TOKENS).chunks
        ]
        return table.drop_columns(_TOKENS).to_pandas(), Encoded.joined(parts)
