"""Where Piccolo looks for the engine and the tables (PICCOLO_CONF=app.piccolo_conf, set by app/migrate.py)."""

from __future__ import annotations

from typing import Any

from piccolo.conf.apps import AppRegistry

from app import database

APP_REGISTRY = AppRegistry(apps=["app.piccolo_app"])


def __getattr__(name: str) -> Any:
    if name == "DB":
        return database.engine()
    raise AttributeError(name)
