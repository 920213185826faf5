"""The promise under fault, counted: each suite here injects one kind of fault and judges what is left."""
