"""Bias inside a language model, before and after fine-tuning."""
