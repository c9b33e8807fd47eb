"""The words for the patient: rendering, links, SMS segments, calendar files. Pure."""
