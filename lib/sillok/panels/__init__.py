"""Live panels: a model that knows no widget, and views that hold no number.

Import the model from ``sillok.panels.explorer`` and its view from ``sillok.panels.view``: who needs the numbers
alone does not pay for the widgets.
"""

__all__: list[str] = []
