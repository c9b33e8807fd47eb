"""What patients send back as text messages: taken in, understood, acted on."""
