"""The work on buckets done by Apache Spark, which distributes their names and nothing else.

A task gets the number of a bucket, reads and writes its files by itself and settles with the same
compiled loops as one process does, so every engine writes the same bytes. What the work needs (the
rulebooks that are not shipped, what was asked for) goes to the workers with the task; gongji itself
must be there, in the same version. A task that is lost is done again by another worker, and finds
what was finished. Visits are never shuffled.
"""

import dataclasses
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

import gongji
from gongji.batch.addresses import Address
from gongji.batch.adjudicate import Options
from gongji.batch.bucket_results import BucketJob, BucketResult, Engine, Told, wishes_of
from gongji.batch.buckets import Bucket
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.refusals import Refusal
from gongji.tabular.header_rows import TableFile, TablePlace, table_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ASKED_EVERY_SECONDS = 0.3
RESULT = "number long, result string, refusal string"
JAVA = "Java 17 或 21（Debian：apt-get install openjdk-17-jre-headless）"


@dataclass(frozen=True)
class Parcel:
    """The work as it is sent: texts and names, no open thing.

    Shape: `folders` the outside rulebooks, each relative path -> bytes; `opening` a file's name,
           bytes, and where in it the table stands.
    """

    folder: str
    output: str
    options: Options
    folders: tuple[Mapping[str, bytes], ...]
    opening: tuple[str, bytes, TablePlace] | None
    wishes: str
    buckets: tuple[Bucket, ...]


def on_spark(master: str, open_session: "SparkSession | None" = None) -> Engine:
    """An engine that has the work done by the workers of a master, such as local[2] or yarn.

    A session that is given stays open. A folder that is none of Arrow's addresses must be the same
    one for every worker.
    Refuses: (the engine) value_invalid where Java is missing; what the work on a bucket
             is refused for.
    """

    def engine(work: BucketJob, buckets: Sequence[Bucket], told: Told) -> list[BucketResult]:
        parcel = packed(work, buckets)
        session = open_session or spark_session(master)
        try:
            found = _run(session, parcel, told)
        finally:
            if open_session is None:
                session.stop()
        return [found[number] for number in range(len(buckets))]

    return engine


def packed(work: BucketJob, buckets: Sequence[Bucket]) -> Parcel:
    """The work as it can be sent."""
    options = work.options
    outside = [path for path in work.areas.library.folders if path != SHIPPED]
    texts = tuple(
        {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.glob("**/*.yaml"))}
        for root in outside
    )
    given = table_file(options.opening) if options.opening else None
    opening = (given.path.name, given.path.read_bytes(), given.place) if given else None
    plain = dataclasses.replace(options, folders=(), opening=None, report=None)
    places = work.folder.text, work.output.text
    return Parcel(*places, plain, texts, opening, work.wishes, tuple(buckets))


def unpacked(parcel: Parcel, scratch: Path) -> BucketJob:
    """The work on a worker, its rulebooks written below `scratch`.

    Refuses: value_invalid where the worker's gongji is not the one that sent it.
    """
    folders = []
    for number, texts in enumerate(parcel.folders):
        for name, content in texts.items():
            path = scratch / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        folders.append(scratch / str(number))
    opening = None
    if parcel.opening:
        name, content, place = parcel.opening
        (scratch / name).write_bytes(content)
        opening = TableFile(scratch / name, place)
    options = dataclasses.replace(parcel.options, folders=tuple(folders), opening=opening)
    areas = Areas(Library(options.folders), everywhere=options.settings)
    wishes = wishes_of(areas.library, options)
    if wishes != parcel.wishes:
        values = {"value": f"gongji {gongji.__version__}", "allowed": "与提交任务的机器相同的版本"}
        raise Refusal("value_invalid", "执行节点上的 gongji", values)
    places = Address.of(parcel.folder), Address.of(parcel.output)
    return BucketJob(*places, options, areas, wishes)


def spark_session(master: str) -> "SparkSession":
    """A session of a master.

    Refuses: value_invalid where Java is missing.
    """
    from pyspark.sql import SparkSession

    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise Refusal("value_invalid", "--engine", {"value": "spark", "allowed": "先安装 " + JAVA})
    # PySpark looks at pandas wherever Arrow is used; no frame of pandas is made here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("gongji")
    builder = builder.config("spark.ui.enabled", "false").config(
        "spark.ui.showConsoleProgress", False
    )
    if master.startswith("local"):
        # Workers of this machine import the gongji that this process imported.
        home = str(Path(gongji.__file__).parents[1])
        path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH", ""))))
        builder = builder.config("spark.executorEnv.PYTHONPATH", path)
        os.environ["PYTHONPATH"] = path
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _run(session: "SparkSession", parcel: Parcel, told: Told) -> dict[int, BucketResult]:
    """All results by the bucket's number; Ctrl-C stops the workers too."""
    count = len(parcel.buckets)
    numbers = session.range(0, count, 1, numPartitions=count)
    rows = numbers.mapInArrow(_task(parcel), RESULT)
    rounds = sum(bucket.rows for bucket in parcel.buckets) / max(1, count)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rows.collect)
        try:
            done = 0
            while not waiting.done():
                finished = _finished(session)
                told(round(rounds * max(0, finished - done)))
                done = max(done, finished)
                time.sleep(ASKED_EVERY_SECONDS)
        except BaseException:
            session.sparkContext.cancelAllJobs()
            raise
        found = waiting.result()
    for row in found:
        if row.refusal:
            code, field, values = msgspec.json.decode(row.refusal)
            raise Refusal(code, field, values)
    return {row.number: msgspec.json.decode(row.result, type=BucketResult) for row in found}


def _finished(session: "SparkSession") -> int:
    """How many tasks of the running stages are done."""
    tracker = session.sparkContext.statusTracker()
    stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
    return sum(stage.numCompletedTasks for stage in stages if stage is not None)


def _task(parcel: Parcel) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """What a worker does with the numbers that it gets."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                result, refusal = _settle(parcel, parcel.buckets[number])
                names = ["number", "result", "refusal"]
                columns = [pa.array([number]), pa.array([result]), pa.array([refusal])]
                yield pa.RecordBatch.from_arrays(columns, names)

    return task


_works: dict[str, BucketJob] = {}
"""What a worker has unpacked, by its wishes: the next tasks are mostly of the same."""


def _scratch() -> str:
    """The folder of a worker that Spark itself removes when the application ends."""
    from pyspark import SparkFiles

    return str(SparkFiles.getRootDirectory())


def _settle(parcel: Parcel, bucket: Bucket) -> tuple[str, str]:
    """A bucket's result, or why there is none."""
    try:
        if parcel.wishes not in _works:
            scratch = Path(tempfile.mkdtemp(prefix="gongji-spark-", dir=_scratch()))
            _works[parcel.wishes] = unpacked(parcel, scratch)
        places = Address.of(parcel.folder), Address.of(parcel.output)
        work = dataclasses.replace(_works[parcel.wishes], folder=places[0], output=places[1])
        result = work.settle(bucket)
    except Refusal as refusal:
        told = (refusal.code, refusal.field, refusal.values)
        return "", msgspec.json.encode(told).decode()
    return msgspec.json.encode(result).decode(), ""
