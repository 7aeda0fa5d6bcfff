"""An AI first responder for salons and clinics, with honest timing built in."""

__version__ = "0.1.0"
