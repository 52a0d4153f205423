"""The command that tells a reader where a file came from."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from bias_transfer.errors import StudyError
from bias_transfer.runtime.lineage import Record, Step, trace

_LONGEST = 240  # characters of settings; the records hold them whole


def lineage(path: Path, as_json: bool) -> None:
    """Print the chain of a file from its sources on.

    Raises
    ------
    StudyError
        If a file of the chain is another now than the one that was made or used.
    """
    steps = trace(path)
    print(_json(steps) if as_json else "\n".join(_lines(steps)), flush=True)
    for step in steps:
        if step.changed:
            remedy = f"{'delete it and ' if step.record else ''}run snakemake again"
            raise StudyError(f"{step.name}: {step.state}; {remedy}")


def _json(steps: Sequence[Step]) -> str:
    return json.dumps([asdict(step) for step in steps], indent=2, sort_keys=True)


def _lines(steps: Sequence[Step]) -> Iterable[str]:
    numbers = {step.name: number for number, step in enumerate(steps, 1)}
    versions = ""
    for step in steps:
        yield f"{numbers[step.name]}. {step.name}: {step.state}"
        sources = _ranges([numbers[name] for name in step.inputs])
        if step.sha256:
            yield f"   sha256 {step.sha256}"
        if step.record is None:
            yield from [f"   listed in {sources}"] if sources else []
            continue
        code = f"{step.record.command}, code {step.record.code}"
        yield f"   {code}, from {sources}" if sources else f"   {code}"
        yield f"   settings {_settings(step.record)}"
        # Usually the same for all of a study: told where they change.
        told = ", ".join(f"{name} {version}" for name, version in step.record.libraries.items())
        if told != versions:
            yield f"   libraries {told}"
        versions = told


def _settings(record: Record) -> str:
    # The short ones first: the seed among them is worth more than a long list's beginning.
    told = {key: json.dumps(value, ensure_ascii=False) for key, value in record.settings.items()}
    text = ", ".join(f"{key} {told[key]}" for key in sorted(told, key=lambda key: len(told[key])))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _ranges(numbers: Iterable[int]) -> str:
    """Write numbers in the shortest way: 1, 3-5."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
