"""From a rule to a finished artifact: the command line, logs, lineage, faults, GPUs and resuming."""
