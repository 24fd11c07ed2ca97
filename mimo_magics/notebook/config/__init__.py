"""The settings store, profiles, and the settings of a project."""
