"""Predictions under missing modalities, their metrics, and resampling intervals."""
