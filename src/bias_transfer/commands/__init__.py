"""The command line: one subcommand a rule, in one module a stage."""
