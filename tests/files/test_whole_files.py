"""A file that is being written appears whole or not at all."""

from pathlib import Path

import pytest

from gongji.tabular.whole_files import appearing, write_whole


def test_what_went_wrong_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, b"old")
    with pytest.raises(KeyboardInterrupt), appearing(path) as beside:
        beside.write_bytes(b"ne")
        assert path.read_bytes() == b"old"
        raise KeyboardInterrupt
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
    write_whole(path, b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"new", [path])
