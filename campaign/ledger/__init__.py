"""Stage 3, remember: the database that is the truth about every campaign. Home of SQLAlchemy.

`Ledger` opens it; the verbs are plain functions on a connection, in one module per noun, and the first line
of each verb's docstring is its guarantee. Writes go through the ledger's one writer.
"""
