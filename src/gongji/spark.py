"""`gongji.spark.adjudicate(frame)`: a Spark DataFrame of visits settled into another.

The frame is cut once into partitions of whole persons; each is settled as a table in memory. For
more than a few million visits write buckets first (`gongji buckets`) and let
`gongji adjudicate DIR --engine spark` distribute their names: nothing is shuffled then.
"""

from gongji.batch.spark_frames import adjudicate

__all__ = ["adjudicate"]
