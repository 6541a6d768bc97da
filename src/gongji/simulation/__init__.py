"""What a rule costs before it is signed: populations, two laws on the same visits, tables, reports.

A population is the area's own year or one made up and raked to published margins. It is settled
under each law by the same compiled kernel as files are; nothing here computes a benefit.
"""
