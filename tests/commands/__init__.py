"""The `mypage` commands, by what app/commands/ calls them."""
