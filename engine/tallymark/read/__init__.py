"""YAML files to definitions: every fault collected, every place kept.

One file a step:

    files.py        which files there are, and their bytes
    validate.py     the JSON Schema's verdict, in our own words
    values.py       texts, units, names, formulas out of a marked tree
    parameters.py   parameters and their values
    entries.py      datasets and metrics
    funnels.py      funnels, and the metrics they stand for
    trials.py       tests of metrics
    options.py      which plugins a project takes; where options are written
    settings.py     `tally.yaml`: the project and its sources
    gather.py       all files, the project's and its packs', as one
"""

from tallymark.read.gather import read_project, read_tests, read_texts
from tallymark.read.options import read_plugins
from tallymark.read.values import written_formula

__all__ = ["read_plugins", "read_project", "read_tests", "read_texts", "written_formula"]
