# The map of the study: data -> checkpoints -> fine-tuning -> scores -> analysis -> figures.
from snakemake.utils import min_version

min_version("9.27")


configfile: workflow.source_path("config.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/checkpoints.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/intrinsic.smk"
include: "workflow/rules/extrinsic.smk"
include: "workflow/rules/analysis.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        ANALYSIS,
        FIGURES,
        NUMBERS,
