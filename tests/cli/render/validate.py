"""The saved results, and what the command writes of them, against the schema. Run by test_schema.sh."""
import copy
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema

HERE = Path(__file__).parent
ROOT = Path(os.environ.get("JOPA_SOURCE_DIR", HERE.parents[2]))


def main():
    schema = json.loads((ROOT / "docs/result.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for saved in sorted(HERE.glob("*.json")):
        written = subprocess.run([os.environ["JOPA"], "render", saved, "-F", "json"], check=True, capture_output=True).stdout
        validator.validate(json.loads(written))
    one = json.loads((HERE / "lisbon.json").read_text(encoding="utf-8"))
    changes = {
        "schema": lambda r: r.update(schema=2),
        "selected": lambda r: r.update(selected=["Lisbon"]),
        "drop": lambda r: r["log_prob"].pop("drop"),
        "unit": lambda r: r["prompt"]["tokens"][0].update(unit=-1),
        "target": lambda r: r["response"].update(target=[1]),
        "metrics": lambda r: r["metrics"]["prob"].update(kl="low"),
        "stopped": lambda r: r.update(stopped="bored"),
    }
    for name, change in changes.items():
        changed = copy.deepcopy(one)
        change(changed)
        if validator.is_valid(changed):
            sys.exit(f"the schema lets a changed {name} through")
    print(f"{len(list(HERE.glob('*.json')))} results validate, {len(changes)} changed ones do not")


if __name__ == "__main__":
    main()
