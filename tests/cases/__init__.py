"""Cases as data: each folder is a small project with questions and the answers worked out by hand."""
