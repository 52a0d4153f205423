"""Public files over the network, kept only if their checksum is the one expected."""

import hashlib
import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from bias_transfer.errors import StudyError
from bias_transfer.runtime.artifacts import atomic_file

_TIMEOUT = 60  # seconds without an answer


@dataclass(frozen=True)
class Remote:
    """A file to fetch.

    Attributes
    ----------
    address
        Where it is.
    algorithm, checksum
        Such as "sha256" and 64 hexadecimal digits.
    """

    address: str
    algorithm: str
    checksum: str


def fetch(remote: Remote, path: Path, instead: str) -> None:
    """Download a file to `path`, whole and as expected or not at all.

    Parameters
    ----------
    remote
        What to fetch.
    path
        Where it goes.
    instead
        What to do where there is no network, for the error message.
    """
    digest = hashlib.new(remote.algorithm)
    with atomic_file(path) as temporary:
        with temporary.open("wb") as file:
            for chunk in _chunks(remote.address, instead):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != remote.checksum:
            raise StudyError(
                f"{remote.address}: the {remote.algorithm} of what came is {digest.hexdigest()}, "
                f"not {remote.checksum}; {instead}"
            )


def figshare_files(article: str, instead: str) -> dict[str, Remote]:
    """Return the files of a figshare record by name, with the checksums that it publishes.

    Parameters
    ----------
    article
        The record's address in figshare's public interface.
    instead
        What to do where there is no network, for the error message.
    """
    text = b"".join(_chunks(article, instead))
    try:
        record: Mapping[str, Any] = json.loads(text)
        return {
            str(file["name"]): Remote(file["download_url"], "md5", file["computed_md5"])
            for file in record["files"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{article}: not the record of a figshare article; {instead}") from error


def _chunks(address: str, instead: str) -> Iterator[bytes]:
    """Yield what an address holds, piece by piece."""
    if not address.startswith(("https://", "http://")):
        raise StudyError(f"{address}: only http and https addresses are fetched; {instead}")
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
            while chunk := answer.read(1 << 20):
                yield chunk
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is an open answer too
        # Refused, unknown host, 404, time-out, a connection that drops: all are one to the reader.
        raise StudyError(f"{address}: cannot be fetched ({error}); {instead}") from error
