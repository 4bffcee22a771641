#!/usr/bin/env python3
"""Checks dashboard and rules: shape, queries by promtool, and that every metric they ask for is documented.

usage: metrics.py PROMTOOL
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\bwhither_[a-z_]+\b")
HISTOGRAM = re.compile(r"_(bucket|sum|count)$")
# What Grafana puts in their place is of these kinds.
VARIABLES = {"$__rate_interval": "5m", "$__interval": "1m", "$__range": "6h"}


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def shape(dashboard):
    """What Grafana needs to load it, and to lay it out."""
    for key in ("uid", "title", "schemaVersion", "templating", "time", "panels"):
        if not dashboard.get(key):
            yield f"no {key}"
    names = [v["name"] for v in dashboard["templating"]["list"]]
    for wanted in ("datasource", "cluster", "group", "topic"):
        if wanted not in names:
            yield f"no variable {wanted}"
    ids, taken = set(), {}
    for panel in panels(dashboard):
        title, at = panel["title"], panel["gridPos"]
        if panel["id"] in ids:
            yield f"{title}: id {panel['id']} twice"
        ids.add(panel["id"])
        if at["x"] + at["w"] > 24:
            yield f"{title}: wider than the page"
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if taken.setdefault(cell, title) != title:
                yield f"{title}: lies on {taken[cell]}"
                break
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            yield f"{title}: no description"
        if not panel.get("targets"):
            yield f"{title}: asks nothing"
        for target in panel.get("targets", []):
            if target["datasource"]["uid"] != "${datasource}":
                yield f"{title}: a data source of its own"
            for name in re.findall(r"\$\{?(\w+)", target["expr"]):
                if name not in names and f"${name}" not in VARIABLES:
                    yield f"{title}: no variable ${name}"


def queries(dashboard):
    return [t["expr"] for p in panels(dashboard) for t in p.get("targets", [])]


def refused(promtool, exprs):
    """What promtool has against them, as rules of a file."""
    for name, value in VARIABLES.items():
        exprs = [e.replace(name, value) for e in exprs]
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(exprs)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
        file.flush()
        told = subprocess.run([promtool, "check", "rules", file.name], capture_output=True, text=True)
    return [] if told.returncode == 0 else [told.stdout + told.stderr]


def undocumented(text, documented):
    asked = {m for m in METRIC.findall(text)}
    return sorted(m for m in asked if m not in documented and HISTOGRAM.sub("", m) not in documented)


def anchors(page):
    return {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.splitlines() if line[:1] == "#"}


def main():
    promtool = sys.argv[1]
    dashboard = json.loads((ROOT / "contrib/grafana/whither.json").read_text())
    rules = (ROOT / "contrib/prometheus/whither.rules.yml").read_text()
    documented = set(re.findall(r"^\| `(whither_[a-z_]+)", (ROOT / "docs/guide/metrics.md").read_text(), re.M))

    problems = [f"whither.json: {p}" for p in shape(dashboard)]
    problems += [f"whither.json: {p}" for p in refused(promtool, queries(dashboard))]
    asked = {"whither.json": "\n".join(queries(dashboard)), "whither.rules.yml": "\n".join(re.findall(r"whither_\w+", rules))}
    for name, text in asked.items():
        problems += [f"{name}: {metric} is not in docs/guide/metrics.md" for metric in undocumented(text, documented)]
    for page, anchor in re.findall(r"runbook: (\S+)#(\S+)", rules):
        if anchor not in anchors((ROOT / page).read_text()):
            problems.append(f"whither.rules.yml: {page} has no section #{anchor}")
    alerts, runbooks = (len(re.findall(p, rules)) for p in (r"- alert:", r"runbook:"))
    if alerts != runbooks:
        problems.append(f"whither.rules.yml: {alerts} alerts, {runbooks} runbooks")
    tested = set(re.findall(r"alertname[:=] ?\"?(\w+)", (ROOT / "contrib/prometheus/whither.rules.test.yml").read_text()))
    for alert in sorted(set(re.findall(r"- alert: (\w+)", rules)) - tested):
        problems.append(f"whither.rules.test.yml: nothing tests {alert}")

    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(queries(dashboard))} queries, {alerts} alerts, {len(documented)} metrics: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
