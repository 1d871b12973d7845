"""Turns as rows of a corpus in Parquet."""


def rows():
    return {
        "dialogue": ["a", "a", "b"],
        "turn": [0, 1, 0],
        "speaker": ["Ann", "Bob", "Ann"],
        "label": ["calm", None, "angry"],
        "features_text": [[1.0, 2.0], None, [3.0, 4.0]],
    }
