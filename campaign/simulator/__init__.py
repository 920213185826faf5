"""The OneInbox API with synthetic people behind it, over real HTTP: for tests, rehearsals and the demo.

It shares no code with the client, so that it can be the judge of what the runner really did.
"""
