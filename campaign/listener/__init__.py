"""The listener: events of calls come in over HTTP, and become hints in the ledger for whichever run is on."""
