"""The servers at either end: connect, speak, translate errors. A table's meaning is not known here."""
