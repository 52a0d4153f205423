# Takes the user's files or nothing; makes results/data/<task>/<data set>/manifest.json with its
# train, evaluation and test parts, results/data/<task>/sentences, results/data/{corpus,sentiment},
# and results/downloads where the config asks for public files.
localrules:
    fetch_detox,
    fetch_sentences,
    prepare_sentences,
    prepare_data,
    prepare_corpus,
    prepare_sentiment,
    alter_data,


rule fetch_detox:
    output:
        file=downloaded("{task}", "{name}.tsv"),
    log:
        log_of("downloads", "{task}", "{name}"),
    wildcard_constraints:
        name="comments|annotations",
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            file=wildcards.name,
            article=STUDY.tasks[wildcards.task].detox.article,
        ),
        plugins=[],
        files=files,
    shell:
        f"{COMMAND} fetch-detox {TOLD}"


rule fetch_sentences:
    output:
        file=downloaded("{task}", "sentences.{suffix}"),
    log:
        log_of("downloads", "{task}", "sentences.{suffix}"),
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            task=wildcards.task,
            **CONFIG["tasks"][wildcards.task]["sentences"]["url"],
        ),
        plugins=[],
        files=files,
    shell:
        f"{COMMAND} fetch-sentences {TOLD}"


rule prepare_sentences:
    input:
        file=ancient(lambda wildcards: sentences_file(wildcards.task)),
    output:
        manifest=manifest("data/{task}/sentences"),
    log:
        log_of("data", "{task}", "sentences"),
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            definition=definition(wildcards.task, "templates", "cell_correction"),
            task=wildcards.task,
            sentences=settings_in_use(STUDY.tasks[wildcards.task].sentences),
        ),
        content=lambda wildcards: content(f"tasks.{wildcards.task}.sentences.file.path"),
        plugins=lambda wildcards: [kind(wildcards.task)],
        files=files,
        code=lambda wildcards: code_digest("data", [kind(wildcards.task)]),
    shell:
        f"{COMMAND} prepare-sentences {TOLD}"


rule prepare_data:
    input:
        file=ancient(
            lambda wildcards: source_files(f"tasks.{wildcards.task}.file.path")
        ),
        comments=ancient(lambda wildcards: detox_file(wildcards.task, "comments")),
        annotations=ancient(lambda wildcards: detox_file(wildcards.task, "annotations")),
    output:
        manifest=manifest("data/{task}/original"),
    log:
        log_of("data", "{task}", "original"),
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            seed=STUDY.seed,
            task=wildcards.task,
            definition=definition(wildcards.task, "templates", "cell_correction"),
            **generator(STUDY.tasks[wildcards.task].source),
            **{
                key: value
                for key, value in settings_in_use(STUDY.tasks[wildcards.task]).items()
                if key in ("source", "generated", "file", "hub", "detox")
                or key in ("empty", "test_share", "evaluation_share")
            },
        ),
        content=lambda wildcards: content(
            *(
                f"tasks.{wildcards.task}.{key}"
                for key in (
                    "file.path",
                    "hub.id",
                    "detox.comments",
                    "detox.annotations",
                )
            )
        ),
        plugins=lambda wildcards: [kind(wildcards.task)],
        files=lambda wildcards, input, output: files_and_sources(
            f"tasks.{wildcards.task}.hub.id"
        )(wildcards, input, output),
        checks=test_rows_needed,
        code=lambda wildcards: code_digest("data", [kind(wildcards.task)]),
    shell:
        f"{COMMAND} prepare-data {TOLD} --checks {{params.checks:q}}"


rule prepare_corpus:
    input:
        file=ancient(source_files("model.corpus.file.paths")),
    output:
        manifest=manifest("data/corpus"),
    log:
        log_of("data", "corpus"),
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        settings=settings(
            seed=STUDY.seed,
            **generator(STUDY.model.corpus.source),
            **settings_in_use(STUDY.model.corpus),
        ),
        content=content("model.corpus.file.paths", "model.corpus.hub.id"),
        plugins=[],
        files=files_and_sources("model.corpus.hub.id"),
        code=code_digest("data"),
    shell:
        f"{COMMAND} prepare-corpus {TOLD}"


rule prepare_sentiment:
    input:
        file=ancient(source_files("sentiment.file.path", "sentiment.file.labels_path")),
    output:
        manifest=manifest("data/sentiment"),
    log:
        log_of("data", "sentiment"),
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        settings=settings(
            seed=STUDY.seed,
            **{
                key: value
                for key, value in settings_in_use(STUDY.sentiment).items()
                if key in ("source", "generated", "file")
            },
        ),
        content=content("sentiment.file.path", "sentiment.file.labels_path"),
        plugins=[],
        files=files,
        code=code_digest("data"),
    shell:
        f"{COMMAND} prepare-sentiment {TOLD}"


rule alter_data:
    input:
        original=manifest("data/{task}/original"),
    output:
        manifest=manifest("data/{task}/{dataset}"),
    log:
        log_of("data", "{task}", "{dataset}"),
    wildcard_constraints:
        dataset="(?!(original|sentences)/)[^/]+",
    priority: 10
    conda:
        "../../envs/environment.yaml"
    params:
        settings=lambda wildcards: settings(
            seed=STUDY.seed,
            definition=definition(wildcards.task, "templates", "cell_correction"),
            **altered(wildcards.task, wildcards.dataset),
        ),
        plugins=lambda wildcards: alteration_plugins(wildcards.task, wildcards.dataset),
        files=files,
        code=lambda wildcards: code_digest(
            "data", alteration_plugins(wildcards.task, wildcards.dataset)
        ),
    shell:
        f"{COMMAND} alter-data {TOLD}"
