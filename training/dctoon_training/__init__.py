"""Training side of dctoon: face models, data, teacher, student, export.

Nothing in this package is needed at run time by the bot; it produces the files in `models/`.
"""

__version__ = "0.1.0"
