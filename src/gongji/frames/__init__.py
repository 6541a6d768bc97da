"""What Python calls: the commands as functions on frames, whose names `gongji` gives.

This room translates: frames of every kind to Arrow tables and back, values of Python to the texts
that the law reads, results to objects that show themselves in a notebook. It holds no law.
"""
