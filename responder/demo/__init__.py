"""The demo: simulated customers and operators who use a running responder through its HTTP doors alone."""
