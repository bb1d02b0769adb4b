#!/usr/bin/python3
"""A bare WebKitGTK window for WebKitWebDriver: the size of a phone to the pixel, dark or light, with or without scripts.

    window.py [--size 360x740] [--dark] [--no-scripts]

It runs under the system's Python, which has Debian's gi; MiniBrowser's toolbar and its least width of 500 px are why it
is here. WebDriver's own scripts run where the page's do not.
"""

import argparse

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402 - their versions are chosen first


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", default="360x740")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--no-scripts", action="store_true")
    chosen = parser.parse_args()
    width, height = map(int, chosen.size.split("x"))

    look = Gtk.Settings.get_default()
    look.set_property("gtk-application-prefer-dark-theme", chosen.dark)
    look.set_property("gtk-enable-animations", False)

    settings = WebKit2.Settings()
    settings.set_enable_javascript(not chosen.no_scripts)
    settings.set_enable_page_cache(True)
    context = WebKit2.WebContext.new_ephemeral()
    context.set_automation_allowed(True)

    def new_view(_session: object) -> object:
        view = WebKit2.WebView(web_context=context, settings=settings, is_controlled_by_automation=True)
        window = Gtk.Window()
        window.set_decorated(False)
        window.set_default_size(width, height)
        view.set_size_request(100, 100)
        window.add(view)
        window.show_all()
        view.connect("close", lambda _view: window.destroy())
        return view

    def started(_context: object, session: WebKit2.AutomationSession) -> None:
        about = WebKit2.ApplicationInfo.new()
        about.set_name("MiniBrowser")  # what the driver asks for
        about.set_version(
            WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
        )
        session.set_application_info(about)
        session.connect("create-web-view", new_view)

    context.connect("automation-started", started)
    Gtk.main()


if __name__ == "__main__":
    main()
