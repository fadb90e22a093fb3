"""Tables from files and memory: how they are opened, typed, inspected and made queryable in the embedded database."""
