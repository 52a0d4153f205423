"""From a rule to a finished artifact: command line, logs, lineage, faults, GPUs, resuming."""
