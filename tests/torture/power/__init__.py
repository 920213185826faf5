"""Power cuts: the tap that records, the disk that forgets, what was promised by then, and the recording."""
