"""What an EHR tells us by itself, and how much of it is believed."""
