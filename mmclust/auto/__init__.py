"""Decisions that need no label: preparation of views, where to start from, and what a clustering is worth.

All takes arrays and gives arrays; nothing here knows the name of a data set.
"""
