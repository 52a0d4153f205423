"""The grid of model variants, and the one place where their identifiers are made and read.

A model is one upstream variant × one data-set variant × one seed. The identifiers are the names
of folders, so they hold letters, digits, dots and hyphens only.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Task = Literal["bios", "wiki"]
TASKS: tuple[Task, ...] = ("bios", "wiki")

UpstreamKind = Literal["pretrained", "random", "uniform", "gaussian", "sentdebias"]
DatasetKind = Literal["original", "balance", "scrub-toxic", "scrub-all"]


@dataclass(frozen=True)
class Upstream:
    """One way of altering the checkpoint before fine-tuning.

    Attributes
    ----------
    kind
        `pretrained` is the unmodified checkpoint.
    strength
        Half-width c of uniform noise, standard deviation of Gaussian noise, γ of Sent-Debias;
        None where the kind has none.
    trial
        Counts from 1 for the randomised kinds; None for the others.
    """

    kind: UpstreamKind
    strength: float | None = None
    trial: int | None = None

    @property
    def id(self) -> str:
        """The name of its folder, such as `uniform-c0.5-t1` or `sentdebias-g-50`."""
        letter = {"uniform": "c", "gaussian": "s", "sentdebias": "g"}.get(self.kind, "")
        parts: list[str] = [self.kind]
        if self.strength is not None:
            # "1e+06" would bring in a sign that is not for folders.
            parts.append(f"{letter}{self.strength:g}".replace("+", ""))
        if self.trial is not None:
            parts.append(f"t{self.trial}")
        return "-".join(parts)


@dataclass(frozen=True)
class Dataset:
    """One way of altering the training part of a data set.

    Attributes
    ----------
    kind
        `original` is the unaltered training part.
    oversample, undersample
        Re-balancing: the shares α and β of the gap to close; None for the other kinds.
    fraction
        Scrubbing: the share of comments to drop; None for the other kinds.
    """

    kind: DatasetKind
    oversample: float | None = None
    undersample: float | None = None
    fraction: float | None = None

    @property
    def id(self) -> str:
        """The name of its folder, such as `balance-a0.5-b0` or `scrub-toxic-1`."""
        if self.kind == "balance":
            return f"balance-a{self.oversample:g}-b{self.undersample:g}"
        if self.kind == "original":
            return self.kind
        return f"{self.kind}-{self.fraction:g}"


@dataclass(frozen=True)
class Model:
    """One fine-tuned classifier of the grid."""

    task: Task
    upstream: Upstream
    dataset: Dataset
    seed: int

    @property
    def path(self) -> str:
        """Its place below a stage's folder."""
        return f"{self.task}/{self.id}"

    @property
    def id(self) -> str:
        """Its name within its task."""
        return f"{self.upstream.id}/{self.dataset.id}/seed{self.seed}"


PRETRAINED = Upstream("pretrained")
ORIGINAL = Dataset("original")


def upstream_variants(grid: dict[str, Any]) -> tuple[Upstream, ...]:
    """List the upstream variants of the config's `upstream` section, the unmodified one first."""
    variants = [PRETRAINED]
    variants += [Upstream("random", trial=t) for t in _trials(grid["random"])]
    for kind, key in (("uniform", "half_widths"), ("gaussian", "standard_deviations")):
        variants += [
            Upstream(kind, strength=float(strength), trial=trial)  # type: ignore[arg-type]
            for strength, trial in itertools.product(grid[kind][key], _trials(grid[kind]))
        ]
    variants += [Upstream("sentdebias", strength=float(g)) for g in grid["sentdebias"]["gammas"]]
    return tuple(variants)


def dataset_variants(task: Task, settings: dict[str, Any]) -> tuple[Dataset, ...]:
    """List the data-set variants of a task's section of the config, the original first."""
    if task == "bios":
        altered = [
            Dataset(
                "balance",
                oversample=float(entry["oversample"]),
                undersample=float(entry["undersample"]),
            )
            for entry in settings["balance"]
        ]
    else:
        altered = [_scrubbed(entry) for entry in settings["scrub"]]
    return (ORIGINAL, *altered)


def models(config: dict[str, Any]) -> tuple[Model, ...]:
    """List every model of the study, in the order of the config.

    Upstream variants meet the original data, altered data meet the unmodified checkpoint, and the
    scrubbed sets of `scrub_on_random` meet the first `scrub_on_random_trials` random checkpoints.
    """
    return tuple(
        Model(task, upstream, dataset, seed)
        for task in TASKS
        for upstream, dataset in _pairs(task, config)
        for seed in config["seeds"]
    )


def _pairs(task: Task, config: dict[str, Any]) -> Iterator[tuple[Upstream, Dataset]]:
    upstream = upstream_variants(config["upstream"])
    settings = config[task]
    wanted = ("pretrained", *settings["upstream"])
    yield from ((variant, ORIGINAL) for variant in upstream if variant.kind in wanted)
    yield from ((PRETRAINED, dataset) for dataset in dataset_variants(task, settings)[1:])
    if task == "wiki":
        random = [variant for variant in upstream if variant.kind == "random"]
        random = random[: settings["scrub_on_random_trials"]]
        yield from itertools.product(random, map(_scrubbed, settings["scrub_on_random"]))


def _scrubbed(entry: dict[str, Any]) -> Dataset:
    kind: DatasetKind = "scrub-toxic" if entry["mentions"] == "toxic" else "scrub-all"
    return Dataset(kind, fraction=float(entry["fraction"]))


def _trials(section: dict[str, Any]) -> range:
    return range(1, section["trials"] + 1)
