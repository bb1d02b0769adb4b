"""PostgreSQL: how this application reaches it, and how it runs one of its own."""
