"""One prompt over many rows: planned, within the limits of the service, and saved row by row."""
