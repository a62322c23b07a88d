"""Signed subject consent, Content Credentials and a public ledger for headshots.

Importing this loads neither the database nor the C2PA engine; the parts are modules of their own.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
