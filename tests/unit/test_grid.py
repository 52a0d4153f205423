"""The grid: which models a config asks for, and what they are called."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer.study.config import validate
from bias_transfer.study.grid import (
    ORIGINAL,
    PRETRAINED,
    Dataset,
    Model,
    Upstream,
    dataset_variants,
    models,
    upstream_variants,
)

SAFE = re.compile(r"[A-Za-z0-9.-]+")
ROOT = Path(__file__).parents[2]
ALL_KINDS = ["random", "uniform", "gaussian", "sentdebias"]


def of(task, config):
    return [model for model in models(config) if model.task == task]


def laid_over(below, above):
    """Merge as Snakemake does: mappings key by key, lists replaced."""
    return below | {
        key: laid_over(below[key], value) if isinstance(value, dict) else value
        for key, value in above.items()
    }


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (PRETRAINED, "pretrained"),
        (Upstream("random", trial=3), "random-t3"),
        (Upstream("uniform", 0.5, 1), "uniform-c0.5-t1"),
        (Upstream("gaussian", 0.3, 2), "gaussian-s0.3-t2"),
        (Upstream("sentdebias", -50.0), "sentdebias-g-50"),
        (Upstream("sentdebias", 0.25), "sentdebias-g0.25"),
        (ORIGINAL, "original"),
        (Dataset("balance", oversample=0.5, undersample=0.0), "balance-a0.5-b0"),
        (Dataset("scrub-toxic", fraction=1.0), "scrub-toxic-1"),
        (Dataset("scrub-all", fraction=0.5), "scrub-all-0.5"),
    ],
)
def test_a_variant_is_named_after_its_kind_and_its_strength(variant, name):
    assert variant.id == name


def test_a_model_is_named_after_its_two_variants_and_its_seed():
    model = Model("bios", Upstream("random", trial=1), ORIGINAL, seed=7)
    assert model.id == "random-t1/original/seed7"
    assert model.path == "bios/random-t1/original/seed7"


def test_the_default_config_has_14_bios_models_and_11_wiki_models(config):
    # BIOS: the unmodified one, 2 random, 2 uniform, 2 Gaussian, 5 gammas, 2 balancings.
    # WIKI: the unmodified one, 2 random, 2 Gaussian, 4 scrubbings, 1 scrubbing of the 2 random.
    assert len(of("bios", config)) == 1 + 2 + 2 + 2 + 5 + 2
    assert len(of("wiki", config)) == 1 + 2 + 2 + 4 + 2 * 1


def test_the_unmodified_model_comes_first_and_once(config):
    for task in ("bios", "wiki"):
        plain = [m for m in of(task, config) if (m.upstream, m.dataset) == (PRETRAINED, ORIGINAL)]
        assert plain == [of(task, config)[0]]


@pytest.mark.parametrize("name", ["paper.yaml", "paper-mini.yaml"])
def test_the_whole_grid_of_the_paper(config, name):
    config = laid_over(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    validate(config, ROOT / "workflow/schemas/config.schema.yaml")
    bios = of("bios", config)
    upstream = [m.upstream.kind for m in bios if m.dataset == ORIGINAL]
    assert upstream.count("pretrained") == 1
    assert 1 + upstream.count("uniform") + upstream.count("gaussian") == 21
    assert upstream.count("random") == 10
    assert 1 + upstream.count("sentdebias") == 13
    assert sum(m.dataset.kind == "balance" for m in bios) == 10
    # The paper's 43 of the last column of Table 3 leaves the random ones out.
    assert sum(m.upstream.kind != "random" for m in bios) == 43
    assert len(bios) == 53

    wiki = of("wiki", config)
    # Table 4 has 19 scrubbed models and 40 in all: that with every mention scrubbed has no toxic
    # share and drops out. Table 8 has 20, and 61 with the 20 scrubbed random ones.
    scrubbed = [m for m in wiki if m.dataset.kind in ("scrub-toxic", "scrub-all")]
    assert sum(m.upstream == PRETRAINED for m in scrubbed) == 20
    assert sum(m.upstream.kind == "random" for m in scrubbed) == 20
    assert sum(m.upstream.kind != "random" for m in wiki) == 40 + 1
    assert sum(m.upstream.kind != "random" or m in scrubbed for m in wiki) == 61
    assert len(wiki) == 71


def test_the_two_grids_of_the_paper_differ_in_noise_only(config):
    # Noise has to suit the size of the embeddings.
    mini, whole = (
        laid_over(config, yaml.safe_load((ROOT / "config" / name).read_text()))
        for name in ("paper-mini.yaml", "paper.yaml")
    )
    mini["upstream"]["uniform"] = whole["upstream"]["uniform"]
    mini["upstream"]["gaussian"] = whole["upstream"]["gaussian"]
    assert [m.path for m in models(mini)] == [m.path for m in models(whole)]


def test_altered_data_meet_the_unmodified_checkpoint_only(config):
    config["wiki"]["scrub_on_random"] = []
    assert all(m.upstream == PRETRAINED or m.dataset == ORIGINAL for m in models(config))


def test_scrubbing_on_random_pairs_each_random_checkpoint_with_each_set(config):
    config["wiki"]["scrub_on_random"] = [
        {"mentions": "all", "fraction": 1},
        {"mentions": "toxic", "fraction": 0.5},
    ]
    pairs = [
        (m.upstream.id, m.dataset.id)
        for m in models(config)
        if m.upstream.kind == "random" and m.dataset != ORIGINAL
    ]
    assert pairs == [
        ("random-t1", "scrub-all-1"),
        ("random-t1", "scrub-toxic-0.5"),
        ("random-t2", "scrub-all-1"),
        ("random-t2", "scrub-toxic-0.5"),
    ]
    config["wiki"]["scrub_on_random_trials"] = 1
    assert {
        m.upstream.id
        for m in models(config)
        if m.upstream.kind == "random" and m.dataset != ORIGINAL
    } == {"random-t1"}


def test_adding_a_gamma_adds_exactly_one_model(config):
    before = models(config)
    config["upstream"]["sentdebias"]["gammas"].append(-25)
    after = models(config)
    assert {m.path for m in after} - {m.path for m in before} == {
        "bios/sentdebias-g-25/original/seed1"
    }
    assert len(after) == len(before) + 1


def test_a_second_seed_doubles_the_models(config):
    before = len(models(config))
    config["seeds"] = [1, 2]
    assert len(models(config)) == 2 * before


def test_a_kind_that_no_task_asks_for_makes_no_model(config):
    config["bios"]["upstream"] = []
    assert {m.upstream for m in of("bios", config)} == {PRETRAINED}


def test_data_set_variants_start_with_the_original(config):
    assert [d.id for d in dataset_variants("wiki", config["wiki"])] == [
        "original",
        "scrub-toxic-0.5",
        "scrub-toxic-1",
        "scrub-all-0.5",
        "scrub-all-1",
    ]


def test_ids_are_unique_and_safe_as_paths(config):
    paths = [
        m.path
        for m in models(laid_over(config, yaml.safe_load((ROOT / "config/paper.yaml").read_text())))
    ]
    assert len(set(paths)) == len(paths)
    assert all(SAFE.fullmatch(part) for path in paths for part in path.split("/"))


@given(
    st.lists(
        st.integers(-(10**9), 10**9).filter(bool) | st.sampled_from([0.5, -0.25, 1e-7, 2.5e9]),
        unique_by=lambda g: f"{g:g}",
        max_size=5,
    )
)
def test_whatever_the_strengths_ids_are_unique_and_safe(gammas):
    grid = {
        "random": {"trials": 2},
        "uniform": {"half_widths": [abs(g) for g in gammas[:1]], "trials": 2},
        "gaussian": {"standard_deviations": [], "trials": 1},
        "sentdebias": {"gammas": gammas},
    }
    names = [variant.id for variant in upstream_variants(grid)]
    assert len(names) == len(set(names)) == 1 + 2 + 2 * len(gammas[:1]) + len(gammas)
    assert all(SAFE.fullmatch(name) for name in names)
