"""Text -> meaning, by rules: what a customer wants, when, what for, with whom, and how to reach them."""
