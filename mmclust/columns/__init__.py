"""Columns: what is known of each sample of a run, as one table that is coloured, charted, searched and asked by query.

`table.of(clustering)` gives the table, `query.select` the samples that a line of words or of SQL asks for.
"""
