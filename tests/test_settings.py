"""The environment: complete and strong, or refused with every reason at once; the demo's keys stay its own."""

from __future__ import annotations

import os
import stat
import string
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import settings
from app.domain.installation import MailServer, Sender, Upload
from app.settings import SettingsError

KEY = "0123456789abcdefghijklmnopqrstuv"
"""As short as a key may be: 32 characters."""
OTHER = KEY[::-1]
COMPLETE = {
    "MYPAGE_SECRET_KEYS": KEY,
    "MYPAGE_PEPPERS": f"1:{KEY}",
    "MYPAGE_DATA_KEYS": KEY,
    "MYPAGE_HOSTS": "mypage.example.jp",
    "MYPAGE_BASE_URL": "https://mypage.example.jp",
    "MYPAGE_OPERATOR": "試験通信株式会社",
    "MYPAGE_CONTACT_PHONE": "0120-000-0000",
    "MYPAGE_CONTACT_HOURS": "9時～17時",
    "MYPAGE_INVOICE_NUMBER": "T9000000000000",
    "MYPAGE_OPERATOR_ADDRESS": "東京都千代田区試験1-2-3",
    "MYPAGE_BILLED_ELSEWHERE": "回線と通話の料金は、別の請求書でご請求します。",
    "MYPAGE_REMOTE_SUPPORT_PHONE": "0120-000-1111",
    "MYPAGE_REMOTE_SUPPORT_HOURS": "9時～17時",
    "MYPAGE_INSTALLERS": (
        "security-360=https://download.example.jp/360, security-online=https://download.example.jp/online, "
        "kids-filter=https://kids.example.jp:8443/"
    ),
    "MYPAGE_FAULT_PHONE": "0120-000-0001",
    "MYPAGE_FAULT_HOURS": "24時間",
    "MYPAGE_CINEMA_URL": "https://cinema.example.jp/",
    "MYPAGE_CLUB_URL": "https://club.example.jp/",
    "MYPAGE_MAIL_FROM": "mypage@example.jp",
    "MYPAGE_SMTP_HOST": "smtp.example.jp",
    "MYPAGE_SMTP_USER": "mypage",
    "MYPAGE_SMTP_PASSWORD": "secret-of-smtp",
    "MYPAGE_MAIL_DOMAIN": "mail.example.jp",
    "MYPAGE_IMAP_HOST": "imap.example.jp",
    "MYPAGE_SUBMISSION_HOST": "smtp.example.jp",
    "MYPAGE_WEB_HOST": "home.example.jp",
    "MYPAGE_STRIPE_SECRET_KEY": "rk_test_0123456789abcdef",
    "MYPAGE_TRUSTED_PROXIES": "none",
}


def reasons(environment: dict[str, str]) -> list[str]:
    """The lines that name what is wrong; none if nothing is."""
    try:
        settings.production(environment)
    except SettingsError as error:
        headline, *lines = str(error).splitlines()
        assert "mend" in headline
        return [line.strip() for line in lines]
    return []


BY_CATALOGUE = ("MYPAGE_REMOTE_SUPPORT_PHONE", "MYPAGE_REMOTE_SUPPORT_HOURS", "MYPAGE_INSTALLERS")
"""Needed where the catalogue needs them: tests/commands/test_serve.py."""
NEEDED = [name for name in COMPLETE if name not in (*BY_CATALOGUE, "MYPAGE_HOSTS")]


def named(environment: dict[str, str]) -> list[str]:
    """The variables that are named as wrong, each once."""
    return [line.split()[0] for line in reasons(environment)]


def test_a_complete_environment_is_taken_as_it_is() -> None:
    taken = settings.production(COMPLETE)
    assert taken.secret_keys == (KEY.encode(),)
    assert taken.peppers == {1: KEY.encode()}
    assert taken.hosts == {"mypage.example.jp"}
    assert taken.contact == settings.Contact("試験通信株式会社", "0120-000-0000", "9時～17時")
    assert (taken.https, taken.demo) == (True, False)
    assert (taken.trusted_proxies, taken.pool_size) == ((), 10)


