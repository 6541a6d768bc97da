"""gongji (共济): outpatient mutual aid rules as data, settled to the fen and explained by article."""

__version__ = "0.1.0"
