"""The store: SQLAlchemy tables on SQLite or MySQL, one code for both."""
