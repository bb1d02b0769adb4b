"""Options that are bought: セキュリティオプション, リモートサポート (manual 14-18)."""
