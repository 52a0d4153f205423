"""The grid: which models a config asks for, and what they are called."""

import copy
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bias_transfer import upstream
from bias_transfer.alterations import ORIGINAL
from bias_transfer.study.description import describe
from bias_transfer.study.grid import Model, altered_datasets, models
from bias_transfer.study.overlays import laid_over
from bias_transfer.study.parsing import parse
from bias_transfer.upstream import PRETRAINED, Variant

SAFE = re.compile(r"[A-Za-z0-9.-]+")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(default_config):
    """Return the default study with one seed, one adaptation, no dial, and two trials of each."""
    found = copy.deepcopy(default_config)
    found["seeds"] = [1]
    for task in found["tasks"].values():
        task["upstream"].remove("counterfactual")
        task |= {"adaptation": ["full"], "adapted": []}
    for name in ("random", "uniform", "gaussian"):
        found["upstream"][name]["trials"] = 2
    found["tasks"]["wiki"]["crossed"][0]["trials"] = 2
    return found


def of(task, config):
    return [model for model in models(parse(config)) if model.task == task]


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        (PRETRAINED, "pretrained"),
        (Variant("random", trial=3), "random-t3"),
        (Variant("uniform", 0.5, 1, "c"), "uniform-c0.5-t1"),
        (Variant("gaussian", 0.3, 2, "s"), "gaussian-s0.3-t2"),
        (Variant("sentdebias", -50.0, letter="g"), "sentdebias-g-50"),
        (Variant("sentdebias", 0.25, letter="g"), "sentdebias-g0.25"),
        (Variant("inlp", 8, letter="n"), "inlp-n8"),
        (Variant("leace"), "leace"),
    ],
)
def test_a_checkpoint_is_named_after_its_kind_and_its_strength(variant, name):
    assert variant.id == name


@pytest.mark.parametrize(
    ("task", "alteration", "entry", "kind", "name"),
    [
        ("bios", "balance", {"oversample": 0.5, "undersample": 0}, "balance", "balance-a0.5-b0"),
        ("wiki", "scrub", {"mentions": "toxic", "fraction": 1}, "scrub-toxic", "scrub-toxic-1"),
        ("wiki", "scrub", {"mentions": "all", "fraction": 0.5}, "scrub-all", "scrub-all-0.5"),
    ],
)
def test_a_data_set_is_named_after_what_was_done_and_how_much(
    config, task, alteration, entry, kind, name
):
    config["tasks"][task]["alterations"] = {alteration: [entry]}
    study = parse(config)
    (variant,) = altered_datasets(study, task, study.tasks[task].alterations)
    assert (variant.kind, variant.id, variant.alteration) == (kind, name, alteration)


def test_a_model_is_named_after_its_two_variants_its_adaptation_and_its_seed():
    model = Model("bios", Variant("random", trial=1), ORIGINAL, "full", seed=7)
    assert model.id == "random-t1/original/full/seed7"
    assert model.path == "bios/random-t1/original/full/seed7"


def test_the_default_config_has_22_bios_models_and_22_wiki_models(default_config):
    # BIOS: the unmodified one with two seeds, a random, a Gaussian, 3 gammas, 3 shares of swapped
    # sentences, 2 balancings; then, for LoRA and for the head, the unmodified one with two seeds
    # and the 3 shares.
    assert len(of("bios", default_config)) == 2 + 1 + 1 + 3 + 3 + 2 + 2 * (2 + 3)
    # WIKI: the unmodified one with two seeds, a random, a Gaussian, 3 shares, 4 scrubbings, a
    # scrubbing of the random one; then the same.
    assert len(of("wiki", default_config)) == 2 + 1 + 1 + 3 + 4 + 1 + 2 * (2 + 3)


def test_the_unmodified_model_comes_first_and_once(config):
    for task in ("bios", "wiki"):
        plain = [m for m in of(task, config) if (m.upstream, m.dataset) == (PRETRAINED, ORIGINAL)]
        assert plain == [of(task, config)[0]]


@pytest.mark.parametrize("name", ["paper.yaml", "paper-mini.yaml"])
def test_the_whole_grid_of_the_paper(default_config, name):
    config = laid_over(default_config, yaml.safe_load((ROOT / "config" / name).read_text()))
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
    # One way of fine-tuning, and one seed.
    assert {(m.adaptation, m.seed) for m in (*bios, *wiki)} == {("full", 1)}


def test_the_two_grids_of_the_paper_differ_in_noise_only(default_config):
    # Noise has to suit the size of the embeddings.
    mini, whole = (
        laid_over(default_config, yaml.safe_load((ROOT / "config" / name).read_text()))
        for name in ("paper-mini.yaml", "paper.yaml")
    )
    mini = copy.deepcopy(mini)
    mini["upstream"]["uniform"] = whole["upstream"]["uniform"]
    mini["upstream"]["gaussian"] = whole["upstream"]["gaussian"]
    assert [m.path for m in models(parse(mini))] == [m.path for m in models(parse(whole))]


