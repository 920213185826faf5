"""Stage 4, do: dial at the set pace, follow every call to its end. Home of anyio tasks and aiolimiter."""
