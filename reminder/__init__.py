"""Reminder: appointment reminders from a FHIR R4 EHR to a patient and back."""
