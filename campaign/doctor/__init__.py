"""The examination before a campaign: is everything there that its calls need? Nobody is called by it."""
