"""`python -m app` is `mypage`."""

import sys

from app.cli import main

sys.exit(main())
