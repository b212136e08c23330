"""Shows how every operation answered, and fails when the fuzzer stood before a closed door and so proved nothing.

usage: reached.py TALLY DOCUMENT
"""

import json
import sys

METHODS = ("get", "put", "post", "delete", "patch")
# Answers that only come from behind signature, scope, limits and parsing.
INSIDE = ("200", "201", "202", "204", "409", "422")
TURNED_AWAY = ("401", "403", "421", "429")


def complaint(counts):
    total = sum(counts.values())
    away = sum(counts.get(status, 0) for status in TURNED_AWAY)
    if away * 10 > total:
        return f"{away} of {total} requests were turned away at the gate"
    if not any(status in counts for status in INSIDE):
        return "no request got as far as the work itself"
    return None


def main(tally, document):
    with open(tally, encoding="utf-8") as file:
        counted = json.load(file)
    with open(document, encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    failed = False
    for path, methods in paths.items():
        for method in (method for method in METHODS if method in methods):
            counts = counted.get(f"{method.upper()} {path}", {})
            shown = "  ".join(f"{status}×{count}" for status, count in sorted(counts.items()))
            trouble = complaint(counts)
            failed |= trouble is not None
            print(f"{methods[method]['operationId']:24} {shown}" + (f"  — {trouble}" if trouble else ""))
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
