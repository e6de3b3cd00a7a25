"""Lineage in one SQLite file, queried in Gremlin, in process: no server, no Java.

`store`, `batch`, `codec` and `lookup` are plain SQLite; `connection` and all that it uses need gremlinpython.
"""
