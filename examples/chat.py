"""Write a short chat as one line of graphmer's JSONL, for a model of `examples/simulated.yaml`.

The features are drawn from the simulated process, because that is what such a model has learnt; the texts are
only for reading. One turn lacks text, one lacks audio and video, and one lacks everything.

    graphmer train examples/simulated.yaml --folds 1
    python examples/chat.py > chat.jsonl
    graphmer predict runs/simulated chat.jsonl --format table
"""

import json

import graphmer as gm

TURNS = {
    "Did you get my message?": "atv",
    "I did. Sorry, it was a long day.": "atv",
    "You could have called.": "av",
    "My phone was dead.": "t",
    "Always the phone!": "atv",
    "...": "",
    "Fine. Are you coming tonight?": "a",
    "Of course I am.": "atv",
}

dialogue = gm.simulate(seed=1).dialogues[2]
utterances = []
for turn, (text, has) in enumerate(TURNS.items()):
    speaker = ("Ann", "Bob")[int(dialogue.speaker[turn])]
    features = {m: rows[turn].tolist() for m, rows in dialogue.features.items() if m[0] in has}
    utterances.append({"id": f"u{turn}", "speaker": speaker, "text": text, "features": features})
print(json.dumps({"id": "chat", "utterances": utterances}))
