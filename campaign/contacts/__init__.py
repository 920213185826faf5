"""Stage 1, read: a list file in, contacts and rejected rows out. Home of pandas and phonenumbers."""
