"""Pages: an executed notebook becomes a static page, and the pages an index.

The site is plain files: one style sheet, local fonts, no script, no address outside. A page that was refused
leaves the last good one up, with its age and the reason.
"""

from sillok.pages.index import build_index
from sillok.pages.publish import Published, hold, publish

__all__ = ["Published", "build_index", "hold", "publish"]
