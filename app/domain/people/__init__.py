"""The contractor and the account IDs of a contract (manual 7-9, 20, 21)."""
