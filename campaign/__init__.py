"""Batch outbound campaigns over the OneInbox voice-agent API."""

__version__ = "0.1.0"
