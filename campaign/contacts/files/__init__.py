"""List files: bytes of unknown origin in, a header and numbered rows of text out.

Every cell is text, as the file or the spreadsheet shows it. A file that cannot be read without guessing is
refused with one line: what is wrong, where, what to do.
"""
