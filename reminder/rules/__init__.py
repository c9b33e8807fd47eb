"""Decides: calendar, plan, quiet hours, protection, retries. Pure."""
