"""How one server is spoken to: TLS, credentials, pace, and where links may lead."""