def test_altered_data_meet_the_unmodified_checkpoint_only(config):
    config["tasks"]["wiki"]["crossed"] = []
    assert all(m.upstream == PRETRAINED or m.dataset == ORIGINAL for m in models(parse(config)))


def test_crossing_pairs_each_checkpoint_with_each_set(config):
    scrub = [{"mentions": "all", "fraction": 1}, {"mentions": "toxic", "fraction": 0.5}]
    crossing = {"upstream": "random", "trials": 2, "alterations": {"scrub": scrub}}
    config["tasks"]["wiki"]["crossed"] = [crossing]
    pairs = [
        (m.upstream.id, m.dataset.id)
        for m in models(parse(config))
        if m.upstream.kind == "random" and m.dataset != ORIGINAL
    ]
    assert pairs == [
        ("random-t1", "scrub-all-1"),
        ("random-t1", "scrub-toxic-0.5"),
        ("random-t2", "scrub-all-1"),
        ("random-t2", "scrub-toxic-0.5"),
    ]
    crossing["trials"] = 1
    assert {
        m.upstream.id
        for m in models(parse(config))
        if m.upstream.kind == "random" and m.dataset != ORIGINAL
    } == {"random-t1"}


def test_a_further_adaptation_meets_unaltered_data_only(config):
    config["tasks"]["wiki"] |= {"adaptation": ["full", "head", "lora"], "adapted": ["random"]}
    before = of("wiki", config | {"tasks": {"wiki": config["tasks"]["wiki"] | {"adapted": []}}})
    found = of("wiki", config)
    ids = {
        name: [(m.upstream.id, m.dataset.id) for m in found if m.adaptation == name]
        for name in ("full", "head", "lora")
    }
    assert len(ids["full"]) == 1 + 2 + 2 + 4 + 2
    assert ids["head"] == ids["lora"]
    assert ids["head"] == [
        ("pretrained", "original"),
        ("random-t1", "original"),
        ("random-t2", "original"),
    ]
    # Those of the first adaptation come first, and are what they would be without the others.
    assert found[:11] == before[:11]
    assert [m.id for m in before[11:]] == [
        f"pretrained/original/{name}/seed1" for name in ("head", "lora")
    ]


def test_the_first_adaptation_is_that_of_the_whole_grid(config):
    config["tasks"]["wiki"]["adaptation"] = ["head"]
    assert {m.adaptation for m in of("wiki", config)} == {"head"}
    assert len(of("wiki", config)) == 11
    config["tasks"]["wiki"]["adaptation"] = ["head", "full"]
    assert [m.adaptation for m in of("wiki", config)] == ["head"] * 11 + ["full"]


def test_adding_a_gamma_adds_exactly_one_model(config):
    before = models(parse(config))
    config["upstream"]["sentdebias"]["gammas"].append(-25)
    after = models(parse(config))
    assert {m.path for m in after} - {m.path for m in before} == {
        "bios/sentdebias-g-25/original/full/seed1"
    }
    assert len(after) == len(before) + 1


def test_debiasers_that_the_default_study_lacks_are_asked_for_by_name(config):
    assert not {"inlp", "leace"} & {model.upstream.kind for model in of("bios", config)}
    config["tasks"]["bios"]["upstream"] = ["leace", "sentdebias", "inlp"]
    config["upstream"]["inlp"]["iterations"] = [1, 16]
    assert [m.upstream.id for m in of("bios", config) if m.dataset == ORIGINAL] == [
        "pretrained",
        *("sentdebias-g-10", "sentdebias-g1", "sentdebias-g10"),
        *("inlp-n1", "inlp-n16"),
        "leace",
    ]
    # Whatever mitigates is fitted together, with the unmodified model.
    found = {each.kind: each for each in describe(parse(config), "bios").interventions}
    for name, levels in (
        ("sentdebias", {"upstream_strength": "γ"}),
        ("inlp", {"upstream_strength": "n"}),
        ("leace", {}),
    ):
        assert (found[name].group, found[name].with_unmodified) == ("Mitigated", True)
        assert not found[name].instrument
        assert found[name].levels == levels


def seeds_by_model(task, config):
    """Return the seeds of each model of a task, in their order."""
    found = {}
    for m in of(task, config):
        found.setdefault((m.upstream.id, m.dataset.id, m.adaptation), []).append(m.seed)
    return found


def test_a_second_seed_doubles_the_models_that_ask_for_every_seed(config):
    before = len(models(parse(config)))
    config["seeds"] = [1, 2]
    for task in config["tasks"].values():
        task["every_seed"] = "all"
    assert len(models(parse(config))) == 2 * before


