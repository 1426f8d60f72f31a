#!/usr/bin/env python3
"""Writes the tables of keys in docs/ from the schemas, and of ops from the binary, between two marker comments.

    scripts/docs.py           writes them
    scripts/docs.py --check   changes nothing; exits 1 with a line for each page that is out of date
"""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = {"experiments.md": "experiment", "spaces.md": "space", "providers.md": "models", "ranking.md": "rank",
         "table-format.md": "table", "table-import.md": "table_import", "reproduce.md": "reproduction"}
BEGIN = "<!-- keys: written by scripts/docs.py from schemas/{}.schema.json -->"
OPS = "<!-- ops: written by scripts/docs.py from weft block ops -->"
END = "<!-- end of keys -->"


def shown(value):
    """A value as one writes it in YAML."""
    return json.dumps(value) if isinstance(value, (bool, dict, list)) or value == "" else str(value)


def bounds(schema):
    low, high, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if above is not None:
        return f", more than {above}" + (f", at most {high}" if high is not None else "")
    if low is not None and high is not None:
        return f", {low} to {high}"
    return f", at least {low}" if low is not None else ""


def kind(schema, resolve=lambda given: given):
    """The type of a value, in words. `resolve` follows a reference."""
    if "anyOf" in schema:
        return " or ".join(kind(resolve(one), resolve) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{shown(schema['const'])}`"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types == ["array"]:
        low, high = schema.get("minItems", 0), schema.get("maxItems")
        size = f", {low} to {high}" if high and low != high else f", {low}" if high else f", {low} or more" if low else ""
        return f"list of {kind(resolve(schema['items']), resolve)}{size}"
    if types == ["object"]:
        return "keys"
    if types == ["string"] and schema.get("format") == "count":
        return "text such as 200k"
    if schema.get("format") in ("count", "bytes"):
        example = "200k" if schema["format"] == "count" else "256MB"
        return f"whole number, also as {example}" + bounds(schema)
    names = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "object": "keys",
             "array": "list of them"}
    return " or ".join(names[name] for name in types) + bounds(schema)


class Page:
    def __init__(self, root):
        self.root, self.lines, self.waiting = root, [], []

    def resolve(self, schema):
        return self.root["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def write(self):
        self.waiting = [("", self.root)]
        done = set()
        while self.waiting:
            path, schema = self.waiting.pop(0)
            if id(schema) not in done:
                done.add(id(schema))
                self.section(path, schema)
        return "\n".join(self.lines).strip() + "\n"

    def section(self, path, schema):
        members = {**schema.get("properties", {})}
        if isinstance(schema.get("additionalProperties"), dict):
            members["NAME"] = schema["additionalProperties"]
        if not members:
            return
        only_one = schema.get("maxProperties") == 1
        self.lines += ["", f"### `{path}`" if path else "### The file", "", schema.get("description", ""), ""]
        if only_one:
            self.lines += ["Exactly one of these keys:", ""]
        self.lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        below = []
        for name, given in members.items():
            member, full = self.resolve(given), f"{path}.{name}" if path else name
            rows, whole = self.resolve(member.get("items", {})), self.resolve(member)
            if "properties" in whole or whole.get("additionalProperties"):
                below.append((full, whole))
            if "properties" in rows:
                below.append((full + "[]", rows))
            required = name in schema.get("required", [])
            default = "required" if required else f"`{shown(member['default'])}`" if "default" in member else "–"
            meaning = {**member, **given}.get("description", "").replace("|", "\\|")
            self.lines.append(f"| `{name}` | {kind(member, self.resolve)} | {default} | {meaning} |")
        self.waiting = below + self.waiting


def domain(attribute):
    low, high = attribute.get("range", (None, None))
    return attribute["domain"] + (f", {low:g} to {high:g}" if low is not None else "")


def ops():
    """A section for each op, as the binary knows it."""
    binary = os.environ.get("WEFT_BINARY", str(ROOT / "build" / "release" / "weft"))
    rows = json.loads(subprocess.run([binary, "block", "ops", "--json"], capture_output=True, text=True, check=True).stdout)
    lines = []
    for op in rows:
        lines += ["", f"### `{op['signature']}`", "", op["doc"], "",
                  f"Takes {op['takes']}. {'Has weights. ' if op['weights'] else ''}Source: {op['source']}."]
        if op["attributes"]:
            lines += ["", "| attribute | domain | default | meaning |", "|---|---|---|---|"]
        for one in op["attributes"]:
            default = f"`{shown(one['default'])}`" if "default" in one else "required"
            lines.append(f"| `{one['name']}` | {domain(one)} | {default} | {one['doc']} |")
    return "\n".join(lines).strip() + "\n"


def page_with_keys(text, name, keys):
    begin = BEGIN.format(name) if name else OPS
    before, after = text.split(begin, 1) if begin in text else (None, "")
    if before is None or END not in after:
        sys.exit(f"docs.py: no markers '{begin}' and '{END}' in the page of {name}")
    return before + begin + "\n\n" + keys + "\n" + END + after.split(END, 1)[1]


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: scripts/docs.py [--check]")
    stale = []
    for page, name in {**PAGES, "blocks.md": None}.items():
        path = ROOT / "docs" / page
        text = path.read_text(encoding="utf-8")
        if name:
            schema = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
        wanted = page_with_keys(text, name, Page(schema).write() if name else ops())
        if wanted != text and sys.argv[1:]:
            stale.append(page)
        elif wanted != text:
            path.write_text(wanted, encoding="utf-8")
    if stale:
        sys.exit(f"docs.py: out of date: {', '.join('docs/' + page for page in stale)}; run scripts/docs.py")


if __name__ == "__main__":
    main()
