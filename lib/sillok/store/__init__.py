"""The store: SQLAlchemy tables on SQLite or MySQL, one code for both.

``open_store(url)`` gives a :class:`Store`; ``Store.migrate`` brings its tables to this version,
``Store.upsert`` writes facts so that the same row twice changes nothing and a changed row leaves its old value
in ``revision``.
"""

from sillok.store.alone import Hold
from sillok.store.engine import Store, open_store
from sillok.store.marks import Mark, read_marks, read_watermarks
from sillok.store.write import Written

__all__ = ["Hold", "Mark", "Store", "Written", "open_store", "read_marks", "read_watermarks"]
