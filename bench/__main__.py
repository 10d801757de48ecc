"""``python -m bench [PART …]``: run the benchmarks and print one table. Exit code 1 where a bar is missed."""

from __future__ import annotations

import sys

from bench.row import Row, table

PARTS = ("feeds", "items", "entities", "rules", "start", "chain")


def main() -> int:
    """Run the named parts, all without names."""
    from importlib import import_module

    wanted = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in wanted if name not in PARTS]:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in wanted:
        print(f"measuring {name} …", file=sys.stderr)
        rows += import_module(f"bench.{name}").run()
    print(table(rows))
    return int(any(row.is_met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