def test_all_that_is_missing_is_named_at_once_with_what_to_do() -> None:
    assert named({}) == NEEDED
    for line in reasons({}):
        assert settings.VARIABLES[line.split()[0]] in line
        assert "for example" in line


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("nothing", [None, "", "  ", "\n"])
def test_one_that_is_missing_or_blank_is_named_alone(name: str, nothing: str | None) -> None:
    environment = {other: value for other, value in COMPLETE.items() if other != name}
    assert named(environment if nothing is None else {**environment, name: nothing}) == [name]


@pytest.mark.parametrize("name", ["MYPAGE_SECRET_KEYS", "MYPAGE_PEPPERS", "MYPAGE_TRUSTED_PROXIES"])
@pytest.mark.parametrize("nothing", [",", " , ,"])
def test_a_list_of_commas_is_missing_too(name: str, nothing: str) -> None:
    assert named({**COMPLETE, name: nothing}) == [name]


def test_weak_and_missing_ones_are_named_together_and_the_secrets_are_not_repeated() -> None:
    environment = {
        "MYPAGE_SECRET_KEYS": "short-secret",
        "MYPAGE_PEPPERS": "1:short-pepper",
        "MYPAGE_POOL_SIZE": "many",
    }
    assert named(environment) == [*NEEDED, "MYPAGE_POOL_SIZE"]
    said = "".join(reasons(environment))
    assert "short-secret" not in said
    assert "short-pepper" not in said


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("https://mypage.example.jp", "https://mypage.example.jp"),
        ("https://MyPage.example.jp/", "https://mypage.example.jp"),
        ("https://mypage.example.jp:8443", "https://mypage.example.jp:8443"),
        ("http://mypage.example.jp", None),
        ("https://mypage.example.jp/portal", None),
        ("https://mypage.example.jp?x=1", None),
        ("https://evil.example", None),
        ("https://mypage.example.jp@evil.example", None),
        ("https://evil.example/https://mypage.example.jp", None),
        ("mypage.example.jp", None),
        ("https://", None),
        ("https://mypage.example.jp:99999", None),
        ("https://mypage.example.jp:0", None),
        ("https://mypage.example.jp/?", None),
        ("https://mypage.example.jp\n", "https://mypage.example.jp"),
        ("https://mypage.example.jp\nx", None),
    ],
)
def test_links_in_mails_begin_with_an_https_host_that_is_ours(address: str, read: str | None) -> None:
    given = {**COMPLETE, "MYPAGE_BASE_URL": address}
    if read is None:
        assert named(given) == ["MYPAGE_BASE_URL"]
    else:
        chosen = settings.production(given)
        assert (chosen.base_url, settings.installation_of(chosen).base_url) == (read, read)


WITHOUT_HOSTS = {name: value for name, value in COMPLETE.items() if name != "MYPAGE_HOSTS"}


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://My-Page.example.jp:8443", "my-page.example.jp"),
        ("https://127.0.0.1", "127.0.0.1"),
        ("https://[2001:db8::1]", "[2001:db8::1]"),
    ],
)
@pytest.mark.parametrize("nothing", [{}, {"MYPAGE_HOSTS": ""}, {"MYPAGE_HOSTS": " , "}])
def test_the_portal_answers_to_the_host_of_its_address_unless_told_otherwise(
    address: str, host: str, nothing: dict[str, str]
) -> None:
    given = {**WITHOUT_HOSTS, **nothing, "MYPAGE_BASE_URL": address}
    assert settings.production(given).hosts == {host}
    assert named({**given, "MYPAGE_WEB_HOST": host}) == ["MYPAGE_WEB_HOST"]


@pytest.mark.parametrize(
    "address", ["https://..", "https://my-.example.jp", "https://a..jp", "https://[::z]", "https://例示.jp"]
)
def test_an_address_without_a_host_is_named_alone(address: str) -> None:
    assert named({**WITHOUT_HOSTS, "MYPAGE_BASE_URL": address}) == ["MYPAGE_BASE_URL"]


