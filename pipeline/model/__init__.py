"""Values without I/O: windows, cursors, columns, names, markers."""
