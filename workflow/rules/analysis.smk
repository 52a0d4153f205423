# Takes the observation tables; makes results/analysis/{table2,transfer,table3,table4}.csv and
# results/analysis/answer.md.
ANALYSIS_CODE = code_digest("analysis")
OUTCOMES = dict(bios="log_tpr_ratio", wiki=section("wiki", "outcome"))
OBSERVATIONS = {task: f"{RESULTS}/observations/{task}.csv" for task in TASKS}


localrules:
    correlate,
    regress,


rule correlate:
    input:
        **OBSERVATIONS,
    output:
        table2=report(
            f"{RESULTS}/analysis/table2.csv",
            caption="../report/table2.rst",
            category="Tables",
        ),
        transfer=f"{RESULTS}/analysis/transfer.csv",
    log:
        f"{RESULTS}/logs/analysis/correlate.log",
    conda:
        ENVIRONMENT
    params:
        code=ANALYSIS_CODE,
    shell:
        "bias-transfer correlate --log {log:q} --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --output table2 {output.table2:q} --output transfer {output.transfer:q}"


rule regress:
    input:
        **OBSERVATIONS,
        performance_bios=f"{RESULTS}/extrinsic/bios/performance.csv",
        performance_wiki=f"{RESULTS}/extrinsic/wiki/performance.csv",
    output:
        bios=report(
            f"{RESULTS}/analysis/table3.csv",
            caption="../report/table3.rst",
            category="Tables",
        ),
        wiki=report(
            f"{RESULTS}/analysis/table4.csv",
            caption="../report/table4.rst",
            category="Tables",
        ),
        answer=f"{RESULTS}/analysis/answer.md",
    log:
        f"{RESULTS}/logs/analysis/regress.log",
    conda:
        ENVIRONMENT
    params:
        settings=settings(outcomes=OUTCOMES, hc3=section("analysis", "hc3"), note=NOTE),
        code=ANALYSIS_CODE,
    shell:
        "bias-transfer regress --log {log:q} --settings {params.settings:q}"
        " --input bios {input.bios:q} --input wiki {input.wiki:q}"
        " --input performance_bios {input.performance_bios:q}"
        " --input performance_wiki {input.performance_wiki:q}"
        " --output bios {output.bios:q} --output wiki {output.wiki:q}"
        " --output answer {output.answer:q}"
