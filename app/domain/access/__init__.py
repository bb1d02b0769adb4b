"""Who is calling, what that role may do, and how a login is proved (manual 3)."""
