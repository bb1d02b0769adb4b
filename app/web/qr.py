"""QR codes as inline SVG: a picture from another place would be a request, and a data: address the policy forbids."""

from __future__ import annotations

from markupsafe import Markup


def qr_code(text: str) -> Markup:
    """The code of the text, black on white in any scheme, with the quiet margin that cameras need."""
    import segno

    made = segno.make(text, micro=False, error="m")
    drawn = made.svg_inline(border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True)
    return Markup(drawn)  # noqa: S704 - the library's own picture
