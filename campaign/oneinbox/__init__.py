"""Stage 5, ask: the OneInbox API as typed verbs and one error tree. Home of httpx."""
