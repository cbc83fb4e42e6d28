#!/usr/bin/env python3
"""Writes src/lambda/region_table.c from tests/golden/aws/regions.json.  Run it from anywhere; commit the result.

The region patterns of the JSON file are all of one shape, a choice of beginnings and then a word and a number; the
table keeps the beginnings, and this script refuses a pattern of another shape, so that the matcher in endpoint.c
never guesses.
"""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests/golden/aws/regions.json"
TARGET = ROOT / "src/lambda/region_table.c"

HEAD = """\
/* region_table.c - partitions and regions of AWS.  Made by scripts/make-region-table.py from
 * tests/golden/aws/regions.json; change that file and run the script, not this. */
#include "lambda/region_table.h"

"""


def heads(pattern):
    """The beginnings that ^(a|b)\\-\\w+\\-\\d+$ and its relatives allow, each with its hyphen."""
    tail = r"\-\w+\-\d+$"
    if not pattern.startswith("^") or not pattern.endswith(tail):
        raise SystemExit(f"{pattern}: a pattern of a new shape; teach endpoint.c and this script")
    found = [""]
    for word in pattern[1:-len(tail)].split(r"\-"):
        choices = word[1:-1].split("|") if word.startswith("(") else [word]
        if not all(re.fullmatch(r"[a-z0-9]+", c) for c in choices):
            raise SystemExit(f"{pattern}: a pattern of a new shape; teach endpoint.c and this script")
        found = [f + c + "-" for f in found for c in choices]
    return found


def quoted(words):
    return "".join(f'"{w}", ' for w in words) + "NULL"


def partition_row(p):
    return (f'    {{ .id = "{p["id"]}", .dns_suffix = "{p["dns_suffix"]}",\n'
            f'      .dual_stack_suffix = "{p["dual_stack_dns_suffix"]}",\n'
            f'      .global_region = "{p["implicit_global_region"]}",\n'
            f'      .pseudo = {{ {quoted(p["pseudo_regions"])} }},\n'
            f'      .heads = {{ {quoted(heads(p["region_regex"]))} }} }},\n')


def region_row(r):
    flag = "true" if r.get("opt_in") else "false"
    return f'    {{ "{r["code"]}", "{r["name"]}", "{r["partition"]}", {flag} }},\n'


def main():
    partitions = json.loads(SOURCE.read_text())["partitions"]
    regions = [dict(r, partition=p["id"]) for p in partitions for r in p["regions"]]
    regions.sort(key=lambda r: r["code"])
    text = HEAD
    text += "const struct lambda_partition lambda_partitions[] = {\n"
    text += "".join(partition_row(p) for p in partitions) + "};\n"
    text += "const size_t lambda_partition_count = sizeof lambda_partitions / sizeof *lambda_partitions;\n\n"
    text += "/* Sorted by code: endpoint.c searches by halves. */\n"
    text += "const struct lambda_region lambda_regions[] = {\n" + "".join(region_row(r) for r in regions) + "};\n"
    text += "const size_t lambda_region_count = sizeof lambda_regions / sizeof *lambda_regions;\n"
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
