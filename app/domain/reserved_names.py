"""Names that no member may have, as a mail address's local part, a web space or an account ID: whoever had one would speak
for the operator, get mail that is meant for whoever runs the domain, or a certificate for it.

A name stays with who has it: only new ones are judged, by the form and again when they are carried out. The operator's
file of contracts is not judged: its names were given before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.branding import BRAND
from app.domain import installation
from app.domain.fields import Wrong


def _names(*lists: str) -> frozenset[str]:
    return frozenset(name for listed in lists for name in re.findall(r"[a-z0-9]+", listed))


ROLES = _names(
    "info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp",
    "listrequest owner request subscribe unsubscribe",
)
"""RFC 2142: what everybody expects to reach at a domain."""
VALIDATION = _names(
    "admin administrator webmaster hostmaster postmaster",
    "ssladmin ssladministrator sslwebmaster sysadmin pki cert certmaster certadmin acme acmechallenge",
)
"""Where certification authorities ask whether somebody may have a certificate for the domain, today and formerly."""
AUTOMATIC = _names(
    "autoconfig autodiscover wpad isatap mtasts openpgpkey wellknown localhost localdomain broadcasthost",
    "dmarc dmarcreports dkim domainkey domainkeys bimi spf tlsrpt tlsreports smtptls",
)
"""Names that programs look up by themselves, or send their reports to."""
SYSTEM = _names(
    "mailerdaemon mdaemon daemon root toor nobody system sysop sysadm superuser supervisor operator wheel",
    "noreply donotreply nreply bounce bounces returnpath devnull null undisclosedrecipients",
    "listserv majordomo mailman sympa lists virus spam ham phishing quarantine fraud",
    "wwwdata apache httpd nginx postfix dovecot dovenull vmail postgres postgresql mysql sshd systemd cron git",
    "guest anonymous default none undefined test example invalid",
)
"""What mail systems and operating systems write as, deliver to, or take for nobody."""
PORTAL = _names(
    "mypage login logout signin signup register account accounts password billing bill invoice payment payments",
    "contact privacy legal help helpdesk desk service services customer customers customerservice member members",
    "staff office official operations privacypolicy compliance press recruit",
)
"""Who speaks for the operator to a member."""
WEB = _names(
    "cgibin icons error errors static assets css js img images api status serverstatus serverinfo",
    "robotstxt faviconico indexhtml indexhtm indexphp sitemapxml adstxt appadstxt humanstxt securitytxt",
    "crossdomainxml webdav phpmyadmin",
)
"""Paths that a web server has for itself."""
MACHINES = _names(
    "www web ftp sftp smtp smtps submission mail email webmail imap imaps pop mx ns dns ntp ldap sip xmpp vpn",
    "proxy gateway gw router relay mta lb cdn host server",
)
"""Names of machines; with a number behind it is one, too (ns1, mx02, pop3)."""
_MACHINE = re.compile(rf"(?:{'|'.join(sorted(MACHINES))})[0-9]{{0,3}}")
_EXACT = ROLES | VALIDATION | AUTOMATIC | SYSTEM | PORTAL | WEB | BRAND.reserved_names


def plain(name: str) -> str:
    """The name without its signs and in small letters: post.master and No_Reply are postmaster and noreply."""
    return re.sub("[^a-z0-9]", "", name.lower())


def of_operator(hosts: Iterable[str], more: Iterable[str]) -> frozenset[str]:
    """What is this operator's own: the first labels of the host names (mypage of mypage.example.jp), and `more`."""
    first_labels = (host.partition(".")[0] for host in hosts if not _ADDRESS.fullmatch(host))
    return frozenset(filter(None, map(plain, (*first_labels, *more))))


_ADDRESS = re.compile(r"[0-9.]+|\[.*\]")
"""An IP address, as the demo is called by: its first part is no name."""


def reason(name: str) -> str | None:
    """Why nobody may have the name; None: it may be had. A number behind it makes another name of all but a machine's."""
    sought = plain(name)
    writes_as = plain(installation.sender().address.rpartition("@")[0])
    if sought in _EXACT or _MACHINE.fullmatch(sought) or sought == writes_as:
        return reserved(name)
    return reserved(name) if sought in installation.reserved_names() else None


def must_not_be(name: str) -> None:
    """Raises Wrong, with the reason, for a name that is reserved."""
    if why := reason(name):
        raise Wrong(why)


def reserved(name: str) -> str:
    """The reason, in words."""
    return f"「{name}」は、システムで使うため登録できません。別の文字列を入力してください。"
