"""What goes wrong with real FHIR servers, each as one small function with a name."""
