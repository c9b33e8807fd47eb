"""How a patient's decision becomes so in the EHR, in the style it allows."""
