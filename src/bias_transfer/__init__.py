"""Ask whether bias in a pre-trained language model survives fine-tuning, or comes from its data."""
