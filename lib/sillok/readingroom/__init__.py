"""The reading room: the published pages for a browser, and what is up and what ran as JSON. Nothing is written."""

from sillok.readingroom.app import create_app

__all__ = ["create_app"]