@pytest.mark.parametrize(
    "junk",
    [
        "https://mypage.example.jp",
        "mypage.example.jp:8443",
        "*",
        "*.example.jp",
        "mypage.example.jp/",
        "[::z]",
    ],
)
def test_what_is_no_host_name_is_refused_instead_of_shutting_everybody_out(junk: str) -> None:
    [line] = reasons({**COMPLETE, "MYPAGE_HOSTS": f"mypage.example.jp,{junk}"})
    assert line.startswith(f"MYPAGE_HOSTS holds {junk!r}")


@pytest.mark.parametrize("host", ["mypage.example.jp", "MyPage.Example.jp"])
def test_home_pages_of_members_have_a_name_that_is_not_the_portals(host: str) -> None:
    assert named({**COMPLETE, "MYPAGE_WEB_HOST": host}) == ["MYPAGE_WEB_HOST"]


def test_mail_programs_use_the_usual_ports_unless_told_otherwise() -> None:
    taken = settings.production(COMPLETE).mail_system
    assert taken.imap == MailServer("imap.example.jp", 993, "tls")
    assert taken.submission == MailServer("smtp.example.jp", 587, "starttls")
    other = {
        "MYPAGE_IMAP_PORT": "143",
        "MYPAGE_IMAP_SECURITY": "starttls",
        "MYPAGE_SUBMISSION_PORT": "465",
        "MYPAGE_SUBMISSION_SECURITY": "tls",
    }
    taken = settings.production({**COMPLETE, **other}).mail_system
    assert taken.imap == MailServer("imap.example.jp", 143, "starttls")
    assert taken.submission == MailServer("smtp.example.jp", 465, "tls")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYPAGE_IMAP_PORT", "0"),
        ("MYPAGE_IMAP_PORT", "65536"),
        ("MYPAGE_IMAP_SECURITY", "none"),
        ("MYPAGE_SUBMISSION_PORT", "smtp"),
        ("MYPAGE_SUBMISSION_SECURITY", "ssl"),
        ("MYPAGE_WEB_UPLOAD", "ftp://files.example.jp"),
        ("MYPAGE_WEB_UPLOAD", "files.example.jp"),
        ("MYPAGE_WEB_UPLOAD", "sftp://files.example.jp:0"),
        ("MYPAGE_WEB_UPLOAD", "sftp://files.example.jp:65536"),
        ("MYPAGE_WEB_UPLOAD", "sftp://user@files.example.jp"),
        ("MYPAGE_WEB_UPLOAD", "sftp://files.example.jp/home"),
        ("MYPAGE_WEB_MEGABYTES", "0"),
        ("MYPAGE_WEB_MEGABYTES", "100000"),
        ("MYPAGE_WEB_MEGABYTES", "1GB"),
    ],
)
def test_what_no_mail_program_and_no_upload_can_use_is_named(name: str, value: str) -> None:
    assert named({**COMPLETE, name: value}) == [name]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", None),
        (" ", None),
        ("sftp://files.example.jp", Upload("sftp", "files.example.jp", 22)),
        ("sftp://files.example.jp:2222/", Upload("sftp", "files.example.jp", 2222)),
        ("ftps://files.example.jp", Upload("ftps", "files.example.jp", 21)),
        ("ftps://files.example.jp:65535", Upload("ftps", "files.example.jp", 65535)),
    ],
)
def test_where_files_are_put_is_an_address_or_left_out(value: str, read: Upload | None) -> None:
    assert settings.production({**COMPLETE, "MYPAGE_WEB_UPLOAD": value}).mail_system.upload == read


@pytest.mark.parametrize(("value", "read"), [("", None), ("1", 1), ("99999", 99_999)])
def test_the_capacity_of_a_web_space_is_a_number_of_megabytes_or_left_out(
    value: str, read: int | None
) -> None:
    assert settings.production({**COMPLETE, "MYPAGE_WEB_MEGABYTES": value}).mail_system.web_megabytes == read


def test_nobody_registers_the_name_of_the_computer_that_takes_files() -> None:
    chosen = settings.production({**COMPLETE, "MYPAGE_WEB_UPLOAD": "sftp://oisoreupload.example.jp"})
    assert "oisoreupload" in (settings.installation_of(chosen).reserved_names or ())


