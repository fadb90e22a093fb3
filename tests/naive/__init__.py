"""The second, naive evaluator: the meaning of the language, computed cell by cell in plain Python."""
