"""Tests of the web rooms that need no server."""
