"""The bill of materials (CycloneDX 1.5) of what gongji runs on, from the pinned requirements.

`python tests/tidy/sbom.py` prints it; `make sbom` writes it to build/sbom.json.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(requirements: str) -> list[dict[str, Any]]:
    """A component for each pinned distribution, with the hashes that it may have."""
    found = list(_PINNED.finditer(requirements))
    ends = [*(match.start() for match in found[1:]), len(requirements)]
    return [
        {
            "type": "library",
            "name": match[1],
            "version": match[2],
            "purl": f"pkg:pypi/{match[1].lower()}@{match[2]}",
            "hashes": [
                {"alg": "SHA-256", "content": text}
                for text in _HASH.findall(requirements[match.end() : end])
            ],
        }
        for match, end in zip(found, ends, strict=True)
    ]


def bill() -> dict[str, Any]:
    """The whole bill: without a date, so that the same requirements give the same bill."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    itself = {"type": "application", "name": project["name"], "version": project["version"]}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": itself},
        "components": components((ROOT / "requirements.txt").read_text(encoding="utf-8")),
    }


if __name__ == "__main__":
    print(json.dumps(bill(), indent=1))
