"""Bring the database of the settings to the newest tables; harmless where it already is."""

from sillok.settings import load_settings
from sillok.store import open_store

open_store(load_settings().database).migrate()
