# Takes the user's files or nothing; makes results/data/<name>/<data set>/manifest.json with its
# train, evaluation and test parts, results/data/corpus and results/data/sentiment.
DATA_CODE = code_digest("data")


localrules:
    prepare_bios,
    prepare_wiki,
    prepare_corpus,
    prepare_sentiment,
    alter_data,


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
        content=content("bios.file.path"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-bios --log {log:q} --settings {params.settings:q}"
        " --output manifest {output.manifest:q}"


rule prepare_wiki:
    input:
        ancient(source_files("wiki.file.path")),
    output:
        manifest=manifest("data/wiki/original"),
    log:
        f"{RESULTS}/logs/data/wiki/original.log",
    priority: 10
    conda:
        ENVIRONMENT
    params:
        settings=task_settings("wiki"),
        content=content("wiki.file.path"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-wiki --log {log:q} --settings {params.settings:q}"
        " --output manifest {output.manifest:q}"


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
        content=content("model.corpus.file.paths"),
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-corpus --log {log:q} --settings {params.settings:q}"
        " --output manifest {output.manifest:q}"


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
        code=DATA_CODE,
    shell:
        "bias-transfer prepare-sentiment --log {log:q} --settings {params.settings:q}"
        " --output manifest {output.manifest:q}"


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
