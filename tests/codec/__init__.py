"""The hot path, against PyMySQL and Python as oracles."""
