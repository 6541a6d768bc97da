"""The closed vocabulary of detectors: each looks at columns and says which rows it means.

Their definitions in words stand in docs/inside/detectors.md; tests read them a second time, slowly.
"""
