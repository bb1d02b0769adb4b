"""What is kept how long, and what erasing a contract leaves (spec 19)."""
