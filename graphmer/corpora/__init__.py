"""Corpora: readers, writers, splits, simulated dialogues."""