@pytest.mark.parametrize(
    ("contact", "right"),
    [
        ("mailto:security@example.jp", True),
        ("https://example.jp/security", True),
        ("tel:+81-120-000-000", True),
        ("security@example.jp", False),
        ("http://example.jp/", False),
        ("mailto:a@example.jp\nContact: https://evil.example", False),
    ],
)
def test_a_weakness_is_reported_to_a_uri(contact: str, right: bool) -> None:
    assert named({**COMPLETE, "MYPAGE_SECURITY_CONTACT": contact}) == (
        [] if right else ["MYPAGE_SECURITY_CONTACT"]
    )


INTERNAL = {"MYPAGE_INTERNAL_PORT": "8010", "MYPAGE_INTERNAL_SECRET": "a-secret-of-the-settings-tests-xy"}


def test_the_internal_listener_is_there_with_its_port_and_secret_alone() -> None:
    assert settings.production(COMPLETE).internal is None
    internal = settings.production({**COMPLETE, **INTERNAL}).internal
    assert internal == settings.Internal("127.0.0.1", 8010, INTERNAL["MYPAGE_INTERNAL_SECRET"])
    assert INTERNAL["MYPAGE_INTERNAL_SECRET"] not in repr(internal)
    elsewhere = settings.production({**COMPLETE, **INTERNAL, "MYPAGE_INTERNAL_HOST": "10.0.0.7"}).internal
    assert elsewhere
    assert elsewhere.host == "10.0.0.7"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("MYPAGE_INTERNAL_PORT", value) for value in ("", "0", "65536", "http", "８０１０")),
        *(("MYPAGE_INTERNAL_SECRET", value) for value in ("", "short", "a" * 40)),
        ("MYPAGE_INTERNAL_SECRET", "a secret with blanks that is long enough"),
        ("MYPAGE_INTERNAL_HOST", "portal.example.jp"),
    ],
)
def test_an_unfit_part_of_the_internal_listener_is_named(name: str, value: str) -> None:
    assert named({**COMPLETE, **INTERNAL, name: value}) == [name]
    if name == "MYPAGE_INTERNAL_SECRET" and value:
        assert value not in "".join(reasons({**COMPLETE, **INTERNAL, name: value}))


def test_metrics_are_told_on_this_machine_alone_unless_told_otherwise_and_without_a_port_not_at_all() -> None:
    port = {**COMPLETE, "MYPAGE_METRICS_PORT": "9464"}
    assert settings.production(COMPLETE).metrics is None
    assert settings.production(port).metrics == settings.Metrics("127.0.0.1", 9464)
    elsewhere = {**port, "MYPAGE_METRICS_HOST": "fd00::7"}
    assert settings.production(elsewhere).metrics == settings.Metrics("fd00::7", 9464)
    for value in ("0", "65536", "http", " 9464", "９４６４"):
        assert named({**port, "MYPAGE_METRICS_PORT": value}) == ["MYPAGE_METRICS_PORT"]
    for value in ("metrics.example.jp", "127.0.0.1:9464", "*"):
        assert named({**port, "MYPAGE_METRICS_HOST": value}) == ["MYPAGE_METRICS_HOST"]


@pytest.mark.parametrize("name", ["MYPAGE_CINEMA_URL", "MYPAGE_CLUB_URL"])
@pytest.mark.parametrize(
    "wrong", ["http://cinema.example.jp/", "javascript:alert(1)", "https://", "https://a b/"]
)
def test_members_are_led_to_https_addresses_only(name: str, wrong: str) -> None:
    assert named({**COMPLETE, name: wrong}) == [name]


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("T7000012050002", True),
        ("T8000012050002", False),
        ("T7000012050003", False),
        ("7000012050002", False),
        ("T70000120500021", False),
        ("t7000012050002", False),
        ("T７000012050002", False),
    ],
)
def test_the_invoice_number_has_its_check_digit(number: str, right: bool) -> None:
    assert named({**COMPLETE, "MYPAGE_INVOICE_NUMBER": number}) == (
        [] if right else ["MYPAGE_INVOICE_NUMBER"]
    )


