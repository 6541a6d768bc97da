"""The arithmetic of the law in plain integers: pour (a visit), accrue (a credit), clear (a year).

Every function here is scalar integer code that runs as it stands in Python and, compiled by
`gongji.batch.numba_rows`, in Numba. The kernel knows no rulebook, no names, no clock and no
default.
"""
