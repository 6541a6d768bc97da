"""Files of rows brought in whole or not at all, and written out again; dated rows compared by sets.

Which kinds of files there are, each room above says for itself.
"""
