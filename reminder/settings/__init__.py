"""Settings: reminder.toml and the environment become one frozen, typed tree."""
