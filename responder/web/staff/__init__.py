"""Pages and API for staff: recent dialogues with their stamps, leads, taking over and answering."""
