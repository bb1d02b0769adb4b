"""Where Piccolo looks for the engine and the tables (PICCOLO_CONF, which migrate.py sets, names it)."""

from __future__ import annotations

from typing import Any

from piccolo.conf.apps import AppRegistry

from app.postgres import database

APP_REGISTRY = AppRegistry(apps=["app.postgres.piccolo_app"])


def __getattr__(name: str) -> Any:
    if name == "DB":
        return database.engine()
    raise AttributeError(name)
