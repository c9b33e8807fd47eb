"""An EHR, a mailbox and a phone to try everything without anyone's credentials."""
