"""The only room that speaks FHIR."""
