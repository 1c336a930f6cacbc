"""Judges every card of the corpus by the published schema of Adaptive Cards 1.5, which allows no
member that it does not know, and the manifest by the schema of Teams apps."""

import json
import sys
from importlib.resources import files
from pathlib import Path

from jsonschema import Draft4Validator, Draft6Validator

SHOWN = 3

corpus = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
cards = Draft6Validator(
    json.loads((files("adaptive_cards") / "schemas" / "schema-1.5.json").read_text("utf-8-sig"))
)
version = corpus["manifest"]["manifestVersion"]
schema = f"node_modules/@microsoft/app-manifest/build/json-schemas/teams/v{version}/MicrosoftTeams.schema.json"
manifests = Draft4Validator(json.loads(Path(schema).read_text("utf-8-sig")))

faults = []
for entry in corpus["cards"]:
    for error in list(cards.iter_errors(entry["card"]))[:SHOWN]:
        faults.append(f"{entry['name']}: {error.json_path}: {error.message[:300]}")
for error in manifests.iter_errors(corpus["manifest"]):
    faults.append(f"manifest: {error.json_path}: {error.message[:300]}")
print(json.dumps({"cards": len(corpus["cards"]), "faults": faults}))
