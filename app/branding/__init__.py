"""The brand: how the operator, its service and its products are called and look, read from a folder when the program is loaded.

`MYPAGE_BRAND` names the folder; app/brand/ is the one that comes with the program. `BRAND` is read once, whole or not at all,
and never changes: the kinds of changes, the menu and the matrix are declared with its words in them. A folder that is not
fit raises BrandError, with file, line and what to do, before a command does anything.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.branding.reading import read
from app.branding.shape import Brand, BrandError, Partner, Window

__all__ = ["BRAND", "SHIPPED", "Brand", "BrandError", "Partner", "Window", "folder"]

SHIPPED = Path(__file__).parents[1] / "brand"
"""The manual's."""


def folder() -> Path:
    """The brand's folder, as the environment names it."""
    return Path(os.environ.get("MYPAGE_BRAND") or SHIPPED)


BRAND: Brand = read(folder())