def test_a_task_that_does_not_say_has_every_seed_of_every_model(config):
    config["seeds"] = [3, 5]
    for task in config["tasks"].values():
        del task["every_seed"]
    for task in ("bios", "wiki"):
        assert set(map(tuple, seeds_by_model(task, config).values())) == {(3, 5)}


def test_the_unmodified_model_of_unaltered_data_has_every_seed_and_others_the_first(config):
    config["seeds"] = [3, 5]
    config["tasks"]["wiki"] |= {"every_seed": [], "adaptation": ["full", "head"]}
    config["tasks"]["wiki"]["adapted"] = ["random"]
    found = seeds_by_model("wiki", config)
    unmodified = {("pretrained", "original", name) for name in ("full", "head")}
    assert {model for model, seeds in found.items() if seeds == [3, 5]} == unmodified
    assert all(seeds == [3] for model, seeds in found.items() if model not in unmodified)


def test_methods_that_are_listed_have_every_seed_on_unaltered_data_only(config):
    config["seeds"] = [1, 2]
    config["tasks"]["wiki"]["every_seed"] = ["random"]
    found = seeds_by_model("wiki", config)
    assert found["random-t1", "original", "full"] == [1, 2]
    assert found["random-t2", "original", "full"] == [1, 2]
    assert found["random-t1", "scrub-all-1", "full"] == [1]
    assert found["gaussian-s0.1-t1", "original", "full"] == [1]
    assert found["pretrained", "scrub-all-1", "full"] == [1]


def test_with_one_seed_it_does_not_matter_who_has_every_one(config):
    few = models(parse(config))
    for task in config["tasks"].values():
        task["every_seed"] = "all"
    assert models(parse(config)) == few


def test_a_kind_that_no_task_asks_for_makes_no_model(config):
    config["tasks"]["bios"]["upstream"] = []
    assert {m.upstream for m in of("bios", config)} == {PRETRAINED}


def test_data_set_variants_start_with_the_original(config):
    assert list(dict.fromkeys(m.dataset.id for m in of("wiki", config))) == [
        "original",
        "scrub-toxic-0.5",
        "scrub-toxic-1",
        "scrub-all-0.5",
        "scrub-all-1",
    ]


def test_ids_are_unique_and_safe_as_paths(default_config):
    paths = [
        m.path
        for m in models(
            parse(
                laid_over(default_config, yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
            )
        )
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
        "uniform": {"half_widths": [abs(g) for g in gammas[:1]], "trials": 2},
        "gaussian": {"standard_deviations": [], "trials": 1},
        "sentdebias": {"gammas": gammas},
    }
    names = [
        variant.id
        for name, method in upstream.methods().items()
        if name in grid
        for variant in method.variants(method.settings(**grid[name]))
    ]
    assert len(names) == len(set(names)) == 2 * len(gammas[:1]) + len(gammas)
    assert all(SAFE.fullmatch(name) for name in names)


# ---- how the tables and figures speak of it ---------------------------------------------


def test_a_description_holds_the_interventions_of_the_task_in_the_order_of_the_grid(config):
    found = describe(parse(config), "wiki").interventions
    assert [(each.side, each.kind, each.group) for each in found] == [
        ("upstream", "random", "Random"),
        ("upstream", "gaussian", "Noise added"),
        ("data", "scrub-toxic", "Scrubbed"),
        ("data", "scrub-all", "Scrubbed"),
    ]
    assert [each.levels for each in found[:2]] == [{}, {"upstream_strength": "σ"}]


def test_a_description_names_the_adaptations_the_principal_one_first(config):
    assert describe(parse(config), "wiki").adaptations == (("full", "Full fine-tuning"),)
    config["tasks"]["wiki"]["adaptation"] = ["head", "full"]
    described = describe(parse(config), "wiki")
    assert described.adaptations == (("head", "Head only"), ("full", "Full fine-tuning"))
    assert described.principal_adaptation == "head"


def test_a_crossed_data_set_is_an_intervention_too(config):
    config["tasks"]["wiki"]["alterations"] = {}
    found = describe(parse(config), "wiki").interventions
    assert [each.kind for each in found] == ["random", "gaussian", "scrub-all"]


def test_a_description_names_what_the_config_chose(config):
    config["tasks"]["wiki"] |= {"outcome": "fpr_ratio", "measures": ["identity_ranking"]}
    described = describe(parse(config), "wiki")
    assert (described.name, described.title, described.kind) == ("wiki", "WIKI", "mentions")
    assert described.outcome.column == "fpr_ratio"
    assert [each.column for each in described.measures] == ["identity_ranking"]
    assert [each.column for each in described.covariates] == ["toxic_share", "prevalence"]
    assert described.item_titles["african american"] == "African American"
    assert len(described.item_titles) == 50
    assert described.templates[0] == "people"
