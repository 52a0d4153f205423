"""Text in, tables out: loading, generating, splitting and scrubbing the study's data sets."""
