"""Under another brand nobody reads a word of the shipped one: no page of any role, no mail, PDF or CSV."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.branding import SHIPPED
from app.domain.catalogue import file
from tests.branding import crawl
from tests.test_words import APP, sentences

OTHER = Path(__file__).parent / "other"


@pytest.mark.slow
@pytest.mark.own_database
def test_no_page_mail_pdf_or_csv_of_another_brand_has_a_word_of_the_shipped_one(
    server: dict[str, Any], empty_database: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.branding.crawl", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "MYPAGE_BRAND": str(OTHER),
            "MYPAGE_CONNECTION": json.dumps({**server, "database": empty_database}),
        },
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["words"], "\n".join(found["words"])
    assert not found["wrong"], "\n".join(found["wrong"])
    assert found["service"] == "みどりポータル"
    assert {"text/html", "text/csv", "application/pdf", "application/json"} <= set(found["kinds"])
    assert found["seen"] > 60
    assert found["mails"] > 50


@pytest.mark.slow
def test_the_program_says_no_word_of_the_shipped_brand() -> None:
    """What a crawl does not come by (a branch of a mail, a reason that is seldom given) has none either."""
    code = re.compile('ucom_address|kind-ucom|labels.ucom|"ucom"')
    said = [(name, text) for name, text in sentences() if crawl.WORDS.search(code.sub("", text))]
    assert said == []
    assert not [
        path
        for path in (APP / "domain" / "changes" / "agreed").iterdir()
        if crawl.WORDS.search(path.read_text())
    ]
    assert not crawl.WORDS.search(msgspec.json.encode(file.shipped()).decode())


def test_the_words_that_are_looked_for_are_those_of_the_shipped_brand() -> None:
    shipped = (SHIPPED / "brand.toml").read_text()
    said = re.findall(
        r'^(?:service|tagline|short|prefix|center|name|[a-z-]+(?:call-050|denwa)) = "(.+)"', shipped, re.M
    )
    assert len(said) == 9
    assert [word for word in said if not crawl.WORDS.search(word)] == []
