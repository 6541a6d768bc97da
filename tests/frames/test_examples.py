"""Every example in a docstring of what Python calls does what it says."""

import doctest
import importlib
import pkgutil

import pytest

import gongji.frames

MODULES = [one.name for one in pkgutil.iter_modules(gongji.frames.__path__, "gongji.frames.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_docstrings_run(name: str) -> None:
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    found = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert not found.failed
