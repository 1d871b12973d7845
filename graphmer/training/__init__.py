"""Training: stages, optimisation, calibration, and the files of a run."""
