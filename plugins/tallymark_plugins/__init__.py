"""The built-in plugins: found by entry point, as anyone else's, and without privilege."""
