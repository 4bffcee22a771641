#!/usr/bin/env python3
"""Checks that every key of a whither.toml, commented out or not, is one that docs/guide/settings.md has.

usage: settings.py FILE...   a .toml, or Kubernetes manifests with ConfigMaps that hold one
"""

import re
import sys
import tomllib
from pathlib import Path

import yaml

GUIDE = Path(__file__).resolve().parents[2] / "docs/guide/settings.md"


def documented():
    keys, section = set(), ""
    for line in GUIDE.read_text().splitlines():
        if heading := re.match(r"## `\[(\w+)\]`", line):
            section = heading[1]
        elif row := re.match(r"\| `([\w.]+)` \| (.*?) \|", line):
            key = f"{section}.{row[1]}"
            # Secrets never stand in a file, only the name of theirs.
            keys.add(f"{key}_file" if row[2].startswith("from the file") else key)
    return keys


def keys(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def settings(path):
    """The texts of TOML in a file, each with its name."""
    text = path.read_text()
    if path.suffix == ".toml":
        return [(path.name, text)]
    maps = [d for d in yaml.safe_load_all(text) if d and d["kind"] == "ConfigMap"]
    return [(f"{path.name}: {name}", held) for d in maps for name, held in d["data"].items() if name.endswith(".toml")]


def main():
    known, problems, seen = documented(), [], 0
    for path in map(Path, sys.argv[1:]):
        found = settings(path)
        if not found:
            problems.append(f"{path}: holds no settings")
        for name, text in found:
            # `#key = value` is a setting commented out, `# Words` are words.
            asked = list(keys(tomllib.loads(re.sub(r"(?m)^#(?=\S)", "", text))))
            seen += len(asked)
            problems += [f"{name}: {key} is not in docs/guide/settings.md" for key in asked if key not in known]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{seen} keys in files, {len(known)} in the guide: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
