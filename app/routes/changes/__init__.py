"""Confirm and complete pages, and お手続き履歴 (spec 2)."""
