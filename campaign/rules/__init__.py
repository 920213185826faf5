"""Stage 2, decide: may this person be called now, and what becomes of a row after a call.

Pure: no I/O, and the time is an argument.
"""
