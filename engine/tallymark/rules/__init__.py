"""Rules over metrics: from what is known of each period to states, and from changes of state to what is told.

`states` is what the others meet in. Nothing here asks a question or knows a database of metrics; `engine` does.
"""
