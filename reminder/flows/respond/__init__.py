"""What a patient does behind a link: who they are, what they see, what they decide."""
