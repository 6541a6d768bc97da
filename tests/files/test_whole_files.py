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


def test_what_somebody_put_in_the_place_is_not_written_through(tmp_path: Path) -> None:
    path, theirs = tmp_path / "a.csv", tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    place = tmp_path / ".a.csv.partial"
    place.symlink_to(theirs)
    write_whole(path, b"ours")
    assert (path.read_bytes(), theirs.read_bytes()) == (b"ours", b"theirs")
    assert not path.is_symlink()
    place.touch(0o666)
    known = place.stat().st_ino
    with place.open("rb") as watched:
        write_whole(path, b"secret")
        assert watched.read() == b"" and path.stat().st_ino != known