def test_a_command_that_writes_mails_needs_to_know_who_writes(tmp_path: Path) -> None:
    found = settings.writer({**COMPLETE, "MYPAGE_DATA_DIR": str(tmp_path)})
    assert found == Sender("試験通信株式会社", "mypage@example.jp", "0120-000-0000", "9時～17時")
    with pytest.raises(SettingsError, match="MYPAGE_OPERATOR"):
        settings.writer({"MYPAGE_DATA_DIR": str(tmp_path)})
    of_the_demo = settings.installation_of(settings.demo(tmp_path)).sender
    assert settings.writer({"MYPAGE_DATA_DIR": str(tmp_path)}) == of_the_demo


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "strong"),
    [
        (KEY, True),
        (KEY[:31], False),
        ("abcdefgh" * 4, True),
        ("abcdefg" * 5, False),
        ("x" * 200, False),
    ],
)
def test_a_key_has_32_characters_and_8_different_ones(key: str, strong: bool) -> None:
    assert named({**COMPLETE, "MYPAGE_SECRET_KEYS": key}) == ([] if strong else ["MYPAGE_SECRET_KEYS"])
    assert named({**COMPLETE, "MYPAGE_PEPPERS": f"1:{key}"}) == ([] if strong else ["MYPAGE_PEPPERS"])


def test_secret_keys_keep_their_order_newest_first_and_each_must_be_strong() -> None:
    keys = settings.production({**COMPLETE, "MYPAGE_SECRET_KEYS": f" {OTHER} ,{KEY},"}).secret_keys
    assert keys == (OTHER.encode(), KEY.encode())
    assert named({**COMPLETE, "MYPAGE_SECRET_KEYS": f"{KEY},old"}) == ["MYPAGE_SECRET_KEYS"]


def test_peppers_are_versions_with_keys() -> None:
    taken = settings.production({**COMPLETE, "MYPAGE_PEPPERS": f"2:{OTHER}, 1:{KEY}, 30:{KEY}:more"}).peppers
    assert taken == {2: OTHER.encode(), 1: KEY.encode(), 30: f"{KEY}:more".encode()}


@pytest.mark.parametrize(
    "peppers",
    [
        KEY,
        f":{KEY}",
        f"one:{KEY}",
        f"-1:{KEY}",
        f"1.0:{KEY}",
        f"１:{KEY}",
        f"²:{KEY}",
        "1:",
        f"1:{KEY},1:{OTHER}",
        f"1:{KEY},01:{OTHER}",
        f"1:{KEY},2",
        f"{'9' * 5000}:{KEY}",
    ],
)
def test_peppers_that_are_not_versions_with_keys_are_named(peppers: str) -> None:
    assert named({**COMPLETE, "MYPAGE_PEPPERS": peppers}) == ["MYPAGE_PEPPERS"]


@given(
    st.dictionaries(
        st.integers(0, 999_999_999),
        st.text(string.ascii_letters + string.digits + ":-_", min_size=32, max_size=64),
    )
)
def test_peppers_of_any_versions_are_read_back(peppers: dict[int, str]) -> None:
    strong = {version: key for version, key in peppers.items() if len(set(key)) >= 8}
    written = ",".join(f"{version}:{key}" for version, key in strong.items())
    if strong:
        taken = settings.production({**COMPLETE, "MYPAGE_PEPPERS": written}).peppers
        assert taken == {version: key.encode() for version, key in strong.items()}


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(settings.VARIABLES, st.text(max_size=60))))
def test_whatever_the_environment_holds_is_taken_or_refused_in_words(environment: dict[str, str]) -> None:
    assert set(named(environment)) <= set(settings.VARIABLES)


# --- the rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "right"), [("1", True), ("200", True), ("0", False), ("201", False), ("", True)]
)
def test_a_pool_has_1_to_200_connections(size: str, right: bool) -> None:
    environment = {**COMPLETE, "MYPAGE_POOL_SIZE": size}
    assert named(environment) == ([] if right else ["MYPAGE_POOL_SIZE"])
    if right:
        assert settings.production(environment).pool_size == int(size or "10")


@pytest.mark.parametrize("size", ["ten", "-1", "1.5", "１０", "²", "1 0", "9" * 5000])
def test_a_pool_size_that_is_no_number_is_named(size: str) -> None:
    assert named({**COMPLETE, "MYPAGE_POOL_SIZE": size}) == ["MYPAGE_POOL_SIZE"]


