"""What Piccolo's migrations need to know of this application."""

from __future__ import annotations

from pathlib import Path

from piccolo.conf.apps import AppConfig

from app.domain.tables import TABLES
from migrations import APP_NAME

MIGRATIONS = Path(__file__).parents[2] / "migrations"

APP_CONFIG = AppConfig(
    app_name=APP_NAME,
    migrations_folder_path=str(MIGRATIONS),
    table_classes=list(TABLES),
    migration_dependencies=[],
    commands=[],
)
