"""Write request_fields.json and reply_fields.json: the fields of every transaction of the gateway.

By hand, when the fact sheet changes: `python tests/platform/request_fields.py interface.json`.
Shape: transaction -> node -> [multiple, [[field, type, length, required] …]] of requests,
transaction -> node -> [field …] of replies.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAME = {"2206A": "2206", "2207A": "2207"}


def main(source: Path, answered: list[str]) -> None:
    """Both tables from the machine-readable fact sheet."""
    known = json.loads(source.read_text(encoding="utf-8"))["transactions"]
    requests, replies = {}, {}
    for infno in sorted(answered):
        documented = known[SAME.get(infno, infno)]
        requests[infno] = {
            name: [
                bool(node.get("multiple")),
                [
                    [one["name"], one["type"], one["length"], bool(one["required"])]
                    for one in node["fields"]
                ],
            ]
            for name, node in documented["input"].items()
        }
        replies[infno] = {
            "" if name == "(root)" else name: [one["name"] for one in node["fields"]]
            for name, node in documented["output"].items()
        }
    _write("request_fields.json", requests)
    _write("reply_fields.json", replies)


def _write(name: str, table: dict[str, Any]) -> None:
    lines = [
        f"{json.dumps(infno)}: {json.dumps(nodes, ensure_ascii=False)}"
        for infno, nodes in table.items()
    ]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    from gongji.gateway.handlers import SETTLED
    from gongji.gateway.transactions import TRANSACTIONS

    main(Path(sys.argv[1]), [*TRANSACTIONS, *SETTLED])
