"""All systems of the field under one protocol: one claim a corpus, one stored file a system.

The search for settings is the same for every system and judged on validation only (`search`); the measurement
trains and tests all folds with the settings that it chose (`measure`). Tables, and the figure, are made from
what is stored (`page`, `figure`).
"""