def test_the_day_of_payment_is_one_line_and_may_be_left_out() -> None:
    assert settings.production(COMPLETE).payment_day == ""
    assert settings.production({**COMPLETE, "MYPAGE_PAYMENT_DAY": " 毎月27日 "}).payment_day == "毎月27日"
    for wrong in ("毎月\n27日", "日" * 101):
        assert reasons({**COMPLETE, "MYPAGE_PAYMENT_DAY": wrong}) == [
            "MYPAGE_PAYMENT_DAY is not fit: one line of 100 characters at most is wanted"
        ]


def test_a_second_factor_is_offered_unless_somebody_must_have_one() -> None:
    assert settings.production(COMPLETE).second_factor == "offered"
    for wanted in ("offered", "admins", "all"):
        assert settings.production({**COMPLETE, "MYPAGE_SECOND_FACTOR": wanted}).second_factor == wanted
    assert reasons({**COMPLETE, "MYPAGE_SECOND_FACTOR": "yes"}) == [
        "MYPAGE_SECOND_FACTOR is 'yes': offered, admins or all is wanted"
    ]


def test_hosts_and_proxies_are_listed_by_commas_and_hosts_in_any_case() -> None:
    listed = {
        "MYPAGE_HOSTS": " MyPage.example.jp,my.example.jp ,",
        "MYPAGE_TRUSTED_PROXIES": "10.0.0.1, ,10.1.0.0/16,2001:db8::/32",
    }
    taken = settings.production({**COMPLETE, **listed})
    assert taken.hosts == {"mypage.example.jp", "my.example.jp"}
    assert taken.trusted_proxies == tuple(map(ip_network, ("10.0.0.1/32", "10.1.0.0/16", "2001:db8::/32")))


@pytest.mark.parametrize(
    "junk", ["*", "10.0.0.1/8", "0.0.0.0/0", "::/0", "proxy.example.jp", "10.0.0.256", "１0.0.0.1", "none"]
)
def test_a_proxy_that_is_no_address_or_network_is_named_and_so_is_one_that_is_everybody(junk: str) -> None:
    proxies = {"MYPAGE_TRUSTED_PROXIES": f"10.0.0.1,{junk}"}
    (reason,) = reasons({**COMPLETE, **proxies})
    assert reason.startswith("MYPAGE_TRUSTED_PROXIES")
    assert repr(junk) in reason


def test_the_data_folder_and_the_database_have_their_presets() -> None:
    assert settings.data_dir({}) == settings.data_dir({"MYPAGE_DATA_DIR": ""}) == Path(".mypage")
    assert settings.data_dir({"MYPAGE_DATA_DIR": "/srv/mypage"}) == Path("/srv/mypage")
    assert settings.database_url({}) is settings.database_url({"DATABASE_URL": ""}) is None
    assert settings.database_url({"DATABASE_URL": "postgresql://db/mypage"}) == "postgresql://db/mypage"


# --- mail -------------------------------------------------------------------------------------------------------------


def test_mail_goes_by_starttls_on_port_587_unless_told_otherwise() -> None:
    taken = settings.production(COMPLETE).mail
    assert taken.sender == "mypage@example.jp"
    assert taken.server == settings.Smtp("smtp.example.jp", 587, "mypage", "secret-of-smtp", "starttls")
    assert "secret-of-smtp" not in repr(taken)
    other = {"MYPAGE_SMTP_SECURITY": "tls", "MYPAGE_SMTP_PORT": "465"}
    server = settings.production({**COMPLETE, **other}).mail.server
    assert server is not None
    assert (server.port, server.security) == (465, "tls")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_a_mail_server_on_the_loopback_may_do_without_tls_and_login(host: str) -> None:
    login = {"MYPAGE_SMTP_USER": "", "MYPAGE_SMTP_PASSWORD": ""}
    local = {**COMPLETE, "MYPAGE_SMTP_HOST": host, "MYPAGE_SMTP_SECURITY": "none"}
    assert named({**local, **login}) == []
    assert named({**local, "MYPAGE_SMTP_PASSWORD": ""}) == ["MYPAGE_SMTP_PASSWORD"]
    assert named({**COMPLETE, **login, "MYPAGE_SMTP_HOST": host}) == list(login)


