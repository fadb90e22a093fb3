"""Tests of the source of kind `stripe`."""
