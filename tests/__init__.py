"""The tests of bias-transfer."""