@pytest.mark.parametrize(
    "host", ["smtp.example.jp", "192.0.2.1", "localhost.example.jp", "127.0.0.1.example.jp"]
)
def test_no_other_mail_server_may_do_without_tls(host: str) -> None:
    assert named({**COMPLETE, "MYPAGE_SMTP_HOST": host, "MYPAGE_SMTP_SECURITY": "none"}) == [
        "MYPAGE_SMTP_SECURITY"
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MYPAGE_SMTP_SECURITY", "ssl"),
        ("MYPAGE_SMTP_PORT", "smtp"),
        ("MYPAGE_SMTP_PORT", "0"),
        ("MYPAGE_SMTP_PORT", "65536"),
        ("MYPAGE_SMTP_HOST", "smtp example"),
        ("MYPAGE_SMTP_HOST", "smtp.example.jp/x"),
        ("MYPAGE_MAIL_FROM", "mypage"),
        ("MYPAGE_MAIL_FROM", "a@example.jp, b@example.jp"),
        ("MYPAGE_MAIL_FROM", "試験通信 <a@example.jp>"),
        ("MYPAGE_MAIL_FROM", "a@example.jp\nBcc: b@example.jp"),
    ],
)
def test_a_mail_setting_that_is_wrong_is_named(name: str, value: str) -> None:
    assert named({**COMPLETE, name: value}) == [name]


def test_a_command_delivers_as_the_operator_says_and_only_a_demos_own_data_as_the_demo(
    tmp_path: Path,
) -> None:
    folder = {"MYPAGE_DATA_DIR": str(tmp_path)}
    with pytest.raises(SettingsError, match="MYPAGE_SMTP_HOST"):
        settings.delivery(folder)
    demo = settings.demo(tmp_path)
    assert settings.delivery(folder) == (demo.contact.operator, demo.mail)
    assert settings.delivery({**folder, **COMPLETE}) == (
        "試験通信株式会社",
        settings.production(COMPLETE).mail,
    )
    with pytest.raises(SettingsError, match="MYPAGE_MAIL_FROM"):
        settings.delivery({**folder, "DATABASE_URL": "postgresql://db/mypage"})


# --- the demo ---------------------------------------------------------------------------------------------------------


def test_the_demos_keys_are_made_once_strong_different_and_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "not yet" / "there"
    before = os.umask(0)
    try:
        first = settings.demo(folder)
    finally:
        os.umask(before)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "secret-key": 0o600,
        "pepper": 0o600,
        "data-key": 0o600,
    }
    assert settings.demo(folder) == first
    keys = [*first.secret_keys, *first.peppers.values(), *first.data_keys]
    assert len(set(keys)) == 3
    assert not any(settings.variables.weak(key.decode()) for key in keys)
    assert settings.demo(tmp_path / "another").secret_keys != first.secret_keys


@pytest.mark.slow
def test_processes_that_start_at_once_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        for place in range(20):
            kept = set(threads.map(settings.of_demo.kept_key, [tmp_path / str(place)] * 16))
            assert len(kept) == 1
            assert len(kept.pop()) > 32
    assert len(list(tmp_path.iterdir())) == 20


def test_the_demo_is_plain_http_on_the_loopback_interface(tmp_path: Path) -> None:
    demo = settings.demo(tmp_path)
    assert (demo.https, demo.demo) == (False, True)
    assert demo.hosts == {"127.0.0.1", "localhost", "[::1]"}


def test_a_command_takes_the_operators_peppers_or_those_of_the_demo(tmp_path: Path) -> None:
    folder = {"MYPAGE_DATA_DIR": str(tmp_path)}
    made = settings.demo(tmp_path).peppers
    assert settings.peppers(folder) == made
    assert settings.peppers({**folder, "MYPAGE_PEPPERS": f"3:{KEY}"}) == {3: KEY.encode()}


