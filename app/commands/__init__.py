"""What each `mypage` command does; app/cli.py names them."""
