"""What people open: patient pages, callbacks, health."""
