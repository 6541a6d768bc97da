"""The bill of materials names everything that is pinned, once, with its hashes."""

from sbom import ROOT, bill, components


def test_every_pinned_distribution_stands_in_the_bill_with_its_hashes() -> None:
    made = bill()
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert made["metadata"]["component"]["name"] == "gongji"
    assert (
        len(made["components"]) == text.count("==") == len({c["purl"] for c in made["components"]})
    )
    assert sum(len(one["hashes"]) for one in made["components"]) == text.count("--hash=sha256:")


def test_a_component_is_read_from_its_lines() -> None:
    (one,) = components("A.b==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert (one["name"], one["version"], one["purl"]) == ("A.b", "1.0", "pkg:pypi/a.b@1.0")
    assert one["hashes"] == [{"alg": "SHA-256", "content": "0" * 64}]
