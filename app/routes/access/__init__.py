"""Login, the step that asks again, and login histories (manual 3)."""
