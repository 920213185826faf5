"""Stage 6, write: result rows in, the operator's own list with our columns beside it out."""
