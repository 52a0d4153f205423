# Takes the user's files or nothing; makes results/data/<name>/<data set>/manifest.json with its
# train, evaluation and test parts, results/data/{corpus,sentiment,identity_templates}, and
# results/downloads where the config asks for public files.
DATA_CODE = code_digest("data")
DETOX = {
    name: section("wiki", "detox", name) or f"{RESULTS}/downloads/detox_{name}.tsv"
    for name in ("comments", "annotations")
}
TEMPLATE_ADDRESS = section("identity_templates", "url", "address")
TEMPLATE_FILE = {
    "generated": [],
    "file": section("identity_templates", "file", "path"),
    "url": f"{RESULTS}/downloads/identity_templates{Path(TEMPLATE_ADDRESS).suffix}",
}[section("identity_templates", "source")]


localrules:
    fetch_detox,
    fetch_identity_templates,
    prepare_identity_templates,
    prepare_bios,
    prepare_wiki,
    prepare_corpus,
    prepare_sentiment,
    alter_data,


rule fetch_detox:
    output:
        file=f"{RESULTS}/downloads/detox_{{name}}.tsv",
    log:
        f"{RESULTS}/logs/downloads/detox_{{name}}.log",
    wildcard_constraints:
        name="|".join(DETOX),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            file=wildcards.name, article=section("wiki", "detox", "article")
        ),
    shell:
        "bias-transfer fetch-detox --log {log:q} --settings {params.settings:q}"
        " --output file {output.file:q}"


rule fetch_identity_templates:
    output:
        file=f"{RESULTS}/downloads/identity_templates{Path(TEMPLATE_ADDRESS).suffix}",
    log:
        f"{RESULTS}/logs/downloads/identity_templates.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(**section("identity_templates", "url")),
    shell:
        "bias-transfer fetch-identity-templates --log {log:q} --settings {params.settings:q}"
        " --output file {output.file:q}"


rule prepare_identity_templates:
    input:
        file=ancient(TEMPLATE_FILE),
    output:
        manifest=manifest("data/identity_templates"),
    log:
        f"{RESULTS}/logs/data/identity_templates.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            **{
                key: value
                for key, value in source("identity_templates").items()
                if key in ("source", "text", "label", "kind", "kinds", "labels")
            }
        ),
        content=content("identity_templates.file.path"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-identity-templates --log {log:q} --settings {params.settings:q}"
        " --input file {input.file:q} --output manifest {output.manifest:q}"


rule prepare_bios:
    input:
        ancient(source_files("bios.file.path")),
    output:
        manifest=manifest("data/bios/original"),
    log:
        f"{RESULTS}/logs/data/bios/original.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=task_settings("bios"),
        content=content("bios.file.path", "bios.hub.id"),
        sources=sources("bios.file.path", "bios.hub.id"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-bios --log {log:q} --settings {params.settings:q}"
        " --input source {params.sources:q} --output manifest {output.manifest:q}"


rule prepare_wiki:
    input:
        file=ancient(source_files("wiki.file.path")),
        comments=ancient(
            DETOX["comments"] if section("wiki", "source") == "detox" else []
        ),
        annotations=ancient(
            DETOX["annotations"] if section("wiki", "source") == "detox" else []
        ),
    output:
        manifest=manifest("data/wiki/original"),
    log:
        f"{RESULTS}/logs/data/wiki/original.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=task_settings("wiki"),
        content=content(
            "wiki.file.path",
            "wiki.hub.id",
            "wiki.detox.comments",
            "wiki.detox.annotations",
        ),
        sources=sources("wiki.file.path", "wiki.hub.id"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-wiki --log {log:q} --settings {params.settings:q}"
        " --input comments {input.comments:q} --input annotations {input.annotations:q}"
        " --input source {params.sources:q} --output manifest {output.manifest:q}"


rule prepare_corpus:
    input:
        ancient(source_files("model.corpus.file.paths")),
    output:
        manifest=manifest("data/corpus"),
    log:
        f"{RESULTS}/logs/data/corpus.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            seed=config["seed"],
            **generator("model", "corpus"),
            **source("model", "corpus"),
        ),
        content=content("model.corpus.file.paths", "model.corpus.hub.id"),
        sources=sources("model.corpus.file.paths", "model.corpus.hub.id"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-corpus --log {log:q} --settings {params.settings:q}"
        " --input source {params.sources:q} --output manifest {output.manifest:q}"


rule prepare_sentiment:
    input:
        ancient(source_files("sentiment.file.path", "sentiment.file.labels_path")),
    output:
        manifest=manifest("data/sentiment"),
    log:
        f"{RESULTS}/logs/data/sentiment.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=settings(
            seed=config["seed"],
            **{
                key: value
                for key, value in source("sentiment").items()
                if key in ("source", "generated", "file")
            },
        ),
        content=content("sentiment.file.path", "sentiment.file.labels_path"),
        sources=sources("sentiment.file.path", "sentiment.file.labels_path"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-sentiment --log {log:q} --settings {params.settings:q}"
        " --input source {params.sources:q} --output manifest {output.manifest:q}"


rule alter_data:
    input:
        original=manifest("data/{task}/original"),
    output:
        manifest=manifest("data/{task}/{dataset}"),
    log:
        f"{RESULTS}/logs/data/{{task}}/{{dataset}}.log",
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings(
            seed=config["seed"],
            dataset=dict(id=wildcards.dataset, **vars(DATASETS[wildcards.dataset])),
        ),
        code=DATA_CODE,
    shell:
        "bias-transfer alter-data --log {log:q} --settings {params.settings:q}"
        " --input original {input.original:q} --output manifest {output.manifest:q}"


ruleorder: prepare_bios > alter_data
ruleorder: prepare_wiki > alter_data
