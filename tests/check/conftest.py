"""`gongji check` for the tests of this folder."""

from collections.abc import Callable

import pytest

from gongji.cli.main import main

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `gongji check` in this process: exit code and output."""

    def check(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["check", *arguments])
        streams = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return stopped.value.code, streams.out + streams.err

    return check
