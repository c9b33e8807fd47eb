"""What an EHR can do, found out by trying before it is relied on."""
