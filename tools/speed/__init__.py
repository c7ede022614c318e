"""How fast this is, side by side with an earlier commit."""
