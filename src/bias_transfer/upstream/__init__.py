"""What is changed before fine-tuning: tensors of a checkpoint, rows of a training set."""
