"""Everything that needs torch and transformers: checkpoints, training, and scoring functions."""