def test_a_command_takes_the_operators_data_keys_or_those_of_the_demo_and_makes_none_up(
    tmp_path: Path,
) -> None:
    folder = {"MYPAGE_DATA_DIR": str(tmp_path)}
    for keys in ("", "short"):
        with pytest.raises(SettingsError, match="MYPAGE_DATA_KEYS"):
            settings.data_keys({**folder, "MYPAGE_DATA_KEYS": keys})
    assert list(tmp_path.iterdir()) == []
    made = settings.demo(tmp_path).data_keys
    assert settings.data_keys(folder) == made
    assert settings.data_keys({**folder, "MYPAGE_DATA_KEYS": f"{OTHER},{KEY}"}) == (
        OTHER.encode(),
        KEY.encode(),
    )


@pytest.mark.parametrize(
    ("installers", "said"),
    [
        ("{}, security-360=http://a.example.jp", "'security-360=http://a.example.jp'"),
        ("{}, Mail Pack=https://a.example.jp", "'Mail Pack=https://a.example.jp'"),
        ("{}, nonsense", "'nonsense'"),
    ],
)
def test_installers_are_named_by_product_and_come_over_tls(installers: str, said: str) -> None:
    given = installers.format(COMPLETE["MYPAGE_INSTALLERS"])
    (line,) = reasons({**COMPLETE, "MYPAGE_INSTALLERS": given})
    assert line.startswith("MYPAGE_INSTALLERS ")
    assert said in line


@pytest.mark.parametrize("peppers", ["", "1:short"])
@pytest.mark.parametrize("database", [{}, {"DATABASE_URL": "postgresql://db/mypage"}])
def test_a_command_never_makes_a_pepper_up(tmp_path: Path, peppers: str, database: dict[str, str]) -> None:
    environment = {**database, "MYPAGE_DATA_DIR": str(tmp_path), "MYPAGE_PEPPERS": peppers}
    with pytest.raises(SettingsError, match="MYPAGE_PEPPERS"):
        settings.peppers(environment)
    assert list(tmp_path.iterdir()) == []


def test_a_demos_pepper_is_for_its_own_data_only(tmp_path: Path) -> None:
    settings.demo(tmp_path)
    with pytest.raises(SettingsError, match="MYPAGE_PEPPERS"):
        settings.peppers({"MYPAGE_DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db/mypage"})


def test_reserved_names_are_read_and_what_is_no_name_is_named() -> None:
    given = {**COMPLETE, "MYPAGE_RESERVED_NAMES": "board, kouhou-shitsu ,"}
    assert settings.production(given).reserved_names == ("board", "kouhou-shitsu")
    assert settings.production(COMPLETE).reserved_names == ()
    with pytest.raises(SettingsError, match=r"MYPAGE_RESERVED_NAMES holds '広報', '--'"):
        settings.production({**COMPLETE, "MYPAGE_RESERVED_NAMES": "board,広報,--"})


@pytest.mark.parametrize(
    ("value", "held"), [(None, False), ("", False), ("0", False), ("1", True), (" 1 ", True)]
)
def test_mails_are_held_where_the_setting_says_so_by_servers_and_commands_alike(
    tmp_path: Path, value: str | None, held: bool
) -> None:
    environment = {**COMPLETE, "MYPAGE_DATA_DIR": str(tmp_path)}
    if value is not None:
        environment["MYPAGE_MAIL_HOLD"] = value
    chosen = settings.production(environment)
    senders = settings.installation_of(chosen).sender, settings.importing(environment).sender
    read = [chosen.mail.held, settings.delivery(environment)[1].held, settings.writer(environment).held]
    assert [*read, *(one and one.held for one in senders), settings.mail_hold(environment)] == [held] * 6


@pytest.mark.parametrize("value", ["yes", "true", "on", "2"])
def test_a_hold_that_is_misspelt_lets_nothing_go(tmp_path: Path, value: str) -> None:
    environment = {**COMPLETE, "MYPAGE_DATA_DIR": str(tmp_path), "MYPAGE_MAIL_HOLD": value}
    assert named(environment) == ["MYPAGE_MAIL_HOLD"]
    for read in (settings.delivery, settings.writer, settings.importing, settings.mail_hold):
        with pytest.raises(SettingsError, match="MYPAGE_MAIL_HOLD"):
            read(environment)
