"""The hook: a command or a URL that is asked before each call. Nobody is dialled without its clear yes."""
