"""Wires everything together; owns the clock, the scheduler and the process."""
