"""The command ``sillok``."""
