"""Session files, notebook outputs, transcripts and exports."""
