"""The contractor and the account IDs (manual 7-9, 20, 21)."""
