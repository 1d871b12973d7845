"""Write a short chat as one line of graphmer's JSONL, or a line a turn, for a model of simulated dialogues.

The features are drawn from the simulated process, because that is what such a model has learnt; the texts are
only for reading. One turn lacks text, one lacks audio and video, and one lacks everything.

    graphmer train examples/simulated.yaml --folds 1
    python examples/chat.py > chat.jsonl
    graphmer predict runs/simulated chat.jsonl --format table

    graphmer train examples/live.yaml --folds 1
    python examples/chat.py --turns | graphmer stream runs/live
"""

import json
import sys

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
chat = utterances if "--turns" in sys.argv[1:] else [{"id": "chat", "utterances": utterances}]
print(*map(json.dumps, chat), sep="\n")
