"""How commands end that are stopped or find no room: at once, with a code, leaving nothing."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from gongji.cli import interrupts, progress
from gongji.cli.exit_codes import FAULT, INTERRUPTED, TERMINATED
from gongji.cli.main import main
from gongji.cli.steps_shown import StepsShown
from gongji.platform import environment
from gongji.refusals import RulebookError
from gongji.tabular import sheets
from gongji.tabular.whole_files import appearing, remove_under_way

ROWS = 800_000
FEW = 3_000
MOST_SECONDS = 2.5
"""Of processors that a command may still use, its threads together, once it is told to end."""


def visits(path: Path, rows: int) -> Path:
    """A file of so many visits, persons in no order."""
    pl.select(
        person=(pl.int_range(rows) * 7919 % rows),
        visit=pl.int_range(rows),
        date=pl.lit("2023-03-01"),
        area=pl.lit("532300"),
        status=pl.lit("active"),
        level=pl.lit("1"),
        in_scope=pl.lit("1000"),
    ).write_csv(path)
    return path


def seconds_of(process: int) -> float:
    """The seconds of processors that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def begun(folder: Path) -> bool:
    """Whether something is being written in a folder."""
    return any(".partial" in path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, INTERRUPTED),
        pytest.param(signal.SIGTERM, TERMINATED, marks=pytest.mark.slow),
    ],
)
def test_whoever_is_stopped_ends_within_a_second_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    given = visits(tmp_path / "visits.csv", ROWS)
    words = [sys.executable, "-m", "gongji", "adjudicate", str(given), "-o"]
    process = subprocess.Popen(
        [*words, str(tmp_path / "result.csv")],
        stderr=subprocess.PIPE,
        # Whoever starts a command in the background may have told it to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not begun(tmp_path) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "it ended before it could be stopped"
    before = seconds_of(process.pid)
    process.send_signal(number)
    assert process.stderr
    with process.stderr:
        said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code, said
    assert [path.name for path in tmp_path.iterdir()] == ["visits.csv"]
    assert "Traceback" not in said.decode()
    # The clock of a busy machine says nothing; what was still worked does.
    assert used.ru_utime + used.ru_stime - before < MOST_SECONDS


def test_a_signal_is_raised_with_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_make_an_end", lambda code: None)
    before = [signal.getsignal(number) for number in interrupts.CODES]
    with interrupts.ended_cleanly():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(SystemExit) as left:
            signal.raise_signal(signal.SIGTERM)
    assert left.value.code == TERMINATED
    assert [signal.getsignal(number) for number in interrupts.CODES] == before


def test_what_is_under_way_is_removed_by_who_cannot_wait(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(FileNotFoundError), appearing(path) as beside:
        beside.write_bytes(b"half")
        remove_under_way()
        assert not beside.exists()
    remove_under_way()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "ending", ["xlsx", *(pytest.param(one, marks=pytest.mark.slow) for one in ("csv", "parquet"))]
)
def test_where_there_is_no_room_the_file_is_named(tmp_path: Path, ending: str) -> None:
    given = visits(tmp_path / "visits.csv", FEW)
    words = [sys.executable, "-m", "gongji", "adjudicate", str(given), "-o"]
    result = tmp_path / f"result.{ending}"

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, resource.RLIM_INFINITY))

    done = subprocess.run(
        [*words, str(result)],
        capture_output=True,
        text=True,
        preexec_fn=little_room,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert done.returncode == FAULT, done.stderr
    assert f"无法读写文件：{result} 超过了允许的文件大小" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["visits.csv"]


def test_the_rows_of_a_sheet_are_counted_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = visits(tmp_path / "visits.csv", 20)
    monkeypatch.setattr(sheets, "EXCEL_ROWS", 20)
    monkeypatch.setattr("gongji.batch.core.Settler.settle", None)
    with pytest.raises(SystemExit) as left:
        main(["adjudicate", str(given), "-o", str(tmp_path / "result.xlsx")])
    assert left.value.code == 1
    assert "20 行以上请用 .csv 或 .parquet" in capsys.readouterr().err


def test_missing_keys_are_told_in_chinese_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RulebookError) as refused:
        environment.read({"GONGJI_DATA": str(tmp_path)})
    said = [str(problem) for problem in refused.value.problems]
    assert len(said) == 3
    for line in said:
        assert "openssl rand -base64 32" in line and "GONGJI_DEMO=1" in line
        assert "key of" not in line


def test_the_first_run_says_that_it_compiles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gongji.batch import numba_rows

    monkeypatch.setattr(numba_rows, "cache_folder", lambda: tmp_path)
    progress.say_if_first_run()
    assert "第一次运行" in capsys.readouterr().err
    (tmp_path / "loops.nbi").touch()
    progress.say_if_first_run()
    assert capsys.readouterr().err == ""


def test_progress_tells_the_part_and_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    class Seen(progress.ProgressBar):
        def __init__(self) -> None:
            super().__init__("行")
            self._bar = progress._bar("行")

    with Seen() as bar:
        bar.begin("读取", 0)
        bar.update(5)
        (task,) = bar._bar.tasks
        assert (task.description, task.completed, task.total) == ("读取", 5, None)
        assert task.time_remaining is None
        bar.begin("结算", 10)
        bar.of(4, 10)
        (task,) = bar._bar.tasks
        assert (task.description, task.completed, task.total) == ("结算", 4, 10)


def test_a_file_is_read_cut_compiled_and_settled_on_the_bar() -> None:
    begun: list[tuple[str, int]] = []

    class Heard(progress.ProgressBar):
        def begin(self, name: str, total: int) -> None:
            begun.append((name, total))

    steps = StepsShown(Heard(), first_run=True)
    table = pa.table({"person": [1, 2]})
    chunks = steps.told(lambda _: iter([table]), 2, ("结算", 2))
    steps.begin("按人分开", 4)
    assert [list(chunks(None)), list(chunks(None))] == [[table], [table]]
    steps.begin("结算", 2)
    assert begun == [("按人分开", 4), ("编译", 0), ("结算", 2)]
