"""Kana against Roman letters: the usual spellings of a name pass, another person's name does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cards.roman_names import may_be, spans

HEPBURN_TEXT = """
ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko サ sa シ shi ス su セ se ソ so タ ta チ chi ツ tsu テ te ト to
ナ na ニ ni ヌ nu ネ ne ノ no ハ ha ヒ hi フ fu ヘ he ホ ho マ ma ミ mi ム mu メ me モ mo ヤ ya ユ yu ヨ yo
ラ ra リ ri ル ru レ re ロ ro ワ wa ガ ga ギ gi グ gu ゲ ge ゴ go ザ za ジ ji ズ zu ゼ ze ゾ zo ダ da ヂ ji ヅ zu デ de ド do
バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po キャ kya キュ kyu キョ kyo シャ sha シュ shu ショ sho
チャ cha チュ chu チョ cho ニャ nya ヒョ hyo ミュ myu リョ ryo ギョ gyo ジャ ja ジュ ju ジョ jo ビョ byo ピョ pyo
"""
KUNREI_TEXT = """
シ si チ ti ツ tu フ hu ジ zi ヂ zi ヅ zu シャ sya シュ syu ショ syo チャ tya チュ tyu チョ tyo ジャ zya ジュ zyu ジョ zyo
"""


def read(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


HEPBURN = read(HEPBURN_TEXT)
KUNREI = HEPBURN | read(KUNREI_TEXT)


@st.composite
def names(draw: st.DrawFn) -> tuple[str, str]:
    """A name in kana, and one way to write it: either system, with the freedoms that people take."""
    system = draw(st.sampled_from([HEPBURN, KUNREI]))
    kana, roman = "", ""
    for _ in range(draw(st.integers(1, 5))):
        sound = draw(st.sampled_from(sorted(system)))
        written = system[sound]
        if kana and sound[0] in "カキクケコサシスセソタチツテトパピプペポ" and draw(st.booleans()):
            kana += "ッ"
            roman += draw(st.sampled_from("tc")) if written.startswith("ch") else written[0]
        kana, roman = kana + sound, roman + written
        if written[-1] in "ou" and draw(st.booleans()):
            kana += "ウ"
            roman += draw(st.sampled_from([written[-1], "u", "h", ""]))
        elif written[-1] == "e" and draw(st.booleans()):
            kana, roman = kana + "イ", roman + draw(st.sampled_from("ie"))
        elif draw(st.booleans()):
            kana, roman = kana + "ンポ", roman + draw(st.sampled_from(["npo", "mpo"]))
        elif draw(st.booleans()):
            kana, roman = kana + "ンイ", roman + draw(st.sampled_from(["n'i", "ni"]))
    return kana, roman


@given(names(), names(), st.sampled_from([" ", "", "-", "・", "  ", " . "]), st.booleans())
def test_every_usual_spelling_passes_in_either_order(
    family: tuple[str, str], given_name: tuple[str, str], between: str, family_first: bool
) -> None:
    first, second = (family, given_name) if family_first else (given_name, family)
    assert may_be(f"{first[1]}{between}{second[1]}".upper(), family[0], given_name[0])


@given(st.text("アイウオカンーッャュョヴォ・ヽA'", max_size=70), st.text("aiuokn'h ", max_size=90))
def test_whatever_the_two_are_there_is_a_quick_answer(kana: str, roman: str) -> None:
    assert may_be(roman, kana, kana) in (True, False)


@pytest.mark.parametrize(
    ("roman", "family", "given_name"),
    [
        ("AN ARUTERI", "アルテリ", "アン"),
        ("SHOHEI OHTANI", "オオタニ", "ショウヘイ"),
        ("SYOUHEI OOTANI", "オオタニ", "ショウヘイ"),
        ("Jun'ichi Honma", "ホンマ", "ジュンイチ"),
        ("JUNICHI HOMMA", "ホンマ", "ジュンイチ"),
        ("HATCHORI KEITO", "ハッチョウリ", "ケイト"),
        ("TIFANI-JEFU", "ジェフ", "ティファニー"),
        ("KAORU MIDZUTSU", "ミヅツ", "カヲル"),
        ("JIRO CHIDUKA", "チヅカ", "ヂロウ"),
        ("YUHKI NIIMI", "ニイミ", "ユウキ"),
        ("SAAYA LEE".replace("LEE", "RI"), "リ・ー", "サアヤ"),
    ],
)
def test_names_as_they_stand_on_cards(roman: str, family: str, given_name: str) -> None:
    assert may_be(roman, family, given_name)


@pytest.mark.parametrize(
    ("roman", "family", "given_name"),
    [
        ("KICHI ARUTERI", "アルテリ", "アン"),
        ("ARUTERI", "アルテリ", "アン"),
        ("AN", "アルテリ", "アン"),
        ("AN ARUTERI AN", "アルテリ", "アン"),
        ("HANAKO SATO", "サトウ", "ハナエ"),
        ("TAKESHI SATO", "サトウ", "タカシ"),
        ("", "サトウ", "タカシ"),
        ("・", "・", "ー"),
    ],
)
def test_another_persons_name_does_not_pass(roman: str, family: str, given_name: str) -> None:
    assert not may_be(roman, family, given_name)


@given(names(), st.sampled_from(["", "x", "77-", "q_"]), st.sampled_from(["", "9", "-x"]))
def test_a_spelt_name_is_found_inside_a_text(name: tuple[str, str], before: str, after: str) -> None:
    kana, roman = name[0], re.sub("[^a-z]", "", name[1].lower())
    found = list(spans(f"{before}{roman}{after}", kana))
    assert any(start == len(before) and end >= len(before + roman) for start, end in found)


def test_what_is_not_spelt_is_not_found_and_no_name_is_nowhere() -> None:
    assert not list(spans("suzuki-77", "タナカ"))
    assert list(spans("x-tarou", "タロウ")) == [(2, 7)]
    assert not list(spans("tarou", ""))
    assert not list(spans("", "タロウ"))
